import { readFileSync, statfsSync } from 'node:fs';
import { printable } from '@shop/operator/printable.ts';

/** The end of a log for an error message. If the disk is full, it says so, because the reason may be missing in the log. */
export function tailOf(log: string, lines = 15): string {
  try {
    const all = readFileSync(log, 'utf8').trimEnd().split('\n');
    const tail = all.slice(-lines).map((line) => `    ${printable(line.slice(0, 400))}`);
    if (statfsSync(log).bavail === 0) tail.push('    (the disk is full: later lines could not be written)');
    return tail.join('\n');
  } catch {
    return '    (no output)';
  }
}
