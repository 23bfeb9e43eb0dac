/** The path of a night: a message that no service could handle is found, understood and repaired from the page alone. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { repositoryRoot } from '@shop/local/folders.ts';
import type { Browser } from 'playwright-core';
import { anOrderOf, finalAnswer, type System, startSystem, withKey } from '../../../e2e/system.ts';
import { hasBrowser } from '../../browser.ts';
import { killInTurn, loseCalls } from './misery.ts';
import { type Console, meet, misfortunes, openConsole, PASSWORD } from './open-console.ts';
import { openTab } from './tabs.ts';

/** A message in a group. The groups before it, which are shown until it has loaded, are links in rows too. */
const A_LETTER = /^…[0-9a-f]{8}$/;

describeNeeding('Chromium', hasBrowser, 'failures in the console', () => {
  let system: System;
  let staff: Console;
  beforeAll(async () => {
    system = await startSystem(1);
    staff = await openConsole(system, 'kim');
  });
  afterEach(() => staff.page.unrouteAll({ behavior: 'ignoreErrors' }));

  const button = (name: string | RegExp) => staff.page.getByRole('button', { name });
  const dialog = () => staff.page.getByRole('dialog');

  /** Publishes a message as from the broker's management UI. */
  async function publish(queue: string, payload: string): Promise<void> {
    const { origin, username, password } = new URL(system.env.RABBITMQ_MANAGEMENT_URL ?? '');
    await fetch(`${origin}/api/exchanges/%2F/amq.default/publish`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${username}:${password}`)}`, 'content-type': 'application/json' },
      body: JSON.stringify({ properties: {}, routing_key: queue, payload, payload_encoding: 'string' }),
    });
  }

  /** An order whose reservation is dead-lettered: there is one of other units under its id. */
  async function aStuckOrder(): Promise<{ id: string; number: string; order: object; key: string }> {
    const sku = await system.product(3);
    const order = anOrderOf(sku);
    await system.control('kill', 'inventory');
    const { body } = await system.storefront('POST', '/orders', order, withKey(sku));
    // If the completer repeated the command, there would be two dead letters.
    await system.orderDb.query("UPDATE orders SET ask_at = now() + interval '1 hour' WHERE id = $1", [body.id]);
    await system.inventoryDb.query(`INSERT INTO reservations (id, state) VALUES ($1, 'held')`, [body.id]);
    await system.inventoryDb.query(
      `INSERT INTO reservation_lines (reservation_id, sku, quantity) VALUES ($1, 'OTHER', 1)`,
      [body.id],
    );
    await system.control('start', 'inventory');
    return { id: body.id, number: body.number, order, key: sku };
  }

  it('leads from the message to its order, and replays it once when the answer is lost', async () => {
    const { id, number, order, key } = await aStuckOrder();
    const { page } = staff;
    await staff.open('/failures');
    await page.getByRole('link', { name: 'reservation.requested' }).click({ timeout: 60_000 });
    await page.getByRole('link', { name: A_LETTER }).first().click();
    await page.getByText('the reservation has other lines').first().waitFor();
    await page.getByText('"reservationId"').waitFor();
    await page.getByRole('link', { name: id }).click();
    await page.getByRole('heading', { name: number }).waitFor();
    await page.goBack();
    // The cause is fixed.
    await system.inventoryDb.query('DELETE FROM reservation_lines WHERE reservation_id = $1', [id]);
    await system.inventoryDb.query('DELETE FROM reservations WHERE id = $1', [id]);
    const keys = await meet(page, /\/replay$/, misfortunes['the answer is lost']);
    await button('Replay 1 message').click();
    await dialog().getByRole('button', { name: 'Replay 1 message' }).dblclick();
    await dialog().waitFor({ state: 'hidden', timeout: 60_000 });
    await page.getByText('replayed').first().waitFor();
    expect([keys.length, new Set(keys).size]).toEqual([2, 1]);
    expect((await finalAnswer(system, order, key)).status).toBe(201);
    await page.getByRole('link', { name: id }).click();
    await page.getByText('confirmed').first().waitFor();
  });

  it('brings an operator from an alert to the confirmed order while services are killed and calls are lost', async () => {
    const { id, number } = await aStuckOrder();
    const { page, context, faults } = await openTab(staff.context.browser() as Browser);
    // Between kills, a page waits for the service as for a slow one.
    page.setDefaultTimeout(60_000);
    const killing = killInTurn(system);
    atEnd(killing.stop);
    const lost = await loseCalls(context);
    // The runbook of the alert says where to look.
    const runbook = readFileSync(join(repositoryRoot(), 'monitoring/runbooks/DeadLettersPresent.md'), 'utf8');
    await page.goto(`${system.env.BASE_URL}${/`(\/console\/\S*)`/.exec(runbook)?.[1]}`);
    await page.getByLabel('Mail address').fill('kim@example.org');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await killing.times(1);
    await page.getByRole('link', { name: 'reservation.requested' }).click();
    await page.getByRole('link', { name: A_LETTER }).click();
    await page.getByText('the reservation has other lines').first().waitFor();
    await page.getByText('"reservationId"').waitFor();
    // The cause is fixed.
    await system.inventoryDb.query('DELETE FROM reservation_lines WHERE reservation_id = $1', [id]);
    await system.inventoryDb.query('DELETE FROM reservations WHERE id = $1', [id]);
    await page.getByRole('button', { name: 'Replay 1 message' }).click();
    await killing.times(3);
    await page.getByRole('dialog').getByRole('button', { name: 'Replay 1 message' }).click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.getByText('replayed').first().waitFor();
    await page.getByRole('link', { name: id }).click();
    await page.getByRole('heading', { name: number }).waitFor();
    await page.getByText(/^Waited .* for inventory-service, then confirmed\./).waitFor();
    await killing.stop();
    expect(lost.count()).toBeGreaterThan(2);
    expect(faults).toEqual([]);
    const { rows } = await system.orderDb.query(
      `SELECT type FROM order_timeline WHERE order_id = $1 AND type <> 'queued' ORDER BY id`,
      [id],
    );
    expect(rows.map(({ type }) => type)).toEqual(['placed', 'confirmed']);
    const { rows: held } = await system.inventoryDb.query(
      `SELECT delta_reserved::integer AS units FROM stock_movements WHERE cause_id = $1`,
      [id],
    );
    expect(held).toEqual([{ units: 1 }]);
  });

  it('discards an unreadable message for a reason, and replays the others of its group', async () => {
    for (let n = 0; n < 3; n += 1) await publish('inventory.reservations', `poison ${n}`);
    const { page } = staff;
    await staff.open('/failures');
    await page.getByRole('row', { name: /Unreadable message .* 3/ }).waitFor({ timeout: 30_000 });
    const navigation = page.getByRole('navigation', { name: 'Pages' });
    await navigation.getByText('3', { exact: true }).waitFor({ timeout: 30_000 });
    await navigation.getByText('3 messages set aside').waitFor({ state: 'attached' });
    await page.getByRole('link', { name: 'Unreadable message' }).click();
    await page.getByRole('link', { name: A_LETTER }).first().click();
    await button('Discard message').click();
    await dialog().getByLabel('Reason').fill('sent by mistake');
    await dialog().getByRole('button', { name: 'Discard message' }).click();
    await page.getByText('sent by mistake').waitFor();
    await page.getByText(/staff [0-9a-f]{8}…/).waitFor();
    await page.getByRole('link', { name: 'inventory.reservations' }).click();
    await button('Replay 2 messages').click();
    await dialog().getByText('2 messages go back to inventory.reservations').waitFor();
    await dialog().getByRole('button', { name: 'Replay 2 messages' }).click();
    await dialog().waitFor({ state: 'hidden' });
    // Their cause is not fixed, so they return.
    await staff.open('/failures');
    await page.getByRole('row', { name: /Unreadable message .* 2/ }).waitFor({ timeout: 30_000 });
  });

  it('says why the fulfilment of stock cannot be discarded', async () => {
    const message = {
      id: '0195f0a0-0000-7000-8000-0000000000aa',
      type: 'reservation.fulfil',
      version: 1,
      occurredAt: '2026-01-05T09:00:00.000Z',
      producer: 'order-service',
      correlationId: 'c',
      payload: { reservationId: '0195f0a0-0000-7000-8000-0000000000bb' },
    };
    await publish('inventory.reservations', JSON.stringify(message));
    await staff.open('/failures');
    await staff.page.getByRole('link', { name: 'reservation.fulfil' }).click({ timeout: 30_000 });
    await staff.page.getByRole('link', { name: A_LETTER }).first().click();
    await button('Discard message').click();
    await dialog().getByLabel('Reason').fill('x');
    await dialog().getByRole('button', { name: 'Discard message' }).click();
    await dialog().getByText('must not be discarded').waitFor();
  });
});
