/**
 * `npm run bench --workspace web`: how long the list of orders takes in a browser of this machine, on a system of its own. It prints
 * numbers and judges nothing; web/README.md has the goals.
 */
import { endOwnSystem, startOwnSystem } from '@shop/chaos/own-system.ts';
import { urlOf } from '@shop/local/addresses.ts';
import { type Browser, type BrowserContext, type Page, startBrowser } from '../browser.ts';
import { fill } from '../looks/fill.ts';
import { signInAsStaff } from '../looks/staff.ts';
import { watchRows } from './watch-rows.ts';

const ROUNDS = 15;

const system = await startOwnSystem(`web-bench-${process.pid}`, undefined, 1);
const browser = await startBrowser();
try {
  await fill(system);
  const orders = `${urlOf(system.plan, 'gateway')}/console/orders`;
  const staff = await signInAsStaff(browser, system, orders);
  const session = await staff.context.storageState();
  await measure(browser, session, orders); // warms the server up
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) rounds.push(await measure(browser, session, orders));
  for (const name of Object.keys(rounds[0] ?? {}) as (keyof Round)[]) print(name, rounds);
  await staff.end();
} finally {
  await browser.close();
  await endOwnSystem(system, false);
}
process.exit();

type Round = Awaited<ReturnType<typeof measure>>;

/** A load with an empty cache, a reload, and the next 50 orders; in milliseconds. */
async function measure(
  browser: Browser,
  storageState: Awaited<ReturnType<BrowserContext['storageState']>>,
  orders: string,
) {
  const context = await browser.newContext({ storageState, viewport: { width: 1280, height: 800 } });
  try {
    const page = await context.newPage();
    await page.addInitScript({ content: watchRows });
    await page.goto(orders);
    const first = await rowsOf(page, 50);
    await page.reload();
    const second = await rowsOf(page, 50);
    await page.getByRole('button', { name: 'Older' }).click();
    const all = await rowsOf(page, 100);
    return {
      'navigation to the list of orders, empty cache': first.shownMs,
      'navigation to the list of orders, warm cache': second.shownMs,
      'layout of 50 orders after their answer': second.renderMs,
      'layout of 100 orders after their answer': all.renderMs,
    };
  } finally {
    await context.close();
  }
}

/** What watchRows measured when the list had so many rows. */
async function rowsOf(page: Page, count: number): Promise<{ shownMs: number; renderMs: number }> {
  const handle = await page.waitForFunction((name) => performance.getEntriesByName(name)[0]?.toJSON(), `${count} rows`);
  const { startTime, duration } = (await handle.jsonValue()) as { startTime: number; duration: number };
  return { shownMs: startTime + duration, renderMs: duration };
}

function print(name: keyof Round, rounds: readonly Round[]): void {
  const sorted = rounds.map((round) => round[name]).sort((one, other) => one - other);
  const [median, slowest] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  console.log(
    `${name.padEnd(48)} median ${median?.toFixed(0)} ms, slowest ${slowest?.toFixed(0)} ms of ${sorted.length}`,
  );
}
