import type { Logger } from '../base/telemetry/log.ts';
import { throttled } from '../reliable/throttled.ts';

/** What the log tells of a request. Never its body, its headers or its key: whoever knows a key can read its answer. */
export interface RequestLine {
  traceId: string;
  requestId: string;
  clientId: string | undefined;
  method: string;
  route: string;
  status: number;
  seconds: number;
  /** The client went away before it had the answer. */
  aborted: true | undefined;
}

/** Why a request was not done. */
export interface Failure {
  code: string;
  error: unknown;
}

/**
 * One line per request: 5xx at error, for someone must act, and all others at info. Only a 500 is a bug, and worth its
 * stack.
 */
export function createRequestLog(log: Logger): (line: RequestLine, failure: Failure | undefined) => void {
  const logUnserved = oncePerSecond((line, { code, error }, others) =>
    log.error({ ...line, code, cause: String((error as Error).message), others }, 'request failed'),
  );
  return (line, failure) => {
    if (!failure) log.info(line, 'request');
    else if (line.status < 500) log.info({ ...line, code: failure.code }, 'request refused');
    else if (line.status === 500) log.error({ ...line, code: failure.code, err: failure.error }, 'request failed');
    else logUnserved(line, failure);
  };
}

/** One of each code in a second. */
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
