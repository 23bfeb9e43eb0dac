import type { Transaction } from '@shop/chassis/base/db/pool.ts';
import { stockAdjustedV1, stockDepletedV1 } from '@shop/chassis/contract/messages/inventory-service.ts';
import { validationFailed } from '@shop/chassis/edge/body.ts';
import type { KeyedRequest } from '@shop/chassis/reliable/idempotency/keyed-request.ts';
import { addToOutbox, toOutboxRow } from '@shop/chassis/reliable/outbox/outbox-message.ts';
import { v7 as uuidv7 } from 'uuid';
import { productNotFound } from '../errors.ts';
import type { Product } from '../products/product.ts';
import { lockProduct } from '../products/products.sql.ts';
import type { Cause } from '../reservations/decide.ts';
import { findAdjustment, saveAdjustment } from './stock.sql.ts';
import { adjust, isDepletion } from './stock-level.ts';

export interface AdjustmentRequest {
  sku: string;
  delta: number;
  reason: string;
}

export type AdjustOutcome =
  | { kind: 'adjusted'; product: Product }
  /** Done before under this key, whose row is past its retention. */
  | { kind: 'adjusted-before'; product: Product }
  | { kind: 'insufficient-stock'; available: number };

/** Adjust the units on hand, once per key, without a time limit. */
export async function adjustStock(
  trx: Transaction,
  request: AdjustmentRequest,
  keyed: KeyedRequest,
  cause: Cause,
): Promise<AdjustOutcome> {
  // The caller has claimed the key and compared fingerprints, so this is the same request, and it is not running elsewhere.
  const earlier = await findAdjustment(trx, keyed.clientId, keyed.key);
  if (earlier) return { kind: 'adjusted-before', product: earlier.product };
  const product = await lockProduct(trx, request.sku);
  if (!product) throw productNotFound();
  const outcome = adjust(product, request.delta);
  if (outcome.kind === 'beyond-limit') {
    throw validationFailed([{ pointer: '/delta', detail: 'The units on hand would exceed 2^53 - 1.' }]);
  }
  if (outcome.kind === 'insufficient-stock') return outcome;
  const after = { ...product, ...outcome.level };
  const id = uuidv7();
  const at = await saveAdjustment(trx, { id, ...request, ...keyed, fingerprint: keyed.fingerprint.bytes }, after);
  await tell(trx, { id, before: product, after, request, cause, at });
  return { kind: 'adjusted', product: after };
}

interface Telling {
  id: string;
  before: Product;
  after: Product;
  request: AdjustmentRequest;
  cause: Cause;
  at: Date;
}

async function tell(trx: Transaction, { id, before, after, request, cause, at }: Telling): Promise<void> {
  const { sku, onHand, reserved } = after;
  const context = { ...cause, occurredAt: at };
  const { delta, reason } = request;
  const adjusted = { sku, delta, onHand, reserved, adjustmentId: id, reason, adjustedAt: at.toISOString() };
  const rows = [toOutboxRow(stockAdjustedV1, adjusted, context)];
  if (isDepletion(before, after)) {
    rows.push(toOutboxRow(stockDepletedV1, { sku, onHand, reserved, depletedAt: at.toISOString() }, context));
  }
  await addToOutbox(trx, rows);
}
