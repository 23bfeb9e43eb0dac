/**
 * inventory-service in the model: products, their stock and their ledger. While it is unreachable, commands wait in a
 * queue; they take effect in order when it is reachable again.
 */
import { decide, type Order, type Shortage } from './order.ts';
import { demandOf } from './writes.ts';

export interface Product {
  sku: string;
  name: string;
  onHand: number;
  reserved: number;
  createdAt?: string;
  updatedAt?: string;
  /** Oldest first. */
  movements: (Pick<Movement, 'kind' | 'cause' | 'actor' | 'reason'> & { deltaOnHand: number; deltaReserved: number })[];
}

interface Movement {
  kind: string;
  onHand: number;
  reserved: number;
  cause: { id?: string };
  actor: string;
  /** Of an adjustment. */
  reason?: string;
}

export type Inventory = ReturnType<typeof openInventory>;

/** An inventory without products. */
export function openInventory() {
  const products = new Map<string, Product>();
  /** Messages that were sent and not received yet. */
  const waiting: { kind: 'hold' | 'release' | 'fulfil'; order: Order }[] = [];
  let reachable = true;

  function shortagesOf(order: Order): Shortage[] {
    return demandOf(order.lines).flatMap(({ sku, quantity }) => {
      const product = products.get(sku);
      const available = product ? product.onHand - product.reserved : 0;
      if (available >= quantity) return [];
      return [{ sku, requested: quantity, available, reason: product ? 'insufficient-stock' : 'unknown-sku' }];
    });
  }

  function moveAll(order: Order, kind: 'held' | 'released' | 'fulfilled', onHand: number, reserved: number): void {
    for (const { sku, quantity } of demandOf(order.lines)) {
      const units = { onHand: onHand * quantity, reserved: reserved * quantity };
      move(products.get(sku) as Product, { kind, ...units, cause: order, actor: 'order-service' });
    }
  }

  /** Decides whether an order gets its stock. */
  function hold(order: Order): void {
    const shortages = shortagesOf(order);
    decide(order, shortages);
    if (shortages.length === 0) moveAll(order, 'held', 0, 1);
  }

  return {
    products,
    hold,
    /** Sends a message to it. */
    send(kind: 'hold' | 'release' | 'fulfil', order: Order): void {
      waiting.push({ kind, order });
    },
    /** Whether messages are in flight that it will receive. */
    isBehind: () => reachable && waiting.length > 0,
    /** Handles all waiting messages. */
    catchUp(): void {
      for (const { kind, order } of waiting.splice(0)) {
        if (kind === 'hold') hold(order);
        else if (order.reservation === 'held') {
          order.reservation = kind === 'release' ? 'released' : 'fulfilled';
          moveAll(order, order.reservation, kind === 'release' ? 0 : -1, -1);
        }
      }
    },
    isReachable: () => reachable,
    /** Makes it unreachable. */
    leave(): void {
      reachable = false;
    },
    /** Makes it reachable again. */
    comeBack(): void {
      reachable = true;
    },
  };
}

/** Change the stock of a product, with a row in its ledger. */
export function move(product: Product, { kind, onHand, reserved, cause, actor, reason }: Movement): void {
  product.onHand += onHand;
  product.reserved += reserved;
  product.movements.push({
    kind,
    deltaOnHand: onHand,
    deltaReserved: reserved,
    cause,
    actor,
    ...(reason && { reason }),
  });
}
