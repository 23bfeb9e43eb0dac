import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import type { BrowserContext, Page, Route } from 'playwright-core';
import type { System } from '../../../e2e/system.ts';
import { startBrowser } from '../../browser.ts';

const run = promisify(execFile);
const CLI = join(__dirname, '../../../commands/cli.ts');
export const PASSWORD = 'correct horse battery staple';

export interface Console {
  context: BrowserContext;
  page: Page;
  /** Opens a page of the console, such as `/orders`. */
  open(path: string): Promise<void>;
}

/** A browser at the console of this system, signed in as a new member of staff with both roles. */
export async function openConsole(system: System, name: string): Promise<Console> {
  const browser = await startBrowser();
  atEnd(() => browser.close());
  const context = await browser.newContext({ locale: 'en-GB' });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  await page.goto(await invite(system, `${name}@example.org`));
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByRole('navigation').first().waitFor();
  const open = async (path: string) => {
    await page.goto(`${system.env.BASE_URL}/console${path}`);
  };
  return { context, page, open };
}

/** The link of an invitation. */
export async function invite(system: System, email: string, roles = ['operations', 'backoffice']): Promise<string> {
  const options = roles.flatMap((role) => ['--role', role]);
  const env = { ...process.env, LOCAL_DIR: system.folder };
  const { stdout } = await run(process.execPath, [CLI, 'staff', 'add', email, ...options], { env });
  const link = /http\S+#\S+/.exec(stdout)?.[0];
  if (!link) throw new Error(`no link in: ${stdout}`);
  return link;
}

/** What a bad network does to a write. It gets the number of the attempt, from 1. */
export type Misfortune = (route: Route, attempt: number) => Promise<void>;

/** The network of a write. Each also returns the keys of all attempts. */
export const misfortunes = {
  'the request is lost': async (route, attempt) => (attempt === 1 ? route.abort('connectionreset') : route.continue()),
  'the answer is lost': async (route, attempt) => {
    if (attempt > 1) return route.continue();
    await route.fetch();
    await route.abort('connectionreset');
  },
  'the answer is lost four times': async (route, attempt) => {
    if (attempt > 4) return route.continue();
    await route.fetch();
    await route.abort('connectionreset');
  },
  'the request arrives twice': async (route) => {
    const [, second] = await Promise.all([route.fetch(), route.fetch()]);
    await route.fulfill({ response: second });
  },
  'the answer comes after five seconds': async (route) => {
    const response = await route.fetch();
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    await route.fulfill({ response });
  },
  'a 504 hides an effect': async (route, attempt) => {
    if (attempt > 1) return route.continue();
    await route.fetch();
    await route.fulfill({ status: 504, contentType: 'application/json', body: '{}' });
  },
} satisfies Record<string, Misfortune>;

/** Let this happen to the POST requests of a page whose path matches. Returns the keys of the attempts. */
export async function meet(page: Page, path: RegExp, misfortune: Misfortune): Promise<string[]> {
  const keys: string[] = [];
  await page.route(
    (url) => path.test(url.pathname),
    async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      keys.push(route.request().headers()['idempotency-key'] ?? '');
      await misfortune(route, keys.length);
    },
  );
  return keys;
}
