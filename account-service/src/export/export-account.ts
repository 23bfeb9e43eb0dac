/**
 * All that is known of a person, as JSON in pieces: an account may have more orders than fit into memory. Everything but the
 * orders after the first page is read at one moment; a transaction for all of them would hold a connection for as long as the
 * client reads. An order that is placed meanwhile is not in it, one that changes is in it once.
 */
import type { Connections, Queryable, Transaction } from '@shop/chassis/base/db/pool.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { toAccountView } from '../accounts/account.ts';
import { findAccount } from '../accounts/accounts.sql.ts';
import { toAddressView } from '../addresses/address.ts';
import { listAddresses } from '../addresses/addresses.sql.ts';
import { sessionEnded } from '../errors.ts';
import { listMails, listOrders, listSessions, type OrderRecord, readAccountTimes } from './export.sql.ts';

// Both are kept for a month at most, so nobody has more.
const MAX_RECORDS = 1_000;
// An order has up to 1,000 lines, some 100 bytes each: a page is a few MB at most.
const ORDERS_PER_PAGE = 50;

/** An export before its first byte is sent, so that it can still be refused. */
export interface BegunExport {
  accountId: string;
  /** The members before the orders. */
  known: object;
  firstOrders: OrderRecord[];
}

/** Read what an export begins with; 401 `session-ended` if the account was deleted. */
export function beginExport(pool: Connections, accountId: string, now: Date): Promise<BegunExport> {
  return inTransaction(pool, async (trx) => {
    await trx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    const known = await readKnown(trx, accountId, now);
    return { accountId, known, firstOrders: await listOrders(trx, accountId, { limit: ORDERS_PER_PAGE }) };
  });
}

async function readKnown(trx: Transaction, accountId: string, now: Date) {
  const account = await findAccount(trx, accountId);
  if (!account) throw sessionEnded();
  const { passwordChangedAt, ...times } = await readAccountTimes(trx, accountId);
  const sessions = await listSessions(trx, accountId, MAX_RECORDS);
  const mails = await listMails(trx, accountId, MAX_RECORDS);
  return {
    exportedAt: now,
    account: { ...toAccountView(account), ...times, passwordChangedAt: passwordChangedAt ?? undefined },
    addresses: (await listAddresses(trx, accountId)).map(toAddressView),
    sessions: sessions.map(({ endedAt, ...session }) => ({ ...session, endedAt: endedAt ?? undefined })),
    mails: mails.map(({ usedAt, ...mail }) => ({ ...mail, usedAt: usedAt ?? undefined })),
  };
}

/** The JSON of an export. A page of orders is read when the one before was taken. */
export async function* exportPieces(
  q: Queryable,
  { accountId, known, firstOrders }: BegunExport,
): AsyncGenerator<string> {
  yield `${JSON.stringify(known).slice(0, -1)},"orders":[`;
  let separator = '';
  for (let orders = firstOrders; orders.length > 0; ) {
    yield separator + orders.map(({ json }) => json).join(',');
    separator = ',';
    const before = orders.length === ORDERS_PER_PAGE ? orders.at(-1)?.id : undefined;
    orders = before ? await listOrders(q, accountId, { before, limit: ORDERS_PER_PAGE }) : [];
  }
  yield ']}';
}
