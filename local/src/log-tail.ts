import { readFileSync } from 'node:fs';
import { printable } from '@shop/operator/printable.ts';

/** The end of a log, for a fault's message. */
export function tailOf(log: string, lines = 15): string {
  try {
    const all = readFileSync(log, 'utf8').trimEnd().split('\n');
    return all
      .slice(-lines)
      .map((line) => `    ${printable(line.slice(0, 400))}`)
      .join('\n');
  } catch {
    return '    (no output)';
  }
}
