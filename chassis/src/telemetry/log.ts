import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino';

export type { Logger } from 'pino';

// A reader of our output that stalls must not fill the memory: what does not fit any more is dropped.
const MAX_UNWRITTEN_BYTES = 4 * 1024 * 1024;
// Lines are collected, for a write costs more than all else about a line. A process that is killed loses those of this time.
const WRITTEN_AT_ONCE_BYTES = 8 * 1024;
const WRITTEN_WITHIN_MS = 100;

/**
 * JSON lines on standard output, written asynchronously: a line costs a request no system call.
 * Nothing personal is logged, and no idempotency key: whoever knows one can read its answer.
 */
export function createLogger(service: string, level: string, to: DestinationStream = standardOutput()): Logger {
  return pino(
    {
      level,
      base: { service, pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      messageKey: 'message',
      serializers: { err: (error: unknown) => describeError(error) },
    },
    to,
  );
}

function standardOutput(): DestinationStream {
  return destination({
    fd: 1,
    sync: false,
    minLength: WRITTEN_AT_ONCE_BYTES,
    periodicFlush: WRITTEN_WITHIN_MS,
    maxLength: MAX_UNWRITTEN_BYTES,
  });
}

// An error may be its own cause.
const DEEPEST_CAUSE = 3;

/**
 * What is told of an error is named here, for libraries hang onto it whatever they like: PostgreSQL's `detail` and `where`
 * name the values of a refused row, others keep the request with its headers, or the message.
 */
function describeError(error: unknown, depth = 0): object {
  if (typeof error !== 'object' || error === null) return { message: String(error) };
  const { name, message, code, constraint, table, routine, stack, cause, errors } = error as Record<string, unknown>;
  const inner = (one: unknown) => (depth < DEEPEST_CAUSE ? describeError(one, depth + 1) : undefined);
  return {
    ...{ type: name, message, code, constraint, table, routine, stack },
    cause: cause === undefined ? undefined : inner(cause),
    errors: Array.isArray(errors) ? errors.map(inner) : undefined,
  };
}
