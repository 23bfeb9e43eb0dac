import { z } from 'zod';

/**
 * Text of `min` to `max` characters (Unicode code points). Control characters are rejected: NUL is valid in JSON but not in
 * PostgreSQL, and the others corrupt logs and terminals. Lone surrogates are rejected too, because they cannot be encoded in
 * UTF-8.
 */
export function text(min: number, max: number) {
  return z
    .string()
    .refine((value) => value.isWellFormed() && !/\p{Cc}/u.test(value), 'Must not contain control characters.')
    .refine((value) => {
      const length = codePoints(value);
      return length >= min && length <= max;
    }, `Must have ${min} to ${max} characters.`)
    .meta({ minLength: min, maxLength: max, pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$' });
}

function codePoints(value: string): number {
  let count = 0;
  for (const _ of value) count += 1;
  return count;
}

/** Visible text: in addition to control characters, format characters and line separators are rejected. */
export function printable(min: number, max: number) {
  return text(min, max)
    .refine((value) => !/[\p{Cf}\p{Zl}\p{Zp}\p{Cn}]/u.test(value), 'Must be printable.')
    .meta({ minLength: min, maxLength: max, pattern: '^[^\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cn}]*$' });
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A UUID in lower case; undefined for any other value. */
export function asUuid(value: unknown): string | undefined {
  return typeof value === 'string' && UUID.test(value) ? value.toLowerCase() : undefined;
}
