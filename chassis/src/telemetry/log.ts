import { destination, type Logger, pino, stdTimeFunctions } from 'pino';

export type { Logger } from 'pino';

// A reader of our output that stalls must not fill the memory: what does not fit any more is dropped.
const MAX_UNWRITTEN_BYTES = 4 * 1024 * 1024;

/**
 * JSON lines on standard output, written asynchronously: a line costs a request no system call.
 * Nothing personal is logged, and no idempotency key: whoever knows one can read its answer. (PostgreSQL's detail of a
 * refused row names its values.)
 */
export function createLogger(service: string, level: string): Logger {
  return pino(
    {
      level,
      base: { service, pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      messageKey: 'message',
      redact: ['err.detail'],
    },
    destination({ fd: 1, sync: false, minLength: 0, maxLength: MAX_UNWRITTEN_BYTES }),
  );
}
