/** An outage of inventory-service, and the backlog of orders that it leaves. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Part, startPart, stopPart } from '@shop/local/control.ts';
import { partOf, partsNamed, type System } from '@shop/local/parts.ts';
import type { Databases } from './databases.ts';

const MAX_STOP_MS = 30_000;

/** Stops all processes of inventory-service; resolves when none answers. */
export async function stopInventory(system: System): Promise<void> {
  const parts = inventoryParts(system);
  for (const part of parts) stopPart(part);
  for (const deadline = performance.now() + MAX_STOP_MS; performance.now() < deadline; await delay(100)) {
    if (!(await Promise.all(parts.map((part) => part.answers()))).some(Boolean)) return;
  }
}

/** Starts all processes of inventory-service; resolves when each answers. */
export async function startInventory(system: System, end: AbortSignal): Promise<void> {
  const parts = inventoryParts(system);
  for (const part of parts) await startPart(part);
  const isReady = async () => (await Promise.all(parts.map((part) => part.answers()))).every(Boolean);
  while (!(await isReady())) await delay(50, undefined, { signal: end });
}

/** Resolves when the commands wait in their queue, and no longer in the outbox. */
export async function untilSent({ orders }: Pick<Databases, 'orders'>): Promise<void> {
  for (const deadline = performance.now() + MAX_STOP_MS; performance.now() < deadline; await delay(200)) {
    const { rows } = await orders.query<{ count: number }>('SELECT count(*)::integer AS count FROM outbox_messages');
    if (rows[0]?.count === 0) return;
  }
}

/** The number of pending orders. */
export async function pendingOrders({ orders }: Pick<Databases, 'orders'>): Promise<number> {
  const { rows } = await orders.query<{ count: number }>(
    `SELECT count(*)::integer AS count FROM orders WHERE awaiting IS NOT NULL AND status = 'pending'`,
  );
  return rows[0]?.count ?? 0;
}

function inventoryParts(system: System): Part[] {
  return partsNamed(system.plan, 'inventory').map((name) => partOf(system, name));
}
