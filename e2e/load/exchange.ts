import { type Dispatcher, Pool } from 'undici';

export interface Exchange {
  status: number;
  /** The problem code of a response from 400, or the error code if there was no response. */
  code?: string;
  headers: Record<string, string | string[] | undefined>;
}

// Much longer than a response may take; a slower one counts as unanswered.
const GIVE_UP_MS = 15_000;

/** Connections to a process under load; unlimited by default. */
export function connect(target: string, connections: number | null = null): Pool {
  return new Pool(target, { headersTimeout: GIVE_UP_MS, bodyTimeout: GIVE_UP_MS, connections });
}

/** Uses undici's dispatch: a promise and a parsed body per request would cost more than the request. */
export function exchange(pool: Pool, request: Dispatcher.DispatchOptions): Promise<Exchange> {
  return new Promise((resolve) => {
    let status = 0;
    let headers: Exchange['headers'] = {};
    const chunks: Buffer[] = [];
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {},
      onResponseStart(_controller, statusCode, answered) {
        status = statusCode;
        headers = answered;
      },
      onResponseData(_controller, chunk) {
        if (status >= 400) chunks.push(chunk);
      },
      onResponseEnd() {
        const code = status >= 400 ? /"code":"([^"]+)"/.exec(Buffer.concat(chunks).toString())?.[1] : undefined;
        resolve({ status, code, headers });
      },
      onResponseError(_controller, error) {
        resolve({ status: 0, code: (error as NodeJS.ErrnoException).code ?? error.name, headers });
      },
    };
    pool.dispatch(request, handler);
  });
}
