import type { Fault } from '@callpost/domain';
import { SIGNATURE_HEADER } from '@callpost/signature';

/** A request that Re:amaze would turn away, and what it is told. */
export interface Refusal {
  readonly status: number;
  readonly answer: { readonly error: string; readonly errors?: Readonly<Record<string, string>> };
}

export const SIGNATURE_MISSING: Refusal = {
  status: 401,
  answer: { error: `${SIGNATURE_HEADER} is missing` },
};

export const SIGNATURE_WRONG: Refusal = {
  status: 401,
  answer: { error: `${SIGNATURE_HEADER} is not the signature of this body with the secret of its channel` },
};

export const NOT_JSON: Refusal = { status: 400, answer: { error: 'the body is not JSON' } };

export const NOT_AN_OBJECT: Refusal = { status: 400, answer: { error: 'the body is not a JSON object' } };

export function breaksDocument(faults: readonly Fault[]): Refusal {
  return {
    status: 422,
    answer: {
      error: 'the call event breaks the document of custom voice channels',
      errors: Object.fromEntries(
        faults.map(({ field, found, allowed }) => [field, `found ${found}; allowed: ${allowed}`]),
      ),
    },
  };
}
