import type { Logger } from '../base/telemetry/log.ts';
import { throttled } from '../reliable/throttled.ts';

/** The logged fields of a request. Never its body, its headers or its key: a key gives access to its stored response. */
export interface RequestLine {
  traceId: string;
  requestId: string;
  clientId: string | undefined;
  method: string;
  route: string;
  status: number;
  seconds: number;
  /** The client disconnected before it had the whole response. */
  aborted: true | undefined;
}

/** Why a request failed. */
export interface Failure {
  code: string;
  error: unknown;
}

/**
 * One line per request: 5xx at level error, because someone must act, and all others at info. Only a 500, which is a bug, is
 * logged with its stack.
 */
export function createRequestLog(log: Logger): (line: RequestLine, failure: Failure | undefined) => void {
  const logUnavailable = oncePerSecond((line, { code, error }, others) =>
    log.error({ ...line, code, cause: String((error as Error).message), others }, 'request failed'),
  );
  return (line, failure) => {
    if (!failure) log.info(line, 'request');
    else if (line.status < 500) log.info({ ...line, code: failure.code }, 'request refused');
    else if (line.status === 500) log.error({ ...line, code: failure.code, err: failure.error }, 'request failed');
    else logUnavailable(line, failure);
  };
}

/** At most one line per code and second. */
function oncePerSecond(log: (line: RequestLine, failure: Failure, others: number) => void) {
  const ofCode = new Map<string, (line: RequestLine, failure: Failure) => void>();
  return (line: RequestLine, failure: Failure) => {
    const known = ofCode.get(failure.code);
    const write =
      known ?? throttled(1_000, (others, line: RequestLine, failure: Failure) => log(line, failure, others));
    if (!known) ofCode.set(failure.code, write);
    write(line, failure);
  };
}
