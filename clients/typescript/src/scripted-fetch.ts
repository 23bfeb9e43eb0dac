/** For tests: a `fetch` that gives these answers, one after the other, and keeps what it was asked. */

/** An answer, or what is done instead of one. */
export type Step = { status: number; body?: unknown; headers?: Record<string, string> } | Error | 'never';

/** What was sent. */
export interface Sent {
  method: string;
  url: string;
  key: string | null;
  apiKey: string | null;
  authorization: string | null;
  caller: string | null;
  credentials: RequestInit['credentials'];
  body: string | undefined;
}

/** After the last step, that one again. */
export function scriptedFetch(...steps: Step[]) {
  const sent: Sent[] = [];
  async function fetch(url: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    const { method = 'GET', body } = init;
    sent.push({
      method,
      url,
      key: headers.get('idempotency-key'),
      apiKey: headers.get('apikey'),
      authorization: headers.get('authorization'),
      caller: headers.get('x-caller'),
      credentials: init.credentials,
      body: body as string | undefined,
    });
    const step = steps[Math.min(sent.length, steps.length) - 1] ?? { status: 200 };
    if (step instanceof Error) throw step;
    if (step === 'never') {
      return new Promise((_, reject) => init.signal?.addEventListener('abort', () => reject(init.signal?.reason)));
    }
    const content = step.status === 204 ? null : JSON.stringify(step.body ?? {});
    return new Response(content, { status: step.status, headers: step.headers });
  }
  return { fetch, sent };
}
