/** Accounts in the console: the back office finds a person, and sees what belongs to the person. */
import { toToken } from '@shop/account-service/email-tokens/email-token.ts';
import { createMasterKey } from '@shop/account-service/master-key.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import type { Page } from 'playwright-core';
import { anOrderOf, placeAndWait, type System, startSystem } from '../../../e2e/system.ts';
import { hasBrowser } from '../../browser.ts';
import { type Console, invite, openConsole, PASSWORD } from './open-console.ts';
import { openTab } from './tabs.ts';

const MARKUP = '<img src=x onerror="alert(1)"> Ada';

describeNeeding('Chromium', hasBrowser, 'accounts in the console', () => {
  let system: System;
  let staff: Console;
  let page: Page;
  beforeAll(async () => {
    system = await startSystem(1);
    staff = await openConsole(system, 'kim');
    page = staff.page;
  });

  const heading = (name: string) => page.getByRole('heading', { level: 1, name });
  const field = () => page.getByLabel('Mail address or account id');
  const query = (sql: string, values: unknown[]) =>
    withClient(system.env.ACCOUNT_DB_URL ?? '', async (client) => (await client.query(sql, values)).rows);

  /** An account whose person has answered the mail. */
  async function aShopper(email: string, name: string): Promise<string> {
    await system.anonymous('POST', '/accounts', { email });
    const [mail] = await query('SELECT id FROM email_tokens WHERE email = $1', [email]);
    const token = toToken(createMasterKey([system.env.ACCOUNT_MASTER_KEY ?? '']), mail?.id);
    const { body } = await system.anonymous('POST', '/accounts/verification', { token, name, password: PASSWORD });
    return body.account.id;
  }

  /** A confirmed order of a shopper, as the shop will place it. */
  async function anOrderFor(account: string): Promise<string> {
    const { body } = await placeAndWait(system, anOrderOf(await system.product(5)));
    const sql = `UPDATE orders SET client_id = 'web', customer_id = $2 WHERE id = $1`;
    await system.orderDb.query(sql, [body.id, account]);
    return body.number;
  }

  it('finds a person by mail address, which is in no address, and shows the orders and markup as text', async () => {
    const id = await aShopper('ada@example.org', MARKUP);
    const number = await anOrderFor(id);
    const urls: string[] = [];
    page.on('request', (request) => urls.push(request.url()));
    await page.keyboard.press('g');
    await page.keyboard.press('a');
    await heading('Accounts').waitFor();
    await page.getByText('npm run staff -- add').waitFor();
    await field().fill('ADA@example.org');
    await page.keyboard.press('Enter');
    await heading(MARKUP).waitFor();
    expect(page.url()).toBe(`${system.env.BASE_URL}/console/accounts/${id}`);
    await page.getByText('A shopper.').waitFor();
    await page.getByText('ada@example.org', { exact: true }).waitFor();
    expect(await page.locator('main img').count()).toBe(0);
    expect(urls.filter((url) => /ada(@|%40)/i.test(url))).toEqual([]);
    await page.reload();
    await heading(MARKUP).waitFor();
    await page.getByRole('link', { name: number }).click();
    await heading(number).waitFor();
    await page.getByRole('link', { name: id }).last().click();
    await heading(MARKUP).waitFor();
    await page.getByRole('link', { name: 'All orders' }).click();
    await page.waitForURL((url) => url.search === `?customerId=${id}&clientId=web`);
    await page.getByRole('link', { name: number }).waitFor();
  });

  it('finds a mail address from the search, and "back" leads to where the search was', async () => {
    await aShopper('eve@example.org', 'Eve');
    await staff.open('/parts');
    await heading('Parts').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('eve@example.org');
    await page.keyboard.press('Enter');
    await heading('Eve').waitFor();
    await page.getByText('No orders', { exact: true }).waitFor();
    await page.goBack();
    await heading('Parts').waitFor();
  });

  it('says what it cannot find', async () => {
    await staff.open('/accounts');
    await field().fill('nobody');
    await page.getByRole('button', { name: 'Find account' }).click();
    await page.getByText('Enter a whole mail address').waitFor();
    await field().fill('nobody@example.org');
    await page.getByText('Enter a whole mail address').waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Find account' }).click();
    await page.getByText('No account has the mail address nobody@example.org').waitFor();
    const nobody = '0195f0a0-0000-7000-8000-00000000000c';
    await field().fill(nobody.toUpperCase());
    await page.keyboard.press('Enter');
    await page.getByText('No account has this id').waitFor();
    expect(page.url()).toBe(`${system.env.BASE_URL}/console/accounts/${nobody}`);
    await staff.open(`/orders/${nobody}`);
    await page.getByRole('link', { name: 'Look for an account with this id' }).click();
    await page.getByText('No account has this id').waitFor();
  });

  it('is where the story of an order leads, for what a person did', async () => {
    const { body } = await placeAndWait(system, anOrderOf(await system.product(5)));
    await staff.open(`/orders/${body.number}`);
    await page.getByRole('button', { name: 'Cancel order' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel order' }).click();
    await page.getByRole('link', { name: /^by staff/ }).click();
    await heading('kim').waitFor();
    await page.getByText('A member of staff: backoffice, operations.').waitFor();
  });

  it('shows an invitation that was not accepted, and what was deleted', async () => {
    await invite(system, 'grace@example.org', ['operations']);
    await staff.open('/accounts');
    await page.getByRole('row', { name: /^grace@example.org operations .*not verified/ }).waitFor();
    await page.getByRole('link', { name: 'grace@example.org' }).click();
    await page.getByText('Invited as staff (operations)').waitFor();
    const id = await aShopper('bob@example.org', 'Bob');
    await query(
      `UPDATE accounts SET status = 'deleted', name = NULL, email = NULL, version = version + 1 WHERE id = $1`,
      [id],
    );
    await staff.open(`/accounts/${id}`);
    await heading('Deleted account').waitFor();
  });

  it('is not shown to people without the role', async () => {
    const { body } = await placeAndWait(system, anOrderOf(await system.product(5)));
    await staff.open(`/orders/${body.number}`);
    await page.getByRole('button', { name: 'Cancel order' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel order' }).click();
    await page.getByRole('link', { name: /^by staff/ }).waitFor();
    const { page: other } = await openTab(staff.context.browser() ?? fail());
    await other.goto(await invite(system, 'ole@example.org', ['operations']));
    await other.getByLabel('Name').fill('Ole');
    await other.getByLabel('Password').fill(PASSWORD);
    await other.getByRole('button', { name: 'Create account' }).click();
    await other.getByRole('navigation', { name: 'Pages' }).waitFor();
    expect(await other.getByRole('link', { name: 'Accounts' }).count()).toBe(0);
    await other.goto(`${system.env.BASE_URL}/console/orders/${body.number}`);
    await other.getByText(/^by staff/).waitFor();
    expect(await other.getByRole('link', { name: /^by staff/ }).count()).toBe(0);
    await other.goto(`${system.env.BASE_URL}/console/accounts`);
    await other.getByText('Not allowed').waitFor();
    await other.getByText('It has: operations.').waitFor();
    await other.getByRole('row', { name: 'kim@example.org' }).waitFor();
  });

  it('says when account-service does not answer, and goes on when it does', async () => {
    const id = await aShopper('joe@example.org', 'Joe');
    await staff.open('/accounts');
    await field().fill('joe@example.org');
    const part = (await system.parts()).find(({ part }) => part.startsWith('account'))?.part ?? '';
    await system.control('kill', part);
    atEnd(() => system.control('start', part).catch(() => undefined));
    await page.getByRole('button', { name: 'Find account' }).click();
    await page.getByRole('alert').getByText('No answer').waitFor({ timeout: 60_000 });
    await system.control('start', part);
    await page.getByRole('button', { name: 'Try again' }).click();
    await heading('Joe').waitFor({ timeout: 60_000 });
    expect(page.url()).toContain(id);
  });
});

function fail(): never {
  throw new Error('there is no browser');
}
