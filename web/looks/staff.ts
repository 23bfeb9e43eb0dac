import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { System } from '@shop/local/parts.ts';
import type { Browser, BrowserContext } from '../browser.ts';

const run = promisify(execFile);
const CLI = join(import.meta.dirname, '../../commands/cli.ts');

/** A browser's session of a new member of staff with both roles, whom `end` takes the roles away from. */
export async function signInAsStaff(browser: Browser, { folder }: System, baseUrl: string) {
  const email = `looks-${Date.now().toString(36)}@example.org`;
  const staff = async (...args: string[]) =>
    (await run(process.execPath, [CLI, 'staff', ...args], { env: { ...process.env, LOCAL_DIR: folder } })).stdout;
  const roles = ['--role', 'operations', '--role', 'backoffice'];
  const { link } = JSON.parse(await staff('add', email, ...roles, '--json')) as { link: string };
  const context: BrowserContext = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(new URL(link, baseUrl).href);
  await page.getByLabel('Name').fill('Kim Meyer');
  await page.getByLabel('Password').fill(crypto.randomUUID());
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
  await page.close();
  return {
    context,
    async end() {
      await context.close();
      await staff('remove', email);
    },
  };
}
