import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { RefusedError } from '../reliable/refusal.ts';
import { validationFailed } from './body.ts';

/** `limit` of every list: 1 to 100, default 50. */
export const limit = z
  .string()
  .regex(/^[1-9][0-9]{0,2}$/, 'Must be a whole number from 1 to 100.')
  .transform(Number)
  .refine((value) => value <= 100, 'Must be a whole number from 1 to 100.')
  .default(50)
  // In the OpenAPI document, the parameter is an integer, not a string of digits.
  .meta({
    type: 'integer',
    minimum: 1,
    maximum: 100,
    default: 50,
    pattern: undefined,
    description: 'Maximum number of items in a page',
  });

/** `cursor` of every list; {@link positionIn} checks that the list returned it. */
export const cursor = z
  .string()
  .max(500)
  .optional()
  .meta({ description: '`nextCursor` of the previous page, with the same filters' });

/**
 * An opaque cursor for the place after `position`. `scope` identifies the list and its filters. The checksum binds the cursor to
 * them, so that a modified cursor, or one from another list, is rejected instead of misread.
 */
export function toCursor(scope: string, position: string): string {
  return Buffer.from(`${checksum(scope, position)}${position}`).toString('base64url');
}

/** The position in a cursor; `validation-failed` if this list has not returned it. */
export function fromCursor(scope: string, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const decoded = Buffer.from(cursor, 'base64url').toString('utf8');
  const position = decoded.slice(CHECKSUM_DIGITS);
  if (toCursor(scope, position) !== cursor) throw cursorRefused();
  return position;
}

/** The start of a page. The checksum of a cursor is not secret, so the position is validated. */
export function positionIn(scope: string, cursor: string | undefined, position: z.ZodType<string>): string | undefined {
  const text = fromCursor(scope, cursor);
  if (text === undefined || position.safeParse(text).success) return text;
  throw cursorRefused();
}

/** A page of what was found with one more than `limit`: the one more says that there is a next page. */
export function toPage<Item>(
  found: readonly Item[],
  limit: number,
  scope: string,
  positionOf: (last: Item) => string,
): { items: Item[]; nextCursor?: string } {
  const items = found.slice(0, limit);
  const last = found.length > limit ? items.at(-1) : undefined;
  return { items, nextCursor: last && toCursor(scope, positionOf(last)) };
}

function cursorRefused(): RefusedError {
  return validationFailed([
    { pointer: '/cursor', detail: 'This cursor was not returned by this list with these filters.' },
  ]);
}

const CHECKSUM_DIGITS = 12;
function checksum(scope: string, position: string): string {
  return createHash('sha256').update(`${scope}\n${position}`).digest('hex').slice(0, CHECKSUM_DIGITS);
}
