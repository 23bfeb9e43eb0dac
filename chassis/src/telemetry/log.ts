import { destination, type Logger, pino, stdTimeFunctions } from 'pino';

export type { Logger } from 'pino';

/**
 * JSON lines on standard output, written asynchronously: a line costs a request no system call.
 * Nothing personal is logged; idempotency keys go through {@link abbreviateKey}.
 */
export function createLogger(service: string, level: string): Logger {
  return pino(
    { level, base: { service, pid: process.pid }, timestamp: stdTimeFunctions.isoTime, messageKey: 'message' },
    destination({ fd: 1, sync: false, minLength: 0 }),
  );
}

/** The first 8 characters of a key: enough to find its lines, too little to use it. */
export function abbreviateKey(key: string): string {
  return key.slice(0, 8);
}
