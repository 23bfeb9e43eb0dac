import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Violation } from './checker.ts';
import type { Evidence } from './evidence.ts';
import type { Operation } from './history.ts';
import type { DoneFault } from './nemesis.ts';

/** Everything known about the subject of a violation, to find its cause. */
export type Trace = Record<'requests' | 'timeline' | 'events' | 'faults' | 'logs', string[]>;

const MAX_LINES = 40;

/** What happened to an order or a key: requests with responses, timeline, events, concurrent faults, logs. */
export async function traceOf(
  violation: Violation,
  { operations, orders, timeline, events }: Evidence,
  faults: readonly DoneFault[],
  logFolder: string,
): Promise<Trace> {
  const order = orders.find(
    ({ id, key }) => id === violation.orderId || (violation.key !== undefined && key === violation.key),
  );
  const id = violation.orderId ?? order?.id;
  const keys = [violation.key, order?.key].filter((key) => key !== undefined);
  const concerned = operations.filter((one) => keys.includes(one.key) || (id !== undefined && one.orderId === id));
  const story = timeline.filter(({ orderId }) => orderId === id);
  const times = concerned
    .flatMap(({ tries }) => tries.flatMap(({ sentAt, endedAt }) => [sentAt, endedAt]))
    .filter(Number.isFinite);
  const [from, to] = [Math.min(...times) - 3_000, Math.max(...times) + 3_000];
  const traceIds = concerned.flatMap(({ tries }) => tries.flatMap(({ answer }) => traceIdIn(answer?.text)));
  const needles = new Set([...(id ? [id] : []), ...story.map(({ correlationId }) => correlationId), ...traceIds]);
  return {
    requests: concerned.flatMap(requestLines).slice(0, MAX_LINES),
    timeline: story.map(({ at, type, correlationId }) => `${JSON.stringify(at)} ${type} ${correlationId}`),
    events: events
      .filter(({ orderId }) => orderId === id)
      .map(({ version, type, messageId }) => `${version} ${type} ${messageId}`),
    faults: faults.filter(({ began, ended }) => ended > from && began < to).map(faultLine),
    logs: await logLines(logFolder, [...needles]),
  };
}

/** One fault as text. */
export function faultLine({ kind, part, how, began, ended, effect }: DoneFault): string {
  const when = ended > began + 50 ? `${time(began)} to ${time(ended)}` : time(began);
  return `${when} ${kind} ${part} (${how})${effect ? '' : ', without effect'}`;
}

function requestLines({ kind, key, client, bodies, tries }: Operation): string[] {
  const head = `${kind} by the ${client}, key ${key}: ${bodies.join(' or ')}`;
  const lines = tries.map(({ variant, sentAt, endedAt, answer, cause }) => {
    const outcome = answer ? `${answer.status} ${answer.text.slice(0, 400)}` : cause;
    return `  ${time(sentAt)} body ${variant} -> ${time(endedAt)} ${outcome}`;
  });
  return [head, ...lines];
}

function time(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(3)} s`;
}

function traceIdIn(text: string | undefined): string[] {
  return text?.match(/"traceId":"([0-9a-f]{32})"/)?.slice(1) ?? [];
}

async function logLines(folder: string, needles: readonly string[]): Promise<string[]> {
  if (needles.length === 0) return [];
  const found: string[] = [];
  for (const name of readdirSync(folder).filter((one) => /^(order|inventory|account|gateway).*\.log$/.test(one))) {
    for await (const line of createInterface({ input: createReadStream(join(folder, name)) })) {
      if (!needles.some((needle) => line.includes(needle))) continue;
      found.push(`${name}: ${line.slice(0, 1_000)}`);
      if (found.length >= MAX_LINES) return found;
    }
  }
  return found;
}
