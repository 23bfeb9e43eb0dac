import { type Answer, type Attempt, makePatience, repeatCause, repeatDelay, untilAnswered } from './gateway.ts';

const answered = (status: number, change: Partial<Answer> = {}): Attempt => ({
  answer: { status, replayed: false, retryAfterMs: 0, text: '', json: undefined, ...change },
  ms: 1,
});
const endless = makePatience(Number.POSITIVE_INFINITY);

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

  it('lets a rejected order stand', () => {
    expect(repeatCause(answered(409, { code: 'order-rejected' }))).toBeUndefined();
  });
});

describe('repeatDelay', () => {
  it('doubles up to 2 s', () => {
    expect([1, 2, 3, 10].map((count) => repeatDelay({ cause: 'lost' }, count))).toEqual([100, 200, 400, 2000]);
  });

  it('is at least what the system asks for', () => {
    expect(repeatDelay(answered(503, { retryAfterMs: 5000 }), 1)).toBe(5000);
    expect(repeatDelay(answered(503, { retryAfterMs: 1000 }), 10)).toBe(2000);
  });
});

describe('untilAnswered', () => {
  it('repeats until an answer stands, and counts the causes', async () => {
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

  it('gives up when patience is over', async () => {
    expect(await untilAnswered(async () => answered(503), makePatience(-1))).toBeUndefined();
  });
});

describe('patience', () => {
  it('starts anew with every progress, and once over stays over', () => {
    let now = 0;
    const patience = makePatience(100, () => now);
    now = 90;
    patience.progress();
    now = 180;
    expect(patience.isOver()).toBe(false);
    now = 191;
    expect(patience.isOver()).toBe(true);
    patience.progress();
    expect(patience.isOver()).toBe(true);
  });
});
