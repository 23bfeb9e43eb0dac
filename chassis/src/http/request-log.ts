import type { Logger } from '../telemetry/log.ts';

/** What the log tells of a request. Never its body, its headers or its key: whoever knows a key can read its answer. */
export interface RequestLine {
  traceId: string;
  requestId: string;
  clientId: string | undefined;
  orderId: string | undefined;
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

/**
 * One of each code in a second, with the number of `others` since the last: thousands of lines about an overload, or about
 * a database that is away, would only add to it.
 */
function oncePerSecond(log: (line: RequestLine, failure: Failure, others: number) => void) {
  const last = new Map<string, { at: number; others: number }>();
  return (line: RequestLine, failure: Failure) => {
    const known = last.get(failure.code);
    const now = performance.now();
    if (known && now - known.at < 1_000) {
      known.others += 1;
      return;
    }
    last.set(failure.code, { at: now, others: 0 });
    log(line, failure, known?.others ?? 0);
  };
}
