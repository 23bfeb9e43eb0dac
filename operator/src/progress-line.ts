import { setTimeout as delay } from 'node:timers/promises';

/** The stream that shows progress. */
export type Screen = Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>;

/** Runs `work` under a line of progress: redrawn in place on a terminal, a new line every few seconds elsewhere. */
export async function withProgress<T>(screen: Screen, line: () => string, work: () => Promise<T>): Promise<T> {
  const done = new AbortController();
  const drawing = redraw(screen, line, done.signal);
  try {
    return await work();
  } finally {
    done.abort();
    await drawing;
    draw(screen, line());
    if (screen.isTTY) screen.write('\n');
  }
}

async function redraw(screen: Screen, line: () => string, done: AbortSignal): Promise<void> {
  while (!done.aborted) {
    if (screen.isTTY) draw(screen, line());
    await delay(screen.isTTY ? 200 : 5_000, undefined, { signal: done }).catch(() => undefined);
    if (!screen.isTTY && !done.aborted) draw(screen, line());
  }
}

function draw(screen: Screen, line: string): void {
  // A wrapped line could not be redrawn in place.
  if (screen.isTTY) screen.write(`\r\x1b[2K${line.slice(0, (screen.columns ?? 80) - 1)}`);
  else screen.write(`${line}\n`);
}

/** `[########------------]  40 %  800/2000`. */
export function bar(done: number, all: number): string {
  const share = all === 0 ? 1 : done / all;
  const filled = Math.floor(share * 20);
  const percent = String(Math.floor(share * 100)).padStart(3);
  return `[${'#'.repeat(filled)}${'-'.repeat(20 - filled)}] ${percent} %  ${done}/${all}`;
}
