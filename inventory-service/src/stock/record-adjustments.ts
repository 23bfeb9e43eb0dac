import type { Transaction } from '@shop/chassis/base/db/pool.ts';
import { stockAdjustedV1, stockDepletedV1 } from '@shop/chassis/contract/messages/inventory-service.ts';
import type { KeyedRequest } from '@shop/chassis/reliable/idempotency/keyed-request.ts';
import { addToOutbox, type OutboxRow, toOutboxRow } from '@shop/chassis/reliable/outbox/outbox-message.ts';
import { v7 as uuidv7 } from 'uuid';
import type { Product } from '../products/product.ts';
import type { Cause } from '../reservations/decide.ts';
import { type StoredAdjustment, saveAdjustments } from './stock.sql.ts';
import { isDepletion } from './stock-level.ts';

/** A change of the units on hand that was decided on, under the lock of its stock level. */
export interface DecidedAdjustment {
  keyed: KeyedRequest;
  reason: string;
  before: Product;
  after: Product;
}

/** Write changes of the units on hand, in this order, with the messages that report them. */
export async function recordAdjustments(
  trx: Transaction,
  decided: readonly DecidedAdjustment[],
  cause: Cause,
): Promise<void> {
  if (decided.length === 0) return;
  const adjustments = decided.map(({ keyed, before, after, reason }) => ({
    id: uuidv7(),
    delta: after.onHand - before.onHand,
    reason,
    clientId: keyed.clientId,
    key: keyed.key,
    fingerprint: keyed.fingerprint.bytes,
    before,
    after,
  }));
  const at = await saveAdjustments(trx, adjustments);
  await addToOutbox(
    trx,
    adjustments.flatMap((adjustment) => messagesOf(adjustment, cause, at)),
  );
}

function messagesOf(adjustment: StoredAdjustment & { before: Product }, cause: Cause, at: Date): OutboxRow[] {
  const { id, delta, reason, before, after } = adjustment;
  const { sku, onHand, reserved } = after;
  const context = { ...cause, occurredAt: at };
  const adjusted = { sku, delta, onHand, reserved, adjustmentId: id, reason, adjustedAt: at.toISOString() };
  const rows = [toOutboxRow(stockAdjustedV1, adjusted, context)];
  if (isDepletion(before, after)) {
    rows.push(toOutboxRow(stockDepletedV1, { sku, onHand, reserved, depletedAt: at.toISOString() }, context));
  }
  return rows;
}
