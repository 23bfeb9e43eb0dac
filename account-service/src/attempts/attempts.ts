/**
 * Failed attempts to show a password are counted for 15 minutes: by account and address, and by address. Beyond the limits every
 * attempt is refused, with the right password and for an unknown mail address too, so that the answer shows nothing. By account
 * alone they are only slowed down: otherwise anyone could keep a person from signing in.
 *
 * An attempt counts before the password is compared, and is taken back if it was right. So many attempts at the same time are
 * not more guesses, and a process that dies in between leaves one failure too many.
 */
import { hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connections, Queryable } from '@shop/chassis/base/db/pool.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { overloaded } from '@shop/chassis/reliable/refusal.ts';
import { tooManyAttempts } from '../errors.ts';
import { countedPart } from './address.ts';
import { addFailures, type Failures, removeFailures, removeOldFailures, takeFailureBack } from './attempts.sql.ts';

const WINDOW_MS = 15 * 60_000;
/** A person tries a few passwords, and makes mistakes in each. */
const BY_ACCOUNT_AND_ADDRESS = 10;
/** People of an office share an address. */
const BY_ADDRESS = 100;
/** More than one person who forgot the password makes, from a phone and a laptop. */
const SLOW_FROM = 30;
const SLOW_MS = 1_000;
// Each of them holds a request open.
export const MAX_SLOWED = 20;

export interface Claim {
  /** The mail address that the account has, or would have. */
  email: string;
  /** Of the caller. */
  address: string;
}

/** An attempt that counts as a failure until it is taken back. */
export interface Attempt {
  keys: readonly Buffer[];
  at: Date;
}

/** Count an attempt; 429 `too-many-attempts` if there were too many failures. One that is refused does not count. */
export async function countAttempt(pool: Connections, { email, address }: Claim, now: Date): Promise<Attempt> {
  const keys = keysOf({ email, address });
  const isSlowed = await inTransaction(pool, async (trx) => {
    const since = new Date(Number(now) - WINDOW_MS);
    const failures = await addFailures(trx, Object.values(keys), { at: now, since, kept: BY_ADDRESS + 1 });
    const failedAt = (key: Buffer) => failures.find((one) => one.key.equals(key))?.failedAt ?? [];
    refuseBeyond(failedAt(keys.accountAndAddress), BY_ACCOUNT_AND_ADDRESS, now);
    refuseBeyond(failedAt(keys.address), BY_ADDRESS, now);
    return failedAt(keys.account).length > SLOW_FROM;
  });
  if (isSlowed) await slowDown();
  return { keys: Object.values(keys), at: now };
}

/** The attempt was no failure: the password was right, or was not compared. */
export async function takeBack(pool: Connections, { keys, at }: Attempt): Promise<void> {
  await inTransaction(pool, (trx) => takeFailureBack(trx, keys, at));
}

/** Forget the failures of an account: its password was reset. Those of addresses stay. */
export async function clearFailures(q: Queryable, email: string): Promise<void> {
  await removeFailures(q, accountKey(email));
}

/** Remove a batch of what does not count any more. Returns how many. */
export async function forgetOldFailures(q: Queryable, now: Date, limit: number): Promise<number> {
  return removeOldFailures(q, new Date(Number(now) - WINDOW_MS), limit);
}

function refuseBeyond(failedAt: Failures['failedAt'], limit: number, now: Date): void {
  if (failedAt.length <= limit) return;
  // The attempt that was just added is the last one. The next is possible when one of the others leaves the window.
  const leaves = Number(failedAt[failedAt.length - 1 - limit]) + WINDOW_MS;
  throw tooManyAttempts(Math.max(1, Math.ceil((leaves - Number(now)) / 1000)));
}

let slowed = 0;

async function slowDown(): Promise<void> {
  if (slowed >= MAX_SLOWED) throw overloaded();
  slowed += 1;
  try {
    await sleep(SLOW_MS);
  } finally {
    slowed -= 1;
  }
}

/** Keys of one account have a common prefix. */
function keysOf({ email, address }: Claim): Record<'account' | 'accountAndAddress' | 'address', Buffer> {
  const account = accountKey(email);
  const counted = digest('address', countedPart(address));
  return { account, accountAndAddress: Buffer.concat([account, counted]), address: counted };
}

function accountKey(email: string): Buffer {
  return digest('account', email.toLowerCase());
}

/** 128 bits of SHA-256. */
function digest(kind: string, text: string): Buffer {
  return hash('sha256', `${kind}:${text}`, 'buffer').subarray(0, 16);
}
