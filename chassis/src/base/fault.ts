/** An error that the user can fix: shown without a stack trace. */
export class Fault extends Error {}

/** An invalid option or argument; the message is one line for the user. */
export class UsageError extends Error {}
