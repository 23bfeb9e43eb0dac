/** A new `Idempotency-Key`: 128 random bits. Keep it with the thing to be done if that may be repeated after a restart. */
export function newKey(): string {
  // Not randomUUID: browsers have it on https only, and a test system may be http.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
