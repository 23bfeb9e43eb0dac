/** Something that the user can do something about: shown as it is, without a stack. */
export class Fault extends Error {}

/** A wrong option or argument; its message is one line for the user. */
export class UsageError extends Error {}
