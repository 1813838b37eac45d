export type ParsedJson = { readonly ok: true; readonly value: unknown } | { readonly ok: false };

/** Bytes that are not valid UTF-8 are no JSON (RFC 8259 §8.1), nor is a text that begins with a byte order mark. */
export function parseJson(bytes: Uint8Array): ParsedJson {
  try {
    return { ok: true, value: JSON.parse(UTF8.decode(bytes)) };
  } catch {
    return { ok: false };
  }
}

/** Null for what is not a JSON object, a list among them. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
