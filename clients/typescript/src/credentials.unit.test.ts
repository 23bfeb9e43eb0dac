import { createClient } from './client.ts';
import { isRefusal, RefusedError } from './errors.ts';
import { type Step, scriptedFetch } from './scripted-fetch.ts';
import type { ClientSettings } from './settings.ts';

const ended: Step = { status: 401, body: { code: 'not-signed-in' } };
const order: Step = { status: 200, body: { id: 'o' } };

function clientWith(steps: Step[], settings: Partial<ClientSettings>) {
  const { fetch, sent } = scriptedFetch(...steps);
  return { client: createClient({ baseUrl: 'http://shop.test', fetch, ...settings }), sent };
}

/** Tokens 1, 2, 3 … */
function tokens() {
  let given = 0;
  return async () => {
    given += 1;
    return `token-${given}`;
  };
}

describe('an access token', () => {
  it('is sent with the kind of its caller, and without cookies', async () => {
    const { client, sent } = clientWith([order], { accessToken: 'a', caller: 'staff' });
    await client.orders.get('o');
    expect(sent[0]).toMatchObject({ authorization: 'Bearer a', caller: 'staff', credentials: 'omit', apiKey: null });
  });

  it('is of a shopper if nothing else is said', async () => {
    const { client, sent } = clientWith([order], { accessToken: 'a' });
    await client.orders.get('o');
    expect(sent[0]?.caller).toBe('shopper');
  });

  it('is asked for once, and again after it has ended', async () => {
    const { client, sent } = clientWith([order, order, ended, order, order], { accessToken: tokens() });
    for (let count = 0; count < 4; count += 1) await client.orders.get('o');
    expect(sent.map(({ authorization }) => authorization?.at(-1))).toEqual(['1', '1', '1', '2', '2']);
  });

  it('is renewed within a write, which keeps its key', async () => {
    const { client, sent } = clientWith([ended, order], { accessToken: tokens() });
    await client.orders.cancel('o');
    expect(sent).toHaveLength(2);
    expect(sent[1]?.key).toBe(sent[0]?.key);
  });

  it('is renewed once for calls that were refused at the same time', async () => {
    const { client, sent } = clientWith([ended, ended, ended, order], { accessToken: tokens() });
    await Promise.all(['a', 'b', 'c'].map((id) => client.orders.get(id)));
    expect(sent.map(({ authorization }) => authorization?.at(-1))).toEqual(['1', '1', '1', '2', '2', '2']);
  });

  it.each([
    ['a text', 'fixed'],
    ['the same again', () => 'fixed'],
  ])('that is %s is not tried twice', async (_, accessToken) => {
    const { client, sent } = clientWith([ended], { accessToken });
    expect(isRefusal(await client.orders.get('o').catch((error) => error), 'not-signed-in')).toBe(true);
    expect(sent).toHaveLength(1);
  });

  it('is not renewed for another refusal', async () => {
    const { client, sent } = clientWith([{ status: 401, body: { code: 'session-ended' } }], { accessToken: tokens() });
    await expect(client.orders.get('o')).rejects.toBeInstanceOf(RefusedError);
    expect(sent).toHaveLength(1);
  });

  it('that is refused itself ends the call', async () => {
    const problem = { status: 401, title: 'Session ended', code: 'session-ended' };
    const accessToken = () => {
      throw new RefusedError({ request: 'POST /sessions/refresh', outcome: 'refused', attempts: 1, problem });
    };
    const { client, sent } = clientWith([order], { accessToken });
    await expect(client.orders.get('o')).rejects.toMatchObject({ code: 'session-ended', request: 'GET /orders/o' });
    expect(sent).toEqual([]);
  });

  it('is asked for again when that failed', async () => {
    const answers = [new Error('away'), 'a'];
    const accessToken = async () => {
      const answer = answers.shift();
      if (typeof answer !== 'string') throw answer;
      return answer;
    };
    const { client, sent } = clientWith([order], { accessToken });
    await client.orders.get('o');
    expect(sent).toHaveLength(1);
  });
});

describe('a page', () => {
  it('sends its cookies and who calls', async () => {
    const { client, sent } = clientWith([order], { caller: 'staff' });
    await client.orders.get('o');
    expect(sent[0]).toMatchObject({ caller: 'staff', credentials: 'same-origin', authorization: null });
  });

  it('renews its cookies once for calls that were refused at the same time', async () => {
    const { client, sent } = clientWith([ended, ended, { status: 200 }, order], { caller: 'staff' });
    await Promise.all(['a', 'b'].map((id) => client.orders.get(id)));
    expect(sent.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
      'GET /orders/a',
      'GET /orders/b',
      'POST /sessions/refresh',
      'GET /orders/a',
      'GET /orders/b',
    ]);
    expect(sent[2]).toMatchObject({ caller: 'staff', credentials: 'same-origin', key: null });
  });

  it('is refused when its session has ended', async () => {
    const { client, sent } = clientWith([ended], { caller: 'staff' });
    expect(isRefusal(await client.orders.get('o').catch((error) => error), 'not-signed-in')).toBe(true);
    expect(sent).toHaveLength(2);
  });

  it('goes on when the session can be renewed again', async () => {
    const { client, sent } = clientWith([ended, new Error('lost'), ended, { status: 200 }, order], { caller: 'staff' });
    await client.orders.get('o');
    expect(sent).toHaveLength(5);
  });
});

it('credentials that no header can carry are refused at once', () => {
  expect(() => clientWith([], { apiKey: 'a\nb' })).toThrow('invalid');
});

it('a machine leaves cookies to fetch', async () => {
  const { client, sent } = clientWith([order], { apiKey: 'secret' });
  await client.orders.get('o');
  expect(sent[0]).toMatchObject({ apiKey: 'secret', caller: null, credentials: undefined });
});

describe('sessions', () => {
  const session: Step = { status: 201, body: { account: { id: 'a' }, accessToken: 'a', refreshToken: 'r' } };

  it('are opened without a key or a token, and again after a lost answer', async () => {
    const { client, sent } = clientWith([new Error('lost'), session], { caller: 'shopper', accessToken: tokens() });
    const { refreshToken } = await client.sessions.signIn({ email: 'a@example.org', password: 'p', bearer: true });
    expect(refreshToken).toBe('r');
    expect(sent).toHaveLength(2);
    expect(sent[1]).toMatchObject({ caller: 'shopper', authorization: null, key: null, credentials: 'omit' });
  });

  it('are not renewed when the password is wrong', async () => {
    const { client, sent } = clientWith([{ status: 401, body: { code: 'invalid-credentials' } }], { caller: 'staff' });
    const failure = await client.sessions.signIn({ email: 'a@example.org', password: 'p' }).catch((error) => error);
    expect(isRefusal(failure, 'invalid-credentials')).toBe(true);
    expect(sent).toHaveLength(1);
  });

  it('are refreshed by cookie, or by the token of an app', async () => {
    const { client, sent } = clientWith([session], { caller: 'staff' });
    await client.sessions.refresh();
    await client.sessions.refresh({ refreshToken: 'r' });
    expect(sent.map(({ body, credentials }) => [body, credentials])).toEqual([
      [undefined, 'same-origin'],
      ['{"refreshToken":"r"}', 'same-origin'],
    ]);
  });

  it('are ended, here or everywhere, by an answer without content', async () => {
    const { client, sent } = clientWith([new Error('lost'), { status: 204 }], { caller: 'staff' });
    expect(await client.sessions.signOut()).toBeUndefined();
    await client.sessions.signOutEverywhere();
    const paths = ['/sessions/current', '/sessions/current', '/sessions'].map((path) => `DELETE ${path}`);
    expect(sent.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual(paths);
  });
});
