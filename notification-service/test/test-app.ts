import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as createNetServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Pool } from '@shop/chassis/base/db/pool.ts';
import { createRequestShare } from '@shop/chassis/base/db/request-share.ts';
import { createLogger } from '@shop/chassis/base/telemetry/log.ts';
import { createMetrics } from '@shop/chassis/base/telemetry/metrics.ts';
import { LOAD_LIMITS } from '@shop/chassis/edge/load-shedding/limits.ts';
import type { People } from '@shop/chassis/edge/people/people.ts';
import { startReplayCounter } from '@shop/chassis/reliable/idempotency/replay-counter.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { createLifecycle } from '@shop/chassis/service/lifecycle.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { closeServer } from '@shop/chassis/testing/close-server.ts';
import { createTestDatabase, type TestDatabase } from '@shop/chassis/testing/database.ts';
import { nobody } from '@shop/chassis/testing/token-issuer.ts';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { buildApp } from '../src/app.ts';
import { createMailContents } from '../src/mail/mail-content.ts';
import { createMailServer, type MailServerLimits } from '../src/mail/mail-server.ts';
import { withNotificationMetrics } from '../src/metrics.ts';
import type { Template } from '../src/notifications/notification.ts';
import { addNotifications } from '../src/notifications/notifications.sql.ts';
import { LEASE_SECONDS } from '../src/notifications/sender.ts';

export const GATEWAY_TOKEN = 'g'.repeat(32);
const KEYLESS_TOKEN = 'k'.repeat(32);
export const ACCOUNT_TOKEN = 'n'.repeat(32);
export const log = createLogger('notification-service', process.env.TEST_LOG_LEVEL ?? 'silent');

const migrationsDirectory = join(__dirname, '../migrations');

/** A database of notification-service's own. */
export function createNotificationDatabase(): Promise<TestDatabase> {
  return createTestDatabase('notification-service', migrationsDirectory);
}

// For what hangs: on a busy machine the limits of the service say nothing of the code.
const PATIENCE_MS = 60_000;

/** The HTTP side of a service in this process. */
export function startNotificationService(pool: Pool, people: People = nobody) {
  const metrics = createMetrics('notification-service', 'test');
  const replays = startReplayCounter(pool, log);
  const lifecycle = createLifecycle();
  lifecycle.enter('ready');
  const http = buildApp({
    pool,
    requestPool: createRequestShare({ pool, connections: 5, ...LOAD_LIMITS.databaseLine, maxWaitMs: PATIENCE_MS }),
    longestTurnMs: PATIENCE_MS,
    broker: { isConnected: () => true, differences: () => [] },
    lifecycle,
    metrics,
    log,
    version: 'test',
    replays,
    gatewayTokens: { keyed: [GATEWAY_TOKEN], keyless: [KEYLESS_TOKEN] },
    people,
    keyRetentionHours: 72,
    now: () => new Date(),
    wakeRelay: () => {},
  });
  return { http, stop: () => replays.stop() };
}

/** What account-service says of a mail that is needed. */
export const NEEDED = {
  needed: true,
  purpose: 'verification',
  audience: 'shop',
  email: 'ada@example.org',
  name: undefined as string | undefined,
  locale: 'en',
  token: 't0ken_-' as string | undefined,
  expiresAt: '2026-01-31T12:00:00.000Z',
};

/** The internal call of account-service, which answers by the mail's id. */
export async function startContents(answer: (mailId: string, req: IncomingMessage) => object | number) {
  const server = createServer((req, res) => {
    const said = answer(req.url?.split('/').at(-1) ?? '', req);
    if (typeof said === 'number') res.writeHead(said).end();
    else res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(said));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => closeServer(server));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A mail as a server got it. */
export interface Received {
  to: string[];
  raw: string;
}

/** An SMTP server that keeps what it takes, and can be scripted by the options of the library. */
export async function startSmtp(options: SMTPServerOptions = {}) {
  const received: Received[] = [];
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map(({ address }) => address);
        received.push({ to, raw: Buffer.concat(chunks).toString() });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => {}); // clients that break off
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  atEnd(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`, received };
}

/** A server that plays a script: what it says after each line of the client, until the dot. */
export async function startRawSmtp(play: (socket: Socket, line: string, said: string[]) => void) {
  const sockets = new Set<Socket>();
  const server = createNetServer((socket) => {
    sockets.add(socket);
    const said: string[] = [];
    let rest = '';
    socket.on('error', () => {});
    socket.write('220 test\r\n');
    socket.on('data', (chunk) => {
      const lines = (rest + chunk.toString()).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        said.push(line);
        play(socket, line, said);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What a polite server says to each line, up to the dot; `undefined` after the dot and within the mail. */
export function politeAnswer(line: string, said: readonly string[]): string | undefined {
  if (/^(EHLO|HELO)/.test(line)) return '250 test';
  if (/^(MAIL|RCPT)/.test(line)) return '250 ok';
  if (line === 'DATA') return '354 go on';
  if (line === 'QUIT') return '221 bye';
  return said.includes('DATA') ? undefined : '500 what';
}

const SHORT: MailServerLimits = { connectMs: 1_000, silenceMs: 1_000, totalMs: 5_000 };

/** What sending needs, on these servers. */
export function sendDeps(pool: Pool, urls: { smtp: string; contents: string }, limits: MailServerLimits = SHORT) {
  return {
    pool,
    contents: createMailContents({ urls: [urls.contents], token: ACCOUNT_TOKEN }),
    server: createMailServer(urls.smtp, limits),
    sender: { name: 'Shop', address: 'no-reply@shop.test' },
    publicUrl: 'https://shop.test',
    metrics: withNotificationMetrics(createMetrics('notification-service', 'test')),
    log,
    now: () => new Date(),
    leaseSeconds: LEASE_SECONDS,
  };
}

/** Queue a notification; returns its id. */
export async function queue(
  pool: Pool,
  template: Template = 'sign-up',
  eventId: string = randomUUID(),
): Promise<string> {
  const id = randomUUID();
  const recipient = '0195f0a0-1234-7000-8000-00000000000a';
  const names = { template, recipient, subjectId: randomUUID(), messageId: `<${id}@shop.test>`, correlationId: 'test' };
  await inTransaction(pool, (trx) => addNotifications(trx, [{ id, eventId, ...names }]));
  return id;
}

export interface Stored {
  state: string;
  reason: string | null;
  message_id: string;
  sent_again: boolean;
  deferrals: number;
  /** Seconds until it is due. */
  due: number | null;
  outcomes: (string | null)[];
}

/** A notification, with the outcomes of its attempts in order. */
export async function stored(pool: Pool, id: string): Promise<Stored> {
  const { rows } = await pool.query<Stored>(
    `SELECT state, reason, message_id, sent_again, deferrals, extract(epoch FROM due_at - now())::float AS due,
      ARRAY(SELECT outcome FROM attempts WHERE notification_id = n.id ORDER BY started_at) AS outcomes
    FROM notifications n WHERE id = $1`,
    [id],
  );
  if (!rows[0]) throw new Error(`there is no notification ${id}`);
  return rows[0];
}

/** Make everything due now, as if the time had passed. */
export async function makeDue(pool: Pool): Promise<void> {
  await pool.query('UPDATE notifications SET due_at = now() WHERE due_at IS NOT NULL');
}
