/** Each action of the console takes effect once, whatever happens between the click and the answer. */

import { eventually } from '@shop/chassis/testing/eventually.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { anOrderOf, placeAndWait, type System, startSystem } from '../../../e2e/system.ts';
import { hasBrowser } from '../../browser.ts';
import { type Console, type Misfortune, meet, misfortunes, openConsole } from './open-console.ts';

describeNeeding('Chromium', hasBrowser, 'an action in the console', () => {
  let system: System;
  let staff: Console;
  beforeAll(async () => {
    system = await startSystem();
    staff = await openConsole(system, 'kim');
  });
  afterEach(async () => {
    await staff.context.setOffline(false);
    await staff.page.unrouteAll({ behavior: 'ignoreErrors' });
  });

  const adjustments = async (sku: string) => {
    const { rows } = await system.inventoryDb.query(
      `SELECT delta_on_hand::integer AS delta FROM stock_movements WHERE sku = $1 AND kind = 'adjusted' ORDER BY id`,
      [sku],
    );
    return rows.map(({ delta }) => delta);
  };
  const timelineOf = async (orderId: string) => {
    const { rows } = await system.orderDb.query(
      'SELECT type, actor FROM order_timeline WHERE order_id = $1 ORDER BY id',
      [orderId],
    );
    return rows.map(({ type }) => type).filter((type) => type !== 'queued' && type !== 'replays');
  };
  const newOrder = async (units = 1) => {
    const sku = await system.product(10);
    const { body } = await placeAndWait(system, anOrderOf(sku, units));
    return { sku, id: body.id as string, number: body.number as string };
  };
  const dialog = () => staff.page.getByRole('dialog');

  /** Fills in the dialog and presses its button twice, as an impatient person does. */
  async function addFive(): Promise<void> {
    const { page } = staff;
    await page.getByRole('button', { name: 'Adjust stock' }).click();
    await dialog().getByLabel('Units').fill('5');
    await dialog().getByLabel('Reason').fill('Delivery 4711');
    await dialog().getByRole('button', { name: 'Add 5 units' }).dblclick();
  }

  it.each(Object.entries(misfortunes) as [string, Misfortune][])(
    'adjusts stock once when %s',
    async (_what, misfortune) => {
      const sku = await system.product(10);
      await staff.open(`/stock/${sku}`);
      const keys = await meet(staff.page, /\/adjustments$/, misfortune);
      await addFive();
      await dialog().waitFor({ state: 'hidden', timeout: 60_000 });
      await staff.page.getByText('+5', { exact: true }).waitFor();
      expect(await adjustments(sku)).toEqual([10, 5]);
      expect(new Set(keys).size).toBe(1);
    },
  );

  it.each(Object.entries(misfortunes) as [string, Misfortune][])(
    'cancels an order once when %s',
    async (_what, misfortune) => {
      const { sku, id, number } = await newOrder(3);
      await staff.open(`/orders/${number}`);
      const keys = await meet(staff.page, /\/cancellation$/, misfortune);
      await staff.page.getByRole('button', { name: 'Cancel order' }).click();
      expect(await dialog().textContent()).toContain(`3 units of ${sku}`);
      await dialog().getByRole('button', { name: 'Cancel order' }).dblclick();
      await dialog().waitFor({ state: 'hidden', timeout: 60_000 });
      await staff.page.getByText('cancelled').first().waitFor();
      expect(await timelineOf(id)).toEqual(['placed', 'confirmed', 'cancelled']);
      expect(new Set(keys).size).toBe(1);
      await eventually(async () => ((await system.stock(sku)).available === 10 ? true : undefined));
    },
  );

  it('adjusts stock once when the page is reloaded before the answer', async () => {
    const sku = await system.product(10);
    await staff.open(`/stock/${sku}`);
    const keys = await meet(staff.page, /\/adjustments$/, async (route, attempt) => {
      if (attempt > 1) return route.continue();
      await route.fetch();
      await new Promise(() => {}); // no answer
    });
    await addFive();
    await eventually(async () => ((await adjustments(sku)).length === 2 ? true : undefined));
    await staff.page.reload();
    await eventually(() => (keys.length > 1 ? true : undefined));
    await staff.page.getByText('+5', { exact: true }).waitFor();
    expect(new Set(keys).size).toBe(1);
    expect(await adjustments(sku)).toEqual([10, 5]);
  });

  it('adjusts stock once when inventory-service is killed between the click and the answer', async () => {
    const sku = await system.product(10);
    await staff.open(`/stock/${sku}`);
    const keys = await meet(staff.page, /\/adjustments$/, async (route, attempt) => {
      if (attempt > 1) return route.continue();
      const answer = route.fetch();
      await Promise.all(['inventory-1', 'inventory-2'].map((part) => system.control('kill', part)));
      await answer.catch(() => undefined);
      await route.abort('connectionreset');
    });
    await addFive();
    await dialog().getByText('Checking whether it went through').waitFor();
    await Promise.all(['inventory-1', 'inventory-2'].map((part) => system.control('start', part)));
    await dialog().waitFor({ state: 'hidden', timeout: 60_000 });
    await staff.page.getByText('+5', { exact: true }).waitFor();
    expect(await adjustments(sku)).toEqual([10, 5]);
    expect(new Set(keys).size).toBe(1);
  });

  it('goes on when the connection was away, without signing in again', async () => {
    const sku = await system.product(10);
    await staff.open(`/stock/${sku}`);
    await staff.page.getByRole('button', { name: 'Adjust stock' }).waitFor();
    await staff.context.setOffline(true);
    await addFive();
    await dialog().getByText('Checking whether it went through').waitFor();
    await staff.context.setOffline(false);
    await dialog().waitFor({ state: 'hidden', timeout: 60_000 });
    expect(await adjustments(sku)).toEqual([10, 5]);
  });

  it('names the person in the timeline', async () => {
    const { id, number } = await newOrder();
    await staff.open(`/orders/${number}`);
    await staff.page.getByRole('button', { name: 'Ship order' }).click();
    await dialog().getByLabel('Carrier').fill('DHL');
    await dialog().getByLabel('Tracking number').fill('00340434161094');
    await dialog().getByRole('button', { name: 'Ship order' }).click();
    await dialog().waitFor({ state: 'hidden' });
    const { rows } = await system.orderDb.query(
      `SELECT actor FROM order_timeline WHERE order_id = $1 AND type = 'shipped'`,
      [id],
    );
    expect(rows).toEqual([{ actor: expect.stringMatching(/^staff:[0-9a-f-]{36}$/) }]);
  });
});
