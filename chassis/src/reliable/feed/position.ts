/** A place in a feed. */
export interface Position {
  /** The epoch whose database gave the number out. */
  readonly epoch: string;
  readonly number: number;
}

// Twelve hex digits, and a number below 10^15, which JavaScript represents exactly.
const FORM = /^([0-9a-f]{12})\.(0|[1-9][0-9]{0,14})$/;

/** The form of a position as text, for documents. */
export const POSITION_PATTERN = FORM.source;

/** `<epoch>.<number>`, the form in which clients keep it. */
export function toPositionText({ epoch, number }: Position): string {
  return `${epoch}.${number}`;
}

/** Undefined for a text that no feed has given out. */
export function fromPositionText(text: string): Position | undefined {
  const [, epoch, number] = FORM.exec(text) ?? [];
  return epoch === undefined ? undefined : { epoch, number: Number(number) };
}

/**
 * Whether the database has given this number out. `endsAt` is where the next epoch began, or the end of the log; undefined for an
 * epoch that the database does not have. What lies beyond was given out by a database that was replaced by an older copy. (Smaller
 * numbers than the first of an epoch are those of the epochs before, whose rows it has taken over.)
 */
export function isGivenOut({ number }: Position, endsAt: number | undefined): boolean {
  return endsAt !== undefined && number <= endsAt;
}
