/* What the OpenAPI documents of all services say of this system in particular. */

export const KEPT_FOR_EVER = 'an order and an adjustment of stock are not made twice under one key even after that.';
export const DEGRADED = 'or has queues with other arguments: orders still work.';
export const SUBJECT_OF_MESSAGE = 'The order or reservation that the message speaks of';
export const SUBJECT_WANTED = 'Only what speaks of this order or reservation';
export const SUBJECTS_FOUND = '`subjectId` finds those of one order.';
export const SUBJECT_OF_MISMATCH = 'The order’s or reservation’s id, or the SKU';
export const REPLAYED_ONLY =
  'A `reservation.release` or `reservation.fulfil` that can be read cannot be discarded, only replayed.';
