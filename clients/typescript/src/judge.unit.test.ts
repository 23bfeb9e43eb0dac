import { judge, readRetryAfter, speaksForTheKey } from './judge.ts';

const answered = (status: number, body?: unknown, retryAfter: string | null = null) =>
  judge({ status, retryAfter, text: typeof body === 'string' ? body : JSON.stringify(body ?? {}) }, 0);

describe('judge', () => {
  it.each([200, 201])('takes %d as done', (status) => {
    expect(answered(status, { id: 'o' })).toEqual({ kind: 'done', body: { id: 'o' } });
  });

  it('takes 202 as pending, until when the service asks', () => {
    expect(answered(202, { id: 'o' }, '1')).toEqual({ kind: 'pending', body: { id: 'o' }, retryAfterMs: 1_000 });
  });

  it.each([400, 401, 403, 404, 413, 415, 422])('takes %d as a refusal', (status) => {
    expect(answered(status, { code: 'x', title: 'No' })).toEqual({
      kind: 'refused',
      problem: { status, code: 'x', title: 'No' },
    });
  });

  it('takes an order that was rejected as a refusal', () => {
    expect(answered(409, { code: 'order-rejected' }).kind).toBe('refused');
  });

  it.each([
    [409, { code: 'request-in-progress' }, false],
    [500, { code: 'internal' }, false],
    [502, {}, false],
    [503, { code: 'unavailable' }, false],
    [504, 'timed out', false],
    [408, {}, false],
    // These two alone say that nothing was done.
    [503, { code: 'overloaded' }, true],
    [429, {}, true],
  ])('repeats after %d %j; done nothing: %s', (status, body, isNotDone) => {
    expect(answered(status, body, '2')).toMatchObject({ kind: 'repeat', isNotDone, retryAfterMs: 2_000 });
  });

  it.each(['', '{"id": "o', '<html>Sign in to the network</html>'])('repeats after a success with %j', (text) => {
    expect(answered(201, text)).toMatchObject({ kind: 'repeat', isNotDone: false });
  });

  it('shows a refusal of something in between, which is no problem document', () => {
    expect(answered(403, '<h1>Blocked</h1>')).toEqual({
      kind: 'refused',
      problem: { status: 403, title: '<h1>Blocked</h1>' },
    });
  });

  it('takes what the call accepts as done', () => {
    const answer = { status: 503, retryAfter: null, text: '{"status":"down"}' };
    expect(judge(answer, 0, (status) => status === 503)).toEqual({ kind: 'done', body: { status: 'down' } });
  });
});

it.each([
  [409, 'order-rejected', true],
  [422, 'idempotency-key-reused', true],
  [401, undefined, false],
  [403, undefined, false],
  [404, 'order-not-found', false],
  [400, 'validation-failed', false],
  [409, undefined, false],
])('a %d %s speaks for the key: %s', (status, code, speaks) => {
  expect(speaksForTheKey({ status, title: '', code })).toBe(speaks);
});

it.each([
  [null, 0],
  ['3', 3_000],
  ['Thu, 01 Jan 1970 00:00:05 GMT', 4_000],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['soon', 0],
  ['-1', 0],
])('Retry-After %j means %d ms', (header, ms) => {
  expect(readRetryAfter(header, 1_000)).toBe(ms);
});
