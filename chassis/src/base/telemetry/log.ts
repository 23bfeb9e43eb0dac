import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { createLineOutput } from './line-output.ts';

export type { Logger } from 'pino';

const STANDARD_OUTPUT = 1;

/**
 * JSON lines on standard output, written asynchronously: a line costs a request no system call. Lines that cannot be
 * written are dropped; `onDrop` is called for each, and a line says how many they were when the output works again.
 * Nothing personal is logged, and no idempotency key: whoever knows one can read its answer.
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
