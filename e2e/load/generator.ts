/**
 * Places orders at the ports of order-service, as the gateway does, and reports the results. A separate process, so
 * that it does not delay the timers of the test. It does little work per request, because it shares the machine with
 * the services.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'undici';
import { connect, exchange } from './exchange.ts';
import type { Load, LoadReport } from './load.ts';

// Due requests are sent together at this interval.
const TICK_MS = 5;
// The maximum time to catch up after this process was not scheduled; catching up on more would be a different load.
const LONGEST_BURST_MS = 100;
const GROWTH_WINDOW_MS = 5_000;
const NEARLY_ALL = 0.9;

interface Outcome {
  key: string;
  /** `201`, `503 overloaded`, or the code of the error. */
  name: string;
  ms: number;
  hasRetryAfter: boolean;
}

async function run(load: Load): Promise<LoadReport> {
  const pools = load.targets.map((target) => connect(target));
  const outcomes: Outcome[] = [];
  let sent = 0;
  const began = performance.now();
  let lastSent = began;

  function place(): Promise<void> {
    const n = sent++;
    lastSent = performance.now();
    const pool = pools[n % pools.length] as Pool;
    const sku = load.skus[n % load.skus.length] as string;
    return send(pool, load.headers, `${load.keyPrefix}-${n}`, sku).then((outcome) => {
      outcomes.push(outcome);
    });
  }

  const { arrivals } = load;
  const end = began + load.seconds * 1_000;
  if ('clients' in arrivals) {
    const client = async () => {
      while (performance.now() < end) await place();
    };
    await Promise.all(Array.from({ length: arrivals.clients }, client));
  } else {
    const running = new Set<Promise<void>>();
    const ratePerMs = arrivals.grows ? growing(arrivals.perSecond, outcomes) : () => arrivals.perSecond / 1_000;
    let due = 1;
    let last = began;
    for (let now = began; now < end; now = performance.now()) {
      due += Math.min(now - last, LONGEST_BURST_MS) * ratePerMs();
      last = now;
      for (; due >= 1; due -= 1) {
        const one: Promise<void> = place().finally(() => running.delete(one));
        running.add(one);
      }
      await sleep(TICK_MS);
    }
    await Promise.all(running);
  }
  await Promise.all(pools.map((pool) => pool.destroy()));
  return toReport(outcomes, sent, (lastSent - began) / 1_000);
}

/** The rate grows, because the capacity may have been measured while the machine was busy with other processes. */
function growing(perSecond: number, outcomes: readonly Outcome[]): () => number {
  let rate = perSecond / 1_000;
  let since = performance.now();
  let counted = 0;
  return () => {
    if (performance.now() - since < GROWTH_WINDOW_MS) return rate;
    const latest = outcomes.slice(counted);
    if (latest.filter(isAccepted).length > NEARLY_ALL * latest.length) rate *= 1.25;
    counted = outcomes.length;
    since = performance.now();
    return rate;
  };
}

function isAccepted({ name }: Outcome): boolean {
  return /^(201|202|409)/.test(name);
}

async function send(pool: Pool, headers: Load['headers'], key: string, sku: string): Promise<Outcome> {
  const body = `{"customerId":"c-1","currency":"EUR","lines":[{"sku":"${sku}","quantity":1}]}`;
  const since = performance.now();
  const request = { path: '/orders', method: 'POST', headers: { ...headers, 'idempotency-key': key }, body } as const;
  const { status, code, headers: answered } = await exchange(pool, request);
  // A response of 400 or above without a problem code gets the name `<status> undefined`, which fails the test.
  const name = status === 0 ? `${code}` : status >= 400 ? `${status} ${code}` : `${status}`;
  return { key, name, ms: performance.now() - since, hasRetryAfter: answered['retry-after'] !== undefined };
}

function toReport(outcomes: readonly Outcome[], sent: number, sendingSeconds: number): LoadReport {
  const answers: Record<string, number> = {};
  for (const { name } of outcomes) answers[name] = (answers[name] ?? 0) + 1;
  const keysOf = (wanted: string) => outcomes.filter(({ name }) => name === wanted).map(({ key }) => key);
  return {
    sent,
    sendingSeconds,
    answers,
    withoutRetryAfter: outcomes.filter(({ name, hasRetryAfter }) => name.startsWith('503') && !hasRetryAfter).length,
    acceptedMs: quantiles(outcomes.filter(isAccepted)),
    refusedMs: quantiles(outcomes.filter((outcome) => !isAccepted(outcome))),
    confirmedKeys: keysOf('201'),
    acceptedKeys: keysOf('202'),
    overloadedKeys: keysOf('503 overloaded'),
  };
}

function quantiles(outcomes: readonly Outcome[]): LoadReport['acceptedMs'] {
  const sorted = outcomes.map(({ ms }) => ms).sort((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { median: at(0.5), p99: at(0.99), most: at(1) };
}

process.on('message', async (load: Load) => {
  process.send?.(await run(load));
});
process.on('disconnect', () => process.exit());
