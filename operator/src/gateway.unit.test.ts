import { type Answer, type Attempt, makeProgressTimeout, repeatCause, repeatDelay, untilAnswered } from './gateway.ts';

const answered = (status: number, change: Partial<Answer> = {}): Attempt => ({
  answer: { status, replayed: false, retryAfterMs: 0, text: '', json: undefined, ...change },
  ms: 1,
});
const endless = makeProgressTimeout(Number.POSITIVE_INFINITY);

describe('repeatCause', () => {
  it.each([
    [{ cause: 'connection lost' }, 'connection lost'],
    [answered(500), '500'],
    [answered(503, { code: 'overloaded' }), '503 overloaded'],
    [answered(429), '429'],
    [answered(409, { code: 'request-in-progress' }), 'request-in-progress'],
  ])('repeats after %j', (attempt, cause) => {
    expect(repeatCause(attempt)).toBe(cause);
  });

  it.each([201, 202, 400, 401, 404, 422])('lets %d stand', (status) => {
    expect(repeatCause(answered(status))).toBeUndefined();
  });

  it('accepts a rejected order as final', () => {
    expect(repeatCause(answered(409, { code: 'order-rejected' }))).toBeUndefined();
  });
});

describe('repeatDelay', () => {
  it('doubles up to 2 s', () => {
    expect([1, 2, 3, 10].map((count) => repeatDelay({ cause: 'lost' }, count))).toEqual([100, 200, 400, 2000]);
  });

  it('is at least the Retry-After of the response', () => {
    expect(repeatDelay(answered(503, { retryAfterMs: 5000 }), 1)).toBe(5000);
    expect(repeatDelay(answered(503, { retryAfterMs: 1000 }), 10)).toBe(2000);
  });
});

describe('untilAnswered', () => {
  it('repeats until a response is final, and counts the causes', async () => {
    const script = [{ cause: 'connection lost' }, answered(502), answered(201)];
    const causes: string[] = [];
    const answer = await untilAnswered(
      async () => script.shift() ?? { cause: 'too many' },
      endless,
      (cause) => causes.push(cause),
    );
    expect(answer?.status).toBe(201);
    expect(causes).toEqual(['connection lost', '502']);
  });

  it('gives up after the timeout', async () => {
    expect(await untilAnswered(async () => answered(503), makeProgressTimeout(-1))).toBeUndefined();
  });
});

describe('the progress timeout', () => {
  it('restarts on progress, and is final once it is over', () => {
    let now = 0;
    const timeout = makeProgressTimeout(100, () => now);
    now = 90;
    timeout.progress();
    now = 180;
    expect(timeout.isOver()).toBe(false);
    now = 191;
    expect(timeout.isOver()).toBe(true);
    timeout.progress();
    expect(timeout.isOver()).toBe(true);
  });
});
