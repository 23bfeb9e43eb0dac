import { z } from 'zod';

/**
 * Text of `min` to `max` characters (Unicode code points). Control characters are refused everywhere: a NUL passes
 * JSON and fails in PostgreSQL, and the rest corrupts logs and terminals. So are halves of surrogate pairs, which have
 * no UTF-8.
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

/** Text that a person can see: beside control characters, none that only format, hide or break lines. */
export function printable(min: number, max: number) {
  return text(min, max)
    .refine((value) => !/[\p{Cf}\p{Zl}\p{Zp}\p{Cn}]/u.test(value), 'Must be printable.')
    .meta({ minLength: min, maxLength: max, pattern: '^[^\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cn}]*$' });
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The id in lower case, or undefined when it is none; a path with such an id names nothing. */
export function asUuid(value: unknown): string | undefined {
  return typeof value === 'string' && UUID.test(value) ? value.toLowerCase() : undefined;
}
