import { urlOf } from '@shop/local/addresses.ts';
import type { System } from '@shop/local/parts.ts';
import type { Progress } from '@shop/local/progress.ts';
import { type Browser, startBrowser } from '../browser.ts';
import { findExamples } from './examples.ts';
import { connect, fill } from './fill.ts';
import type { Options } from './options.ts';
import { signInAsStaff } from './staff.ts';
import { type Picture, type Place, take } from './take.ts';
import type { Examples, State, View } from './views.ts';

interface Job {
  system: System;
  /** Where the pictures are put. */
  folder: string;
  options: Options;
  progress: Progress;
  interruption: AbortSignal;
}

interface Taken {
  pictures: Picture[];
  /** What could not be taken, and why. */
  failures: string[];
}

// So many pages are open at a time: those of an error mostly wait.
const AT_ONCE = 4;

/** Takes the pictures of empty pages before there is any data, then all others. */
export async function takeAll(job: Job): Promise<Taken> {
  const browser = await startBrowser();
  try {
    return await withStaff(job, browser);
  } finally {
    await browser.close();
  }
}

async function withStaff(job: Job, browser: Browser): Promise<Taken> {
  const { system, folder, options, progress } = job;
  const baseUrl = urlOf(system.plan, 'gateway');
  const staff = await progress.step('member of staff', () => signInAsStaff(browser, system, baseUrl));
  try {
    const outside = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce' });
    const taken: Taken = { pictures: [], failures: [] };
    const place = { baseUrl, folder, staff: staff.context, outside };
    if (!options.here) {
      await progress.step('pictures without data', () => takeStates(job, place, ['empty'], {}, taken));
      await progress.step('data', () => fill(system));
    }
    const examples = await findExamples(connect(system).operations);
    await progress.step('pictures', () => takeStates(job, place, ['full', 'loading', 'error'], examples, taken));
    return taken;
  } finally {
    await staff.end();
  }
}

async function takeStates(
  { options, interruption }: Job,
  place: Place,
  wanted: readonly State[],
  examples: Examples,
  taken: Taken,
): Promise<void> {
  const shots = options.views.flatMap((view) =>
    wanted.filter((state) => view.states.includes(state)).map((state) => ({ view, state })),
  );
  await inLanes(shots, async ({ view, state }) => {
    interruption.throwIfAborted();
    try {
      taken.pictures.push(...(await take(place, view, state, examples)));
    } catch (error) {
      interruption.throwIfAborted();
      taken.failures.push(`No picture of ${nameOf(view, state)}: ${(error as Error).message}`);
    }
  });
}

function nameOf({ page, detail }: View, state: State): string {
  return [page, detail, state].filter(Boolean).join(', ');
}

/** Works on a few at a time, in order. */
async function inLanes<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const lane = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}
