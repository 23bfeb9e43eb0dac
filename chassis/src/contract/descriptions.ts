/* Texts about this system in the OpenAPI documents of all services, and in the pages about them. */

export const SYSTEM = 'Orders and stock';
export const KEPT_FOR_EVER = 'even after that, an order or a stock adjustment is not created twice under one key.';
export const DEGRADED = 'or when queues have other arguments than declared. Orders still work.';
export const SUBJECT_OF_MESSAGE = 'Id of the order or reservation that the message is about';
export const SUBJECT_WANTED = 'Only dead letters about this order or reservation';
export const SUBJECTS_FOUND = 'To find those of one order, use `subjectId`.';
export const SUBJECT_OF_MISMATCH = 'Id of the order or reservation, or the SKU';
export const REPLAYED_ONLY =
  'A readable `reservation.release` or `reservation.fulfil` cannot be discarded, only replayed.';
