/** `npm run looks`: pictures of every page of the console, so that a change is looked at before it is committed. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endOwnSystem, startOwnSystem } from '@shop/chaos/own-system.ts';
import { Fault } from '@shop/chassis/base/fault.ts';
import { localFolder } from '@shop/local/folders.ts';
import { showProgress } from '@shop/local/progress.ts';
import { readSystem } from '@shop/local/start-system.ts';
import { hasBrowser } from '../browser.ts';
import { help, parseOptions } from './options.ts';
import { sheetOf } from './sheet.ts';
import { takeAll } from './take-all.ts';

/** Exit code 0 if all pictures were taken, 1 if not. */
export async function looksCommand(args: string[]): Promise<number> {
  const options = parseOptions(args);
  if (options === 'help') {
    console.log(help);
    return 0;
  }
  if (!hasBrowser) throw new Fault('npm run looks needs Chromium on the PATH: apt-get install chromium');
  const progress = showProgress();
  const interruption = endBySignal();
  const folder = join(localFolder(), 'looks');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const system = options.here
    ? readSystem()
    : await progress.step('start of a system', () => startOwnSystem(`looks-${process.pid}`, undefined, 1));
  try {
    const { pictures, failures } = await takeAll({ system, folder, options, progress, interruption });
    const sheet = join(folder, 'index.html');
    writeFileSync(sheet, sheetOf(pictures, new Date()));
    await print(options.json ? JSON.stringify({ folder, pictures }, null, 2) : `${pictures.length} pictures: ${sheet}`);
    for (const failure of failures) console.error(failure);
    return failures.length === 0 ? 0 : 1;
  } catch (error) {
    if (!interruption.aborted) throw error;
    console.error('Interrupted.');
    return 130;
  } finally {
    if (!options.here) await progress.step('end of the system', () => endOwnSystem(system, false));
  }
}

/** Aborted by an interrupt, which also closes the browser. */
function endBySignal(): AbortSignal {
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interruption.abort());
  return interruption.signal;
}

/** Waits until the output is written: process.exit() discards what a pipe has not accepted yet. */
function print(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${text}\n`, () => resolve()));
}
