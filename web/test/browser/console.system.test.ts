/** The console in a real browser, on a whole system: signing in, looking, doing, and answers that are lost. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { repositoryRoot } from '@shop/local/folders.ts';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { type System, startSystem } from '../../../e2e/system.ts';
import { hasBrowser, startBrowser } from '../../browser.ts';
import { bundleFolder } from '../../bundle.ts';
import { invite } from './open-console.ts';
import { type Credentials, openTab, signInAs } from './tabs.ts';

const kim: Credentials = { email: 'kim@example.org', password: 'a password of kim' };

describeNeeding('Chromium', hasBrowser, 'the console', () => {
  let system: System;
  let browser: Browser;
  let base: string;

  beforeAll(async () => {
    system = await startSystem(1);
    base = system.env.BASE_URL ?? '';
    browser = await startBrowser();
    atEnd(() => browser.close());
    const { page } = await openTab(browser);
    await page.goto(await invite(system, kim.email));
    await page.getByLabel('Name').fill('Kim Meyer');
    await page.getByLabel('Password').fill(kim.password);
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
  });

  /** Someone who is signed in, in a browser of their own. */
  async function asKim() {
    const tab = await openTab(browser);
    await signInAs(tab.page, base, kim);
    return tab;
  }

  async function place(sku: string, quantity = 1): Promise<{ id: string; number: string }> {
    const lines = [{ sku, quantity, unitPrice: 1290 }];
    const order = { customerId: 'ada', currency: 'EUR', lines };
    const { status, body } = await system.storefront('POST', '/orders', order, {
      'Idempotency-Key': crypto.randomUUID(),
    });
    expect(status).toBe(201);
    return body;
  }

  async function timelineOf(id: string): Promise<string[]> {
    const { body } = await system.operations('GET', `/orders/${id}/timeline`);
    return body.items.map(({ type }: { type: string }) => type);
  }

  async function check(page: Page): Promise<void> {
    await page.evaluate(axe.source);
    const violations = await page.evaluate(`axe.run().then(({ violations }) => violations.map(({ id, nodes }) =>
      id + ': ' + nodes.map(({ html, any }) => html.slice(0, 120) + ' ' + (any[0]?.message ?? '')).join('; ')))`);
    expect(violations).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
  }

  describe('signing in', () => {
    it('leads to the page that was wanted, survives a reload, and ends for all tabs', async () => {
      const { page, context, faults } = await openTab(browser);
      await page.goto(`${base}/console/orders?status=confirmed`);
      await page.getByLabel('Mail address').fill(kim.email);
      await page.getByLabel('Password').fill('not the password');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('alert').getByText('do not match').waitFor();
      await page.getByLabel('Password').fill(kim.password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('heading', { name: 'Orders' }).waitFor();
      expect(page.url()).toBe(`${base}/console/orders?status=confirmed`);
      await page.reload();
      await page.getByRole('heading', { name: 'Orders' }).waitFor();
      const other = await context.newPage();
      await other.goto(`${base}/console/parts`);
      await other.getByRole('heading', { name: 'Parts' }).waitFor();
      await page.getByRole('button', { name: 'Menu of Kim Meyer' }).click();
      await page.getByRole('menuitem', { name: 'Sign out' }).click();
      for (const each of [page, other]) await each.getByRole('heading', { name: 'Sign in' }).waitFor();
      await page.goto(`${base}/console/orders`);
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      expect(faults).toEqual([]);
    });

    it('lasts when the access token has expired, in two tabs at once, with one refresh', async () => {
      const { page, context } = await asKim();
      const other = await context.newPage();
      await other.goto(`${base}/console/parts`);
      await other.getByRole('heading', { name: 'Parts' }).waitFor();
      const refreshes: string[] = [];
      // Without one that a background call of the page began and that the reload broke off.
      context.on('requestfinished', (one) => one.url().endsWith('/sessions/refresh') && refreshes.push(one.url()));
      await context.clearCookies({ name: /^(__Host-)?staff$/ });
      await Promise.all([page.reload(), other.goto(`${base}/console/orders`)]);
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
      await other.getByRole('heading', { name: 'Orders' }).waitFor();
      await other.getByRole('table').or(other.getByText('No orders')).waitFor();
      await eventually(() => refreshes.length > 0 || undefined);
      expect(refreshes).toHaveLength(1);
    });
  });

  describe('an order', () => {
    it('is found by its number, and tells its story', async () => {
      const { number } = await place(await system.product(5), 2);
      const { page, faults } = await asKim();
      await page.keyboard.press('/');
      await page.keyboard.type(number.slice('ORD-'.length));
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: number }).waitFor();
      await page.getByText(/^Confirmed in [0-9.]+ m?s\.$/).waitFor();
      await page.getByText('Stock reserved').waitFor();
      expect(faults).toEqual([]);
    });

    it('is found by a SKU of it, in the list and from the stock of the product', async () => {
      const [sku, other] = [await system.product(5), await system.product(5)];
      const { id, number } = await place(sku, 2);
      const { number: noise } = await place(other);
      const { page, faults } = await asKim();
      await page.keyboard.press('/');
      await page.keyboard.type(sku);
      await page.keyboard.press('Enter');
      await page.getByRole('link', { name: number, exact: true }).waitFor();
      expect(page.url()).toBe(`${base}/console/orders?sku=${sku}`);
      expect(await page.getByRole('link', { name: noise, exact: true }).count()).toBe(0);
      expect(await page.getByRole('textbox', { name: 'SKU' }).inputValue()).toBe(sku);
      await page.getByText('3 available').waitFor();
      await page.getByRole('link', { name: `Stock of ${sku}` }).click();
      await page.getByRole('heading', { name: sku }).waitFor();
      await page.getByRole('link', { name: `Order …${id.slice(-8)}` }).click();
      await page.getByRole('heading', { name: number }).waitFor();
      await page.getByText(`2 units of ${sku}`).waitFor();
      await page.goto(`${base}/console/orders?sku=${sku}&status=cancelled`);
      await page.getByText('No order matches these filters').waitFor();
      await page.goto(`${base}/console/orders?sku=A%26B%2F`);
      await page.getByText('No order matches these filters').waitFor();
      await page.getByRole('button', { name: 'Clear filters' }).click();
      await page.getByRole('link', { name: noise, exact: true }).waitFor();
      expect(faults).toEqual([]);
    });

    it('is searched as a customer if no product has the text as its SKU', async () => {
      const { page } = await asKim();
      await page.getByRole('textbox', { name: 'Search' }).fill('ada');
      await page.keyboard.press('Enter');
      await page.waitForURL(`${base}/console/orders?customerId=ada`);
    });

    it('is shipped once although the page is reloaded before there is an answer', async () => {
      const { id, number } = await place(await system.product(5));
      const { page } = await asKim();
      await page.goto(`${base}/console/orders/${number}`);
      const keys = new Set<string | null>();
      let isAway = true;
      await page.route('**/shipment', async (route) => {
        keys.add(await route.request().headerValue('idempotency-key'));
        return isAway ? route.abort('connectionreset') : route.continue();
      });
      await page.getByRole('button', { name: 'Ship order' }).click();
      await page.getByLabel('Carrier').fill('DHL');
      await page.getByLabel('Tracking number').fill('0034');
      await page.getByRole('dialog').getByRole('button', { name: 'Ship order' }).click();
      await page.getByText('Checking whether it went through').waitFor();
      await page.reload();
      // Nobody knows whether it was shipped, so it cannot be shipped otherwise.
      const carrier = page.getByRole('dialog').getByLabel('Carrier');
      expect(await carrier.inputValue()).toBe('DHL');
      expect(await carrier.getAttribute('readonly')).not.toBeNull();
      isAway = false;
      await page.getByText(/^Shipped with DHL/).waitFor();
      expect(keys.size).toBe(1);
      expect((await timelineOf(id)).filter((type) => type === 'shipped')).toHaveLength(1);
    });

    it('is cancelled once although its service is killed between the click and the answer', async () => {
      const { id, number } = await place(await system.product(5));
      const { page } = await asKim();
      await page.goto(`${base}/console/orders/${number}`);
      await page.getByRole('button', { name: 'Cancel order' }).click();
      await system.control('kill', 'order-1');
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel order' }).click();
      await page.getByText('Checking whether it went through').waitFor();
      await system.control('start', 'order-1');
      await page
        .getByText(/^Cancelled by staff/)
        .first()
        .waitFor({ timeout: 60_000 });
      expect((await timelineOf(id)).filter((type) => type === 'cancelled')).toHaveLength(1);
    });

    it('opens beside its list on a wide screen, by keys, and its row shows what happens to it', async () => {
      const sku = await system.product(5);
      const [older, newer] = [await place(sku), await place(sku)];
      const { page, faults } = await asKim();
      await page.setViewportSize({ width: 1600, height: 800 });
      await page.goto(`${base}/console/orders?customerId=ada`);
      const row = (number: string) => page.getByRole('row').filter({ hasText: number });
      const title = (name: string) => page.getByRole('heading', { level: 1, name });
      await row(newer.number).waitFor();
      for (const { number } of [newer, older]) {
        await page.keyboard.press('j');
        await page.keyboard.press('Enter');
        await title(number).waitFor();
        await page.waitForURL(`${base}/console/orders/${number}?customerId=ada`);
        expect(await page.title()).toContain(number);
        await row(newer.number).waitFor();
      }
      await check(page);
      await page.getByRole('button', { name: 'Cancel order' }).click();
      await page.getByRole('dialog').waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'hidden' });
      await title(older.number).waitFor();
      const key = { 'Idempotency-Key': crypto.randomUUID() };
      expect((await system.storefront('POST', `/orders/${older.id}/cancellation`, {}, key)).status).toBe(200);
      await row(older.number).getByText('cancelled').waitFor();
      await page.keyboard.press('Escape');
      await title('Orders').waitFor();
      await page.waitForURL(`${base}/console/orders?customerId=ada`);
      expect(await page.title()).toContain('Orders');
      expect(await page.evaluate('document.activeElement.textContent')).toBe(older.number);
      expect(faults).toEqual([]);
    });

    it('takes the place of its list on a phone, and gives it back', async () => {
      const { number } = await place(await system.product(5));
      const { page } = await asKim();
      await page.setViewportSize({ width: 1600, height: 800 });
      await page.goto(`${base}/console/orders/${number}`);
      const list = page.getByRole('region', { name: 'Orders' });
      await list.waitFor();
      await page.setViewportSize({ width: 360, height: 740 });
      await list.waitFor({ state: 'hidden' });
      await page.getByRole('heading', { level: 1, name: number }).waitFor();
      await page.goto(`${base}/console/orders`);
      await page.getByRole('link', { name: number }).click();
      await page.getByRole('heading', { level: 1, name: number }).waitFor();
      expect(await list.count()).toBe(0);
      await page.goBack();
      await list.waitFor();
      expect(await page.evaluate('document.activeElement.textContent')).toBe(number);
    });

    it('appears in the open list when the reader wants it', async () => {
      const { page } = await asKim();
      await page.goto(`${base}/console/orders`);
      await page.getByRole('table').waitFor();
      // The stream begins with its connection.
      await page.waitForTimeout(1_500);
      const { number } = await place(await system.product(1));
      await page.getByRole('button', { name: '1 new · show' }).click();
      await page.getByRole('link', { name: number }).waitFor();
    });
  });

  describe('every page', () => {
    const list = readFileSync(join(repositoryRoot(), 'web/console/pages.ts'), 'utf8');
    const ofPages = [...list.matchAll(/path: '([^'$]+)'/g)].map(([, path = '']) => path);
    const nobody = '/accounts/0195f0a0-0000-7000-8000-00000000000c';
    const paths = [...ofPages, '/orders?status=delivered', nobody, '/nowhere'];
    const looks = (['light', 'dark'] as const).flatMap((theme) => [1280, 360].map((width) => ({ theme, width })));

    it.each(looks)('has nothing for axe to find, $theme, at $width px', async ({ theme, width }) => {
      const { number } = await place(await system.product(2));
      const { page, faults } = await asKim();
      await page.emulateMedia({ colorScheme: theme });
      await page.setViewportSize({ width, height: 800 });
      const { body: account } = await system.backoffice('POST', '/accounts/lookup', { email: kim.email });
      for (const path of [...paths, `/accounts/${account.id}`, `/orders/${number}`]) {
        await page.goto(`${base}/console${path}`);
        await page.getByRole('heading', { level: 1 }).waitFor();
        await page.waitForLoadState('load');
        await check(page);
      }
      await page.getByRole('button', { name: 'Cancel order' }).click();
      await page.getByRole('dialog').waitFor();
      await check(page);
      await page.keyboard.press('Escape');
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
      await check(page);
      expect(faults).toEqual([]);
    });

    it('before signing in has nothing either', async () => {
      const { page, faults } = await openTab(browser);
      for (const path of ['/sign-in', '/welcome#token']) {
        await page.goto(`${base}/console${path}`);
        await page.getByRole('heading', { level: 1 }).waitFor();
        await check(page);
      }
      expect(faults).toEqual([]);
    });
  });

  it('loads less than 250 kB of script, compressed, for its first view', async () => {
    const { page } = await openTab(browser);
    const scripts = new Set<string>();
    page.on('response', (response) => {
      const { pathname } = new URL(response.url());
      if (pathname.endsWith('.js')) scripts.add(pathname.replace('/console/', ''));
    });
    await signInAs(page, base, kim);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    const bytes = [...scripts].map((path) => statSync(join(bundleFolder(), `${path}.gz`)).size);
    expect(bytes.length).toBeGreaterThan(1);
    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(250_000);
    expect(readFileSync(join(bundleFolder(), 'index.html'), 'utf8')).not.toMatch(/<style|<script(?![^>]*src=)/);
  });
});
