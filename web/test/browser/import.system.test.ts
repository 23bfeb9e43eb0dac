/** Files with stock: every line has its effect once, whatever happens between the first line and the last. */

import { eventually } from '@shop/chassis/testing/eventually.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { type System, startSystem, withKey } from '../../../e2e/system.ts';
import { hasBrowser } from '../../browser.ts';
import { type Console, meet, openConsole } from './open-console.ts';

describeNeeding('Chromium', hasBrowser, 'stock in the console', () => {
  let system: System;
  let staff: Console;
  beforeAll(async () => {
    system = await startSystem();
    staff = await openConsole(system, 'kim');
  });
  afterEach(() => staff.page.unrouteAll({ behavior: 'ignoreErrors' }));

  const button = (name: string | RegExp) => staff.page.getByRole('button', { name });
  const onHand = async (sku: string) => (await system.stock(sku)).onHand;

  /** Chooses a file of these lines, as far as the preview. */
  async function choose(lines: readonly string[]): Promise<void> {
    const { page } = staff;
    await staff.open('/stock/import/csv');
    const chooser = page.waitForEvent('filechooser');
    await button('Choose a file').click();
    const buffer = Buffer.from(`sku;delta;reason\r\n${lines.join('\r\n')}`);
    await (await chooser).setFiles({ name: 'Delivery 4711.csv', mimeType: 'text/csv', buffer });
  }

  it('imports each line once when answers are lost and the page is reloaded in the middle', async () => {
    const sku = await system.product(10);
    const keys = await meet(staff.page, /\/products\/adjustments$/, async (route, attempt) => {
      // The second batch is made twice before its answer arrives, and the third is cut off by the reload.
      const answer = await route.fetch();
      if (attempt === 2) return route.abort('connectionreset');
      if (attempt === 4) return new Promise(() => {});
      return route.fulfill({ response: answer });
    });
    await choose(Array.from({ length: 2_500 }, () => `${sku};1;`));
    await button('Make 2,500 changes').click();
    await eventually(() => (keys.length === 4 ? true : undefined), 30_000);
    await staff.page.reload();
    await staff.page.getByText('2,500 made, 0 refused').waitFor({ timeout: 60_000 });
    expect(await onHand(sku)).toBe(2_510);
    expect([keys.length > 4, new Set(keys).size]).toEqual([true, 3]);
    await button('Put away').click();
    await button('Choose a file').waitFor();
  });

  it('sets a count only if nothing came in between, and lets one count again', async () => {
    const sku = await system.product(10);
    const dialog = staff.page.getByRole('dialog');
    await staff.open(`/stock/${sku}`);
    await button('Count stock').click();
    await dialog.getByLabel('Counted').fill('8');
    await system.backoffice('POST', `/products/${sku}/adjustments`, { delta: 5, reason: 'delivery' }, withKey());
    await dialog.getByRole('button', { name: 'Set to 8 if it is 10' }).click();
    await dialog.getByText('it was 10 and is 15 now').waitFor();
    expect(await onHand(sku)).toBe(15);
    await dialog.getByLabel('Counted').fill('13');
    await dialog.getByRole('button', { name: 'Set to 13 if it is 15' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await staff.page.getByText('counted').waitFor();
    expect(await onHand(sku)).toBe(13);
  });

  it('shows the faults of a file before anything is changed, and why lines are refused', async () => {
    const [sku, other] = [await system.product(3), `NEW-${await system.product(0)}`];
    await choose([`${sku};-1;broken`, 'a b;1;', `${sku};1.5;`, `${sku};;`, `${sku};-9;`, `${other};4;`]);
    const { page } = staff;
    await page.getByText('3 changes: 4 units come in, 10 go out.').waitFor();
    await page.getByText('2 lines have errors and are left out').first().waitFor();
    expect(await onHand(sku)).toBe(3);
    await button('Make 3 changes').click();
    await page.getByText('1 made, 2 refused').waitFor();
    await page.getByRole('row', { name: /^6 .*More units than are free of reservations/ }).waitFor();
    await page.getByRole('row', { name: /^7 .*No product has this SKU/ }).waitFor();
    expect(await onHand(sku)).toBe(2);
    // What somebody created meanwhile is found by a repeat, which makes no other line again.
    await system.backoffice('POST', '/products', { sku: other, name: other }, withKey());
    await button('Try the refused line again').click();
    await page.getByText('2 made, 1 refused').waitFor();
    expect([await onHand(sku), await onHand(other)]).toEqual([2, 4]);
  });
});
