import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { createLineOutput } from './line-output.ts';

export type { Logger } from 'pino';

const STANDARD_OUTPUT = 1;

/**
 * JSON lines on standard output, written asynchronously, so that a request makes no system call for its line. Lines that cannot
 * be written are dropped; `onDrop` is called for each, and their number is logged when the output works again. No personal data
 * and no idempotency keys are logged: a key gives access to its stored response.
 */
export function createLogger(
  service: string,
  level: string,
  { onDrop, to }: { onDrop?: () => void; to?: DestinationStream } = {},
): Logger {
  const onRecovered = (lines: number) => log.warn({ lines }, 'log lines were dropped: the output could not be written');
  const log = pino(
    {
      level,
      base: { service, pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      messageKey: 'message',
      serializers: { err: (error: unknown) => describeError(error) },
    },
    to ?? createLineOutput(STANDARD_OUTPUT, { onDrop, onRecovered }),
  );
  return log;
}

// Limits nesting, because an error may be its own cause.
const DEEPEST_CAUSE = 3;

/**
 * Only these properties of an error are logged, because libraries add sensitive ones: PostgreSQL's `detail` and `where` contain
 * values of rows, and others contain the request with its headers, or the message.
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
