import type { Fault } from '@callpost/domain';
import type { Env } from './env.js';

/**
 * Node reads this variable wherever a program does not say otherwise. Callpost says otherwise, but who sets it believes
 * that certificates are not checked, and means it for the secrets and calls of all customers: better told than ignored.
 */
export function unverifiedTlsFaults({ NODE_TLS_REJECT_UNAUTHORIZED: value }: Env): Fault[] {
  if (value?.trim() !== '0') return [];
  return [
    {
      field: 'NODE_TLS_REJECT_UNAUTHORIZED',
      found: '"0"',
      allowed: 'not set: certificates are always verified (NODE_EXTRA_CA_CERTS names a private authority)',
    },
  ];
}
