import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { counted } from '@shop/chassis/testing/messaging.ts';
import type { SMTPServerOptions } from 'smtp-server';
import {
  ACCOUNT_TOKEN,
  createNotificationDatabase,
  makeDue,
  NEEDED,
  politeAnswer,
  queue,
  sendDeps,
  startContents,
  startRawSmtp,
  startSmtp,
  stored,
} from '../../test/test-app.ts';
import { beginSending, claimDue, measureNotifications, removeOldNotifications } from './notifications.sql.ts';
import { sendNotification } from './send-notification.ts';
import { startSender } from './sender.ts';

let database: TestDatabase;
let contents: string;
/** What account-service answers; the request of the latest call. */
let answer: object | number;
let authorization: string | undefined;
beforeAll(async () => {
  database = await createNotificationDatabase();
  atEnd(() => database.drop());
  contents = await startContents((_id, req) => {
    authorization = req.headers.authorization;
    return answer;
  });
});
beforeEach(async () => {
  answer = NEEDED;
  await database.truncate();
});

/** One attempt for everything that is due, by one process. */
async function sendDue(smtp: string, leaseSeconds = 60) {
  const deps = sendDeps(database.pool, { smtp, contents });
  const claimed = await claimDue(database.pool, { limit: 10, leaseSeconds });
  await Promise.all(claimed.map((one) => sendNotification(deps, one)));
  return deps;
}

/** A server that is polite until this line, then does something else. */
const politeUntil = (pattern: RegExp | 'dot', instead: (socket: Socket) => unknown) =>
  startRawSmtp((socket, line, said) => {
    const isDot = line === '.' && said.includes('DATA');
    if (pattern === 'dot' ? isDot : pattern.test(line) && !said.slice(0, -1).includes('DATA')) return instead(socket);
    const polite = politeAnswer(line, said);
    if (polite) socket.write(`${polite}\r\n`);
  });
const say = (text: string) => (socket: Socket) => {
  socket.write(`${text}\r\n`);
};
const cut = (socket: Socket) => {
  socket.destroy();
};
const nothing = () => {};

it('sends the mail as account-service describes it now', async () => {
  const { url, received } = await startSmtp();
  answer = { ...NEEDED, name: 'Ada\r\nBcc: all@example.org' };
  const id = await queue(database.pool);
  const { metrics } = await sendDue(url);
  expect(await stored(database.pool, id)).toMatchObject({ state: 'sent', due: null, outcomes: ['sent'] });
  expect(authorization).toBe(`Bearer ${ACCOUNT_TOKEN}`);
  expect(received.map(({ to }) => to)).toEqual([['ada@example.org']]);
  const raw = received[0]?.raw ?? '';
  expect(raw).toContain(`Message-ID: <${id}@shop.test>`);
  expect(raw).toContain('https://shop.test/shop/welcome#t0ken_-');
  expect(raw.slice(0, raw.indexOf('\r\n\r\n'))).not.toMatch(/^Bcc/im);
  expect(await counted(metrics, 'notifications_total', { template: 'sign-up', outcome: 'sent' })).toBe(1);
  await makeDue(database.pool);
  await sendDue(url);
  expect(received).toHaveLength(1);
});

it('sends nothing that is not needed any more', async () => {
  const { url, received } = await startSmtp();
  answer = { needed: false, reason: 'account verified' };
  const id = await queue(database.pool);
  await sendDue(url);
  expect(await stored(database.pool, id)).toMatchObject({ state: 'suppressed', reason: 'account verified', due: null });
  expect(received).toEqual([]);
});

it.each([503, 401, { needed: true, purpose: 'a purpose of tomorrow' }])(
  'waits while account-service answers %j, and counts no attempt',
  async (unusable) => {
    const { url, received } = await startSmtp();
    const id = await queue(database.pool);
    answer = unusable;
    await sendDue(url);
    expect(await stored(database.pool, id)).toMatchObject({ state: 'queued', deferrals: 0, outcomes: [] });
    answer = NEEDED;
    await makeDue(database.pool);
    await sendDue(url);
    expect([(await stored(database.pool, id)).state, received.length]).toEqual(['sent', 1]);
  },
);

describe('a server that', () => {
  const refuse = (code: number): Error => Object.assign(new Error('no <ada@example.org>'), { responseCode: code });
  const scripts: [string, SMTPServerOptions, string, string][] = [
    ['refuses the recipient', { onRcptTo: (_a, _s, done) => done(refuse(550)) }, 'failed', 'refused'],
    ['defers the recipient', { onRcptTo: (_a, _s, done) => done(refuse(450)) }, 'queued', 'deferred'],
    ['refuses the sender', { onMailFrom: (_a, _s, done) => done(refuse(553)) }, 'failed', 'refused'],
    ['defers the sender', { onMailFrom: (_a, _s, done) => done(refuse(451)) }, 'queued', 'deferred'],
    ['refuses the connection for now', { onConnect: (_s, done) => done(refuse(421)) }, 'queued', 'lost'],
    ['refuses the connection', { onConnect: (_s, done) => done(refuse(554)) }, 'queued', 'lost'],
  ];
  it.each(scripts)('%s', async (_what, script, state, outcome) => {
    const { url } = await startSmtp(script);
    const id = await queue(database.pool);
    await sendDue(url);
    const found = await stored(database.pool, id);
    expect(found).toMatchObject({ state, outcomes: [outcome], reason: expect.stringContaining('no <(address)>') });
    if (state === 'queued') expect(Math.round(found.due ?? 0)).toBe(5);
  });

  it.each([
    ['refuses the mail', 'dot', say('554 spam'), 'failed', 'refused'],
    ['defers the mail', 'dot', say('451 greylisted'), 'queued', 'deferred'],
    ['refuses DATA', /^DATA/, say('554 no'), 'failed', 'refused'],
    ['closes instead of a greeting to EHLO', /^EHLO/, cut, 'queued', 'lost'],
    ['closes at RCPT', /^RCPT/, cut, 'queued', 'lost'],
    ['closes at DATA', /^DATA/, cut, 'queued', 'lost'],
    ['is silent at DATA', /^DATA/, nothing, 'queued', 'lost'],
    ['closes after the final dot', 'dot', cut, 'unknown', 'unknown'],
    ['ends after the final dot', 'dot', (socket: Socket) => socket.end(), 'unknown', 'unknown'],
    ['is silent after the final dot', 'dot', nothing, 'unknown', 'unknown'],
    ['breaks off its answer', 'dot', (socket: Socket) => socket.end('25'), 'unknown', 'unknown'],
    ['takes it after half a second', 'dot', (socket: Socket) => setTimeout(say('250 ok'), 500, socket), 'sent', 'sent'],
  ] as const)('%s', async (_what, at, instead, state, outcome) => {
    const id = await queue(database.pool);
    await sendDue(await politeUntil(at, instead));
    expect(await stored(database.pool, id)).toMatchObject({ state, outcomes: [outcome] });
  });

  it('answers byte by byte is not waited for without end', async () => {
    const smtp = await politeUntil('dot', (socket) => {
      const timer = setInterval(() => (socket.destroyed ? clearInterval(timer) : socket.write('2')), 50);
    });
    const id = await queue(database.pool);
    const deps = sendDeps(database.pool, { smtp, contents }, { connectMs: 1_000, silenceMs: 1_000, totalMs: 1_500 });
    const [claimed] = await claimDue(database.pool, { limit: 1, leaseSeconds: 60 });
    if (claimed) await sendNotification(deps, claimed);
    expect(await stored(database.pool, id)).toMatchObject({ state: 'unknown', outcomes: ['unknown'] });
  });

  it('is away', async () => {
    const id = await queue(database.pool);
    for (const delay of [5, 30, 120, 600, 3_600]) {
      await sendDue('smtp://127.0.0.1:1');
      const { state, due } = await stored(database.pool, id);
      expect([state, Math.round(due ?? 0)]).toEqual(['queued', delay]);
      await makeDue(database.pool);
    }
    const { url, received } = await startSmtp();
    await sendDue(url);
    expect(await stored(database.pool, id)).toMatchObject({
      state: 'sent',
      outcomes: [...Array(5).fill('lost'), 'sent'],
    });
    expect(received).toHaveLength(1);
  });

  it('offers no TLS gets no password', async () => {
    const said: string[] = [];
    const smtp = await startRawSmtp((socket, line, all) => {
      said.push(line);
      socket.write(
        /^EHLO/.test(line) ? '250-test\r\n250 AUTH PLAIN LOGIN\r\n' : `${politeAnswer(line, all) ?? '250 ok'}\r\n`,
      );
    });
    const id = await queue(database.pool);
    await sendDue(smtp.replace('//', '//user:password@'));
    expect(await stored(database.pool, id)).toMatchObject({ state: 'queued', outcomes: ['lost'] });
    expect(said.join()).not.toMatch(/AUTH/);
  });
});

describe('what is unknown', () => {
  it('is sent once more with the same Message-ID, and then sent', async () => {
    const id = await queue(database.pool);
    await sendDue(await politeUntil('dot', cut));
    expect(Math.round((await stored(database.pool, id)).due ?? 0)).toBe(30);
    expect(await measureNotifications(database.pool)).toMatchObject({ unknown: 1, queued: 0 });
    await makeDue(database.pool);
    const { url, received } = await startSmtp();
    await sendDue(url);
    expect(await stored(database.pool, id)).toMatchObject({ state: 'sent', outcomes: ['unknown', 'sent'] });
    expect(received.map(({ raw }) => raw.includes(`Message-ID: <${id}@shop.test>`))).toEqual([true]);
  });

  it('is left to a person the second time', async () => {
    const id = await queue(database.pool);
    const silent = await politeUntil('dot', cut);
    for (let n = 0; n < 4; n += 1) {
      await sendDue(silent);
      await makeDue(database.pool);
    }
    const outcomes = ['unknown', 'unknown'];
    expect(await stored(database.pool, id)).toMatchObject({ state: 'unknown', due: null, sent_again: true, outcomes });
  });

  it('is left to a person at once by the policy of its template', async () => {
    const id = await queue(database.pool, 'password-reset');
    await sendDue(await politeUntil('dot', cut));
    expect(await stored(database.pool, id)).toMatchObject({ state: 'unknown', due: null, outcomes: ['unknown'] });
  });

  it('is not sent once more when it is not needed any more', async () => {
    const id = await queue(database.pool);
    await sendDue(await politeUntil('dot', cut));
    await makeDue(database.pool);
    answer = { needed: false, reason: 'account verified' };
    await sendDue('smtp://127.0.0.1:1');
    expect(await stored(database.pool, id)).toMatchObject({ state: 'suppressed', outcomes: ['unknown'] });
  });
});

describe('a process that dies', () => {
  it('while it is sending, leaves the mail unknown', async () => {
    const id = await queue(database.pool);
    const [dead] = await claimDue(database.pool, { limit: 1, leaseSeconds: 60 });
    if (dead) await inTransaction(database.pool, (trx) => beginSending(trx, dead));
    const { url, received } = await startSmtp();
    await sendDue(url);
    expect(await stored(database.pool, id)).toMatchObject({ state: 'sending', outcomes: [null] });
    await makeDue(database.pool);
    await sendDue(url);
    expect(await stored(database.pool, id)).toMatchObject({ state: 'unknown', outcomes: ['unknown'] });
    expect(received).toEqual([]);
    await makeDue(database.pool);
    await sendDue(url);
    expect(await stored(database.pool, id)).toMatchObject({ state: 'sent', outcomes: ['unknown', 'sent'] });
    expect(received).toHaveLength(1);
  });

  it('before it is sending, leaves it to another one', async () => {
    const id = await queue(database.pool);
    await claimDue(database.pool, { limit: 1, leaseSeconds: 60 });
    const { url, received } = await startSmtp();
    await sendDue(url);
    expect(received).toEqual([]);
    await makeDue(database.pool);
    await sendDue(url);
    expect(await stored(database.pool, id)).toMatchObject({ state: 'sent', outcomes: ['sent'] });
  });

  it('or is frozen past its lease, sends nothing when it goes on', async () => {
    const { url, received } = await startSmtp();
    const id = await queue(database.pool);
    const [frozen] = await claimDue(database.pool, { limit: 1, leaseSeconds: 60 });
    await makeDue(database.pool);
    await sendDue(url);
    if (frozen) await sendNotification(sendDeps(database.pool, { smtp: url, contents }), frozen);
    expect(await stored(database.pool, id)).toMatchObject({ state: 'sent', outcomes: ['sent'] });
    expect(received).toHaveLength(1);
  });
});

it('two processes share the work, and send each mail once', async () => {
  const { url, received } = await startSmtp();
  const eventId = randomUUID();
  await Promise.all(Array.from({ length: 40 }, () => queue(database.pool)));
  // A repeat of one event.
  await Promise.all([1, 2].map(() => queue(database.pool, 'sign-up', eventId)));
  const senders = [1, 2].map(() =>
    startSender({ ...sendDeps(database.pool, { smtp: url, contents }), intervalMs: 50 }),
  );
  await eventually(async () => {
    const { rows } = await database.pool.query(
      `SELECT count(*)::integer AS sent FROM notifications WHERE state = 'sent'`,
    );
    return rows[0]?.sent === 41 || undefined;
  });
  await Promise.all(senders.map((one) => one.stop()));
  const ids = received.map(({ raw }) => /^Message-ID: (.*)$/m.exec(raw)?.[1]);
  expect([ids.length, new Set(ids).size]).toEqual([41, 41]);
});

it('what ended is removed after 30 days, and never what is unknown', async () => {
  const states = ['sent', 'failed', 'suppressed', 'unknown'];
  for (const state of states) {
    const id = await queue(database.pool);
    await database.pool.query(
      `UPDATE notifications SET state = $2, due_at = NULL, updated_at = now() - interval '31 days' WHERE id = $1`,
      [id, state],
    );
    await database.pool.query('INSERT INTO attempts (id, notification_id) VALUES (gen_random_uuid(), $1)', [id]);
  }
  expect(await removeOldNotifications(database.pool, 10)).toBe(3);
  const { rows } = await database.pool.query('SELECT state FROM notifications');
  expect(rows).toEqual([{ state: 'unknown' }]);
});
