/**
 * Follows docs/restore.md: restores one database to an earlier time than the other, with the scripts and in the order of the
 * document, and compares the result with the document.
 */

import { randomUUID } from 'node:crypto';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { type Ended, startProgram } from '@shop/chassis/testing/start-program.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import {
  type Answer,
  anOrderOf,
  finalAnswer,
  placeAndWait,
  type System,
  startSystem,
  withKey,
} from '@shop/e2e/system.ts';
import { postgresOf } from '@shop/local/parts.ts';
import { superuserUrl } from '@shop/local/servers/postgres.ts';
import { readSystem } from '@shop/local/start-system.ts';
import { services } from '../../services.ts';
import { findProductionTools } from './testing/production-tools.ts';
import { startScript } from './testing/run-script.ts';

const dir = mkdtempSync(join(tmpdir(), 'shop-dumps-'));
const tools = findProductionTools(dir);
atEnd(() => rmSync(dir, { recursive: true, force: true }));

describeNeeding('a Docker engine', tools !== undefined, 'a database that is behind the other', () => {
  let system: System;
  let env: Record<string, string>;
  beforeAll(async () => {
    system = await startSystem(2, { ORDER_SERVICE_RECONCILE_GRACE_SECONDS: '0' });
    const local = readSystem(system.folder);
    const urls = services.map(({ variable, database }) => [
      `${variable}_DB_URL`,
      superuserUrl(postgresOf(local, database.server)).replace(/postgres$/, database.name),
    ]);
    env = { ...Object.fromEntries(urls), BACKUP_DIR: dir };
  });

  const superuser = (url: string) => url.replace(/[a-z]+$/, 'postgres');
  const closeOwners = (client: { query(sql: string): Promise<unknown> }) =>
    client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE '%_owner'`);
  const script = (name: string, ...args: string[]): Promise<Ended> =>
    startScript(name, args, process.env as Record<string, string>, tools?.(env)).ended;
  const backup = async () => expect(await script('backup.sh')).toMatchObject({ code: 0, stderr: '' });
  /** As in the document: the script is passed to a process of the service, while the gateway is closed. */
  async function reconcile(service: 'orders' | 'inventory'): Promise<Ended> {
    const parts = await system.parts();
    const port = parts.find(({ part }) => part === (service === 'orders' ? 'order-1' : 'inventory-1'))?.port;
    return startProgram(process.execPath, ['--input-type=module', '-', service], {
      env: { PORT: String(port), GATEWAY_TOKEN: system.env.GATEWAY_TOKEN },
      stdio: [openSync(join(__dirname, 'reconcile.mjs'), 'r'), 'pipe', 'pipe'],
    }).ended;
  }
  /** `STATE kind subject`, sorted. */
  const findings = ({ stdout }: Ended) =>
    [...stdout.matchAll(/^(OPEN|REPAIRED) {2}(\S+) {2}(\S+)/gm)].map((m) => m.slice(1));
  const expectFindings = (ended: Ended, expected: string[][]) =>
    expect(findings(ended).sort()).toEqual(expected.toSorted());

  async function ready(service: 'order' | 'inventory'): Promise<void> {
    for (const { part, port } of await system.parts()) {
      if (!part.startsWith(`${service}-`) || part.endsWith('-db')) continue;
      await eventually(async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/health/ready`);
        return answer.status === 200 ? true : undefined;
      });
    }
  }
  async function start(service: 'order' | 'inventory'): Promise<void> {
    await system.control('start', service);
    await ready(service);
  }
  async function stopped(part: 'order' | 'inventory' | 'gateway'): Promise<void> {
    await system.control('stop', part);
    await eventually(async () => {
      const isOne = new RegExp(`^${part}(-\\d+)?$`);
      const alive = (await system.parts()).filter(({ part: name, pid }) => isOne.test(name) && pid !== undefined);
      return alive.length === 0 ? true : undefined;
    });
  }
  async function openGateway(): Promise<void> {
    await system.control('start', 'gateway');
    await eventually(async () => ((await fetch(`${system.env.BASE_URL}/`)).status === 200 ? true : undefined));
  }

  const toPlaced = ({ status, body }: Answer, key: string) => {
    return { id: (body.id ?? body.orderId) as string, number: Number(body.number?.slice(4)), status, key };
  };
  async function place(sku: string, quantity: number, key: string = randomUUID()) {
    return toPlaced(await placeAndWait(system, anOrderOf(sku, quantity), key), key);
  }
  async function placeConfirmed(sku: string, quantity: number, key: string = randomUUID()) {
    const placed = await place(sku, quantity, key);
    expect(placed.status).toBe(201);
    return placed;
  }
  async function placePending(sku: string, quantity: number) {
    const key = randomUUID();
    const answer = await system.storefront('POST', '/orders', anOrderOf(sku, quantity), withKey(key));
    expect(answer.status).toBe(202);
    return toPlaced(answer, key);
  }
  const shipment = { carrier: 'post', trackingNumber: '1' };
  async function ship(id: string) {
    const { status } = await system.backoffice('POST', `/orders/${id}/shipment`, shipment, withKey());
    expect(status).toBe(200);
  }
  async function cancel(id: string) {
    const { status } = await system.backoffice('POST', `/orders/${id}/cancellation`, {}, withKey());
    expect(status).toBe(200);
  }
  async function adjust(sku: string, delta: number, key = randomUUID()) {
    const answer = await system.backoffice(
      'POST',
      `/products/${sku}/adjustments`,
      { delta, reason: 'r' },
      withKey(key),
    );
    expect(answer.status).toBe(200);
    return answer;
  }
  const statusOf = async (id: string) =>
    (await system.orderDb.query('SELECT status FROM orders WHERE id = $1', [id])).rows[0]?.status;
  const stateOf = async (id: string) =>
    (await system.inventoryDb.query('SELECT state FROM reservations WHERE id = $1', [id])).rows[0]?.state;
  const quiet = () =>
    eventually(async () => {
      const { rowCount } = await system.orderDb.query('SELECT FROM orders WHERE awaiting IS NOT NULL');
      const outboxes = [system.orderDb, system.inventoryDb].map((db) => db.query('SELECT FROM outbox_messages'));
      const unsent = (await Promise.all(outboxes)).reduce((sum, result) => sum + (result.rowCount ?? 0), 0);
      if (rowCount || unsent) throw new Error(`${rowCount} orders wait, ${unsent} messages are unsent`);
      return true;
    });
  /** Without duplicates, because the completer may repeat a request. */
  const deadLetters = async () =>
    (await system.orderDb.query(`SELECT DISTINCT reason, subject_id FROM dead_letters WHERE status = 'open'`)).rows;
  /** The connections of the test would block the restore; the pools open new ones. */
  const closePools = () =>
    withClient(superuser(env.ORDER_DB_URL ?? ''), closeOwners).then(() =>
      withClient(superuser(env.INVENTORY_DB_URL ?? ''), closeOwners),
    );

  it('order-db: what reconciliation finds, what a person resolves, and nothing is shipped twice unseen', async () => {
    const sku = await system.product(100);
    const untouched = await placeConfirmed(sku, 1);
    const shippedBefore = await placeConfirmed(sku, 2);
    await ship(shippedBefore.id);
    const shippedAfter = await placeConfirmed(sku, 3);
    const cancelledAfter = await placeConfirmed(sku, 4);
    await quiet();
    await stopped('inventory');
    const pending = await placePending(sku, 5);
    const pendingThenCancelled = await placePending(sku, 6);
    const pendingThenShipped = await placePending(sku, 7);
    await backup();

    await start('inventory');
    await cancel(pendingThenCancelled.id);
    for (const { key } of [pending, pendingThenShipped]) {
      await finalAnswer(system, anOrderOf(sku, key === pending.key ? 5 : 7), key, 60_000);
    }
    await ship(pendingThenShipped.id);
    await ship(shippedAfter.id);
    await cancel(cancelledAfter.id);
    const lostHeld = await placeConfirmed(sku, 8);
    const lostShipped = await placeConfirmed(sku, 9);
    await ship(lostShipped.id);
    const lostCancelled = await placeConfirmed(sku, 10);
    await cancel(lostCancelled.id);
    await quiet();
    // 100 less 2 + 7 + 3 + 9 that were shipped; 1 + 5 + 8 are reserved.
    const truth = { onHand: 79, reserved: 14, available: 65 };
    expect(await system.stock(sku)).toEqual(truth);

    expect(await script('restore.sh', 'orders', 'latest')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there are connections to orders'),
    });
    await stopped('gateway');
    await stopped('order');
    await closePools();
    const restored = await script('restore.sh', 'orders', 'latest');
    expect(restored).toMatchObject({ code: 0, stderr: '' });
    await start('order');

    // The completer requests the reservations of pending orders again; inventory-service replies from its rows.
    await eventually(async () => {
      expect(await Promise.all([pending.id, pendingThenShipped.id].map(statusOf))).toEqual(['confirmed', 'confirmed']);
      expect(await deadLetters()).toEqual([{ reason: 'released-while-pending', subject_id: pendingThenCancelled.id }]);
      return true;
    });
    const first = await reconcile('orders');
    expect([first.code, first.stderr]).toEqual([3, '']);
    expectFindings(first, [
      ['OPEN', 'fulfilled-unshipped', pendingThenShipped.id],
      ['OPEN', 'fulfilled-unshipped', shippedAfter.id],
      ['OPEN', 'order-unknown', lostHeld.id],
      ['OPEN', 'order-unknown', lostShipped.id],
      ['OPEN', 'released-while-pending', pendingThenCancelled.id],
      ['OPEN', 'reservation-missing', cancelledAfter.id],
    ]);
    expect((await reconcile('inventory')).code).toBe(0);
    const listed = (await script('lost-orders.sh')).stdout.trimEnd().split('\n');
    expect(listed).toEqual([
      'lost_order,reservation,at,lines,possible_repeats',
      expect.stringMatching(`^${lostHeld.id},held,.*,${sku} x8,$`),
      expect.stringMatching(`^${lostShipped.id},fulfilled,.*,${sku} x9,$`),
    ]);

    await openGateway();
    await system.healthy();
    for (const { id } of [pendingThenShipped, shippedAfter]) await ship(id);
    for (const { id } of [pendingThenCancelled, cancelledAfter]) await cancel(id);

    // Clients that repeat the lost requests create new orders, with numbers that no customer knows.
    const again = await placeConfirmed(sku, 8, lostHeld.key);
    const shippedAgain = await placeConfirmed(sku, 9, lostShipped.key);
    expect(again.id).not.toBe(lostHeld.id);
    expect(shippedAgain.id).not.toBe(lostShipped.id);
    expect(again.number).toBeGreaterThan(lostCancelled.number);
    // The list shows them, so they can be checked before shipping.
    const { stdout: suspects, code, stderr } = await script('lost-orders.sh', '--release');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(suspects).toMatch(new RegExp(`^${lostHeld.id},held,.*,ORD-${again.number} confirmed$`, 'm'));
    expect(suspects).toMatch(new RegExp(`^${lostShipped.id},fulfilled,.*,ORD-${shippedAgain.number} confirmed$`, 'm'));
    await eventually(async () => ((await stateOf(lostHeld.id)) === 'released' ? true : undefined));
    await cancel(shippedAgain.id); // already shipped for the lost order
    expect(await script('lost-orders.sh', '--record')).toMatchObject({ code: 0, stderr: '' });
    await quiet();

    expect(await system.stock(sku)).toEqual(truth);
    expectFindings(await reconcile('orders'), []);
    expect(await Promise.all([untouched.id, shippedBefore.id, lostShipped.id].map(statusOf))).toEqual([
      'confirmed',
      'shipped',
      'shipped',
    ]);
    const { body } = await system.backoffice('GET', `/orders/${lostShipped.id}`);
    expect(body).toMatchObject({ clientId: 'restored', lines: [{ sku, quantity: 9 }], status: 'shipped' });
    // A reply that nothing is held for an unknown order needs no action.
    expect((await deadLetters()).filter(({ reason }) => reason === 'order-not-found')).toEqual([]);
  });

  it('order-db: the orders of the replaced database are brought back, and repeats get their first answers', async () => {
    const sku = await system.product(20);
    await backup();
    const confirmed = await placeConfirmed(sku, 1);
    const shipped = await placeConfirmed(sku, 2);
    await ship(shipped.id);
    const refused = await place(sku, 99);
    await quiet();
    const truth = await system.stock(sku);

    await stopped('gateway');
    await stopped('order');
    await closePools();
    const restored = await script('restore.sh', 'orders', 'latest');
    const [, replaced = ''] = /DROP DATABASE (\w+)/.exec(restored.stdout) ?? [];
    const brought = await script('bring-back.sh', replaced);
    expect(brought).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('brought back: 3 orders') });
    await start('order');
    expectFindings(await reconcile('orders'), []);

    await openGateway();
    await system.healthy();
    for (const [{ key, id, status }, quantity] of [
      [confirmed, 1],
      [shipped, 2],
      [refused, 99],
    ] as const) {
      const again = await system.storefront('POST', '/orders', anOrderOf(sku, quantity), withKey(key));
      expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([status, 'true']);
      expect(again.body.id ?? again.body.orderId).toBe(id);
    }
    expect(await system.stock(sku)).toEqual(truth);
  });

  it('inventory-db: reservations are requested again, and repeated adjustments restore the stock', async () => {
    const sku = await system.product(100);
    const known = randomUUID();
    await adjust(sku, 11, known);
    const untouched = await placeConfirmed(sku, 1);
    const shippedBefore = await placeConfirmed(sku, 2);
    await ship(shippedBefore.id);
    const shippedAfter = await placeConfirmed(sku, 3);
    const cancelledAfter = await placeConfirmed(sku, 4);
    await quiet();
    await backup();

    await ship(shippedAfter.id);
    await cancel(cancelledAfter.id);
    const adjustment = randomUUID();
    await adjust(sku, 50, adjustment);
    const confirmed = await placeConfirmed(sku, 120);
    const shipped = await placeConfirmed(sku, 5);
    await ship(shipped.id);
    const cancelled = await placeConfirmed(sku, 6);
    await cancel(cancelled.id);
    const newSku = `NEW-${randomUUID().slice(-12)}`;
    const [creation, filling] = [randomUUID(), randomUUID()];
    const create = () => system.backoffice('POST', '/products', { sku: newSku, name: 'n' }, withKey(creation));
    await create();
    await adjust(newSku, 7, filling);
    const ofNew = await placeConfirmed(newSku, 7);
    await quiet();
    const truth = await system.stock(sku);
    expect(truth).toEqual({ onHand: 151, reserved: 121, available: 30 });
    await stopped('inventory');
    const pending = await placePending(sku, 8);

    await stopped('order');
    await closePools();
    expect(await script('restore.sh', 'inventory', 'latest')).toMatchObject({ code: 0, stderr: '' });
    await start('inventory');
    // While order-service is stopped, there are no new orders, and the ERP repeats its adjustments with the same keys: those
    // that the database has already have no second effect.
    await eventually(async () => ((await create()).status === 201 ? true : undefined));
    for (const [target, delta, key] of [
      [sku, 11, known],
      [sku, 50, adjustment],
      [newSku, 7, filling],
    ] as const) {
      await adjust(target, delta, key);
    }
    expect((await system.stock(sku)).onHand).toBe(159);

    await stopped('gateway');
    const begun = new Date();
    await start('order');
    await eventually(async () => {
      const { stdout, stderr } = await reconcile('orders');
      await quiet();
      if (!/^0 mismatches.* 0 underWay/m.test(stdout)) throw new Error(stdout + stderr);
      return true;
    });
    // Some are repaired by the scheduled run when order-service starts.
    const repaired = await system.orderDb.query(
      `SELECT m->>'kind' AS kind, m->>'subject' AS subject
       FROM reconciliation_runs r, json_array_elements(r.mismatches) m
       WHERE r.started_at > $1 AND (m->>'repaired')::boolean`,
      [begun],
    );
    expect(repaired.rows.map(({ kind, subject }) => `${kind} ${subject}`).sort()).toEqual(
      [
        `fulfilment-missing ${shippedAfter.id}`,
        `fulfilment-missing ${shipped.id}`,
        `release-missing ${cancelledAfter.id}`,
        ...[confirmed, shipped, ofNew].map(({ id }) => `reservation-missing ${id}`),
      ].sort(),
    );
    expect((await reconcile('inventory')).code).toBe(0);
    await openGateway();
    await system.healthy();
    await finalAnswer(system, anOrderOf(sku, 8), pending.key);
    expect(await system.stock(sku)).toEqual({ ...truth, reserved: 129, available: 22 });
    expect(await system.stock(newSku)).toEqual({ onHand: 7, reserved: 7, available: 0 });
    expect(await Promise.all([untouched, confirmed, ofNew].map(({ id }) => stateOf(id)))).toEqual([
      'held',
      'held',
      'held',
    ]);
    expect(await Promise.all([shippedAfter, shipped].map(({ id }) => stateOf(id)))).toEqual(['fulfilled', 'fulfilled']);
  });
});
