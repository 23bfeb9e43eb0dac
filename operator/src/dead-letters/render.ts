import type { DeadLetter, DeadLetterGroup, WholeDeadLetter } from '../../../clients/typescript/src/index.ts';
import { printable } from '../printable.ts';

/** Any entry of a history: the members of a failed attempt are those of the message's headers. */
interface HistoryEntry {
  type: string;
  [member: string]: unknown;
}

/** Open letters grouped by likely cause. */
export function renderGroups(groups: readonly DeadLetterGroup[]): string {
  if (groups.length === 0) return 'No open dead letters.';
  const rows = groups.map(({ count, group, firstAt, lastAt }) => [String(count), group, short(firstAt), short(lastAt)]);
  return table(['open', 'group', 'first', 'last'], rows);
}

/** One line per letter. */
export function renderLetters(letters: readonly DeadLetter[]): string {
  const rows = letters.map(({ id, status, attempts, type, reason, history }) => {
    const last: HistoryEntry | undefined = history.at(-1);
    return [id, status, String(attempts), type, reason, short(last?.at), String(last?.actor ?? '')];
  });
  return table(['id', 'status', 'attempts', 'type', 'reason', 'last change', 'by'], rows);
}

/** All details of one letter. */
export function renderWhole({ message, history, ...letter }: WholeDeadLetter): string {
  const members = Object.entries(letter).map(([name, value]) => `${name.padEnd(12)} ${printable(String(value))}`);
  return [
    ...members,
    '',
    'history',
    ...history.flatMap(renderEntry),
    '',
    `message ${printable(message.id)}, routing key ${printable(message.routingKey)}`,
    printable(`headers ${JSON.stringify(message.headers)}`),
    `body    ${printable(message.body)}`,
  ].join('\n');
}

function renderEntry({ type, at, ...more }: HistoryEntry): string[] {
  const text = String(more.stack ?? more.message ?? more.detail ?? '');
  const by = [more.reason, more.actor && `by ${more.actor}`].filter(Boolean).join(', ');
  const lines = text === '' ? [] : text.split('\n').map((line) => `      ${printable(line)}`);
  return [`  ${short(at).padEnd(20)} ${printable(`${type} ${by}`)}`.trimEnd(), ...lines];
}

function short(time: unknown): string {
  return typeof time === 'string' ? printable(time).slice(0, 19).replace('T', ' ') : '';
}

function table(head: string[], cells: string[][]): string {
  const rows = cells.map((row) => row.map(printable));
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [head, ...rows].map(line).join('\n');
}
