/**
 * One attempt to send a claimed notification. Every change is guarded by the claim, so a process that was frozen past its lease
 * changes nothing.
 *
 *   dies before `sending` is committed   the lease ends, and another process begins anew: nothing was sent
 *   dies after it                        the lease ends, and it is unknown
 *   the outcome cannot be stored         tried until the lease ends, then it is unknown
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connections, Queryable } from '@shop/chassis/base/db/pool.ts';
import type { Logger } from '@shop/chassis/base/telemetry/log.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import type { Sender } from '../config.ts';
import { composeMail } from '../mail/compose-mail.ts';
import type { MailContents, NeededMail } from '../mail/mail-content.ts';
import { type MailServer, NoSessionError } from '../mail/mail-server.ts';
import type { NotificationMetrics } from '../metrics.ts';
import { renderAccountMail } from '../templates/account-mails.ts';
import { afterAttempt, type Delivery } from './notification.ts';
import {
  beginSending,
  type Claimed,
  endAbandonedAttempts,
  endAttempt,
  postpone,
  recordAttempt,
  suppress,
} from './notifications.sql.ts';

export interface SendDeps {
  pool: Connections & Queryable;
  contents: MailContents;
  server: MailServer;
  sender: Sender;
  publicUrl: string;
  metrics: NotificationMetrics;
  log: Logger;
  now: () => Date;
  leaseSeconds: number;
}

// Nothing was attempted, so it does not count.
const CONTENT_AGAIN_AFTER_SECONDS = 15;

/** Send a claimed notification, or decide what follows from an attempt of a process that died. */
export async function sendNotification(deps: SendDeps, claimed: Claimed): Promise<void> {
  if (claimed.state === 'sending') {
    await conclude(deps, claimed, { outcome: 'unknown', detail: 'the process that was sending it died' });
    return;
  }
  const mail = await contentOf(deps, claimed);
  if (mail) await attempt(deps, claimed, mail);
}

/** Undefined if it is not to be sent now. */
async function contentOf(deps: SendDeps, claimed: Claimed): Promise<NeededMail | undefined> {
  const { contents, pool, metrics, log } = deps;
  try {
    const content = await contents.read(claimed.subjectId);
    if (content.needed) return content;
    if (await suppress(pool, claimed, content.reason)) {
      metrics.notificationsTotal.of(claimed.template, 'suppressed').inc();
      log.info({ notificationId: claimed.id, reason: content.reason }, 'notification suppressed');
    }
  } catch (error) {
    log.warn({ err: error, notificationId: claimed.id }, 'could not read the content of a notification');
    await postpone(pool, claimed, CONTENT_AGAIN_AFTER_SECONDS);
  }
  return undefined;
}

async function attempt(deps: SendDeps, claimed: Claimed, content: NeededMail): Promise<void> {
  const { server, sender, publicUrl, pool, now } = deps;
  const raw = await composeMail(
    {
      ...renderAccountMail(content, publicUrl),
      messageId: claimed.messageId,
      from: sender,
      to: { name: content.name, address: content.email },
    },
    now(),
  );
  const session = await server.open().catch((error: unknown) => {
    if (error instanceof NoSessionError) return error;
    throw error;
  });
  if (session instanceof NoSessionError) {
    await conclude(deps, claimed, { outcome: 'lost', detail: session.message });
    return;
  }
  try {
    if (!(await inTransaction(pool, (trx) => beginSending(trx, claimed)))) return;
    const sentAgain = claimed.sentAgain || claimed.state === 'unknown';
    const delivery = await session.send({ from: sender.address, to: content.email }, raw);
    await conclude(deps, { ...claimed, sentAgain }, delivery);
  } finally {
    session.close();
  }
}

/** Store what an attempt led to. The mail may have been sent, so a database that is away is asked again until the lease ends. */
async function conclude(deps: SendDeps, claimed: Claimed, delivery: Delivery): Promise<void> {
  const next = afterAttempt(claimed, delivery);
  const until = performance.now() + deps.leaseSeconds * 1_000;
  const isStored = await untilStored(until, deps.log, () =>
    inTransaction(deps.pool, async (trx) => {
      if (!(await endAttempt(trx, claimed, next))) return false;
      if (claimed.state === 'sending') await endAbandonedAttempts(trx, claimed, delivery.detail);
      else await recordAttempt(trx, claimed, delivery);
      return true;
    }),
  );
  const { id: notificationId, template, messageId, correlationId } = claimed;
  const about = { notificationId, template, messageId, correlationId, detail: delivery.detail };
  if (!isStored) {
    deps.log.warn({ ...about, outcome: delivery.outcome }, 'another process has taken the notification over');
    return;
  }
  const isOver = next.state === 'sent' || next.state === 'failed' || next.state === 'unknown';
  deps.metrics.notificationsTotal.of(template, isOver ? next.state : delivery.outcome).inc();
  if (next.state === 'sent') deps.log.info(about, 'notification sent');
  else if (isOver) deps.log.error({ ...about, dueInSeconds: next.dueInSeconds }, `notification ${next.state}`);
  else deps.log.warn({ ...about, dueInSeconds: next.dueInSeconds }, 'notification deferred');
}

async function untilStored(until: number, log: Logger, store: () => Promise<boolean>): Promise<boolean> {
  for (;;) {
    try {
      return await store();
    } catch (error) {
      if (performance.now() > until) throw error;
      log.warn({ err: error }, 'could not store the outcome of a notification');
      await sleep(1_000);
    }
  }
}
