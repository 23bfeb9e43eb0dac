/**
 * What a flood of sign-ins does to orders, and whether times tell which mail addresses have accounts:
 *
 *   npx node bench/sign-ins/main.ts
 *
 * Each round measures orders at a fixed rate, alone and while 10,000 sign-ins arrive at once, each of an account and from an
 * address of its own: so the limits of failures stop none of them. The ratio of the two 99 % quantiles is the result. Then single
 * sign-ins and sign-ups, for addresses with and without an account by turns.
 */
import { constants, setPriority } from 'node:os';
import { createPasswordHasher } from '@shop/account-service/passwords/password-hasher.ts';
import { endOwnSystem, startOwnSystem } from '@shop/chaos/own-system.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import { connect, exchange } from '@shop/e2e/load/exchange.ts';
import { databaseUrl, scriptVariables, serviceUrls } from '@shop/local/addresses.ts';
import type { System } from '@shop/local/parts.ts';
import type { Dispatcher } from 'undici';
import type { Samples } from '../client/job.ts';
import { createLoadProcesses, type LoadProcesses } from '../load-processes.ts';
import { digits, failuresText, spread } from '../report/format.ts';
import { PLENTY } from '../scenarios.ts';
import { insertProducts } from '../sides/databases.ts';
import { quantile, spreadOf } from '../statistics.ts';

const ROUNDS = 3;
const SIGN_INS = 10_000;
// The sockets that two processes of Kong keep open to a service are fewer, and a process of the service takes 4,000.
const CONNECTIONS = 2_000;
// Enough for a quantile of the seconds that the sign-ins take; less than one process decides, so that orders are not the overload.
const ORDERS_PER_SECOND = 150;
const WARM_UP_MS = 5_000;
const ALONE_MS = 10_000;
// Only the orders count that arrive while sign-ins are under way.
const BESIDE_MS = 12_000;
/** Pairs of calls with a known and an unknown mail address. */
const PAIRS = 100;
const PASSWORD = 'correct horse battery staple';

const skus = Array.from({ length: 1_000 }, (_, n) => `SKU-${n}`);
let callers = 0;
const interruption = new AbortController();
process.once('SIGINT', () => interruption.abort());
const system = await startOwnSystem(`bench/sign-ins-${process.pid}`, undefined, 1);
const processes = createLoadProcesses(interruption.signal);
try {
  await prepare(system);
  await measureFlood(system, processes);
  await measureTimes(system);
} finally {
  await processes.end();
  await endOwnSystem(system, false);
}

async function prepare({ plan, secrets }: System): Promise<void> {
  await insertProducts(databaseUrl(plan, secrets, 'inventory', 'owner'), skus, PLENTY);
  const { hash, salt, memoryKib, passes, parallelism } = await createPasswordHasher().hash(PASSWORD);
  await withClient(databaseUrl(plan, secrets, 'account', 'owner'), (client) =>
    client.query(
      /* sql */ `
      WITH made AS (
        INSERT INTO accounts (id, email, name, locale, status)
        SELECT gen_random_uuid(), 'known-' || n || '@example.org', 'Ada', 'en', 'active' FROM generate_series(1, $1) AS n
        RETURNING id)
      INSERT INTO credentials (account_id, hash, salt, memory_kib, passes, parallelism)
      SELECT id, $2, $3, $4, $5, $6 FROM made`,
      [SIGN_INS, hash, salt, memoryKib, passes, parallelism],
    ),
  );
}

async function measureFlood({ plan, secrets }: System, load: LoadProcesses): Promise<void> {
  const { GATEWAY_TOKEN = '' } = scriptVariables(plan, secrets);
  let jobs = 0;
  /** Orders for this long; the samples. */
  const order = (milliseconds: number): Promise<Samples> => {
    const startAt = Date.now() + 150;
    jobs += 1;
    return load.run('ours', {
      work: { kind: 'place', lines: 2, skus },
      targets: serviceUrls(plan, 'order'),
      headers: {
        'content-type': 'application/json',
        'x-gateway-token': GATEWAY_TOKEN,
        'x-consumer-custom-id': 'bench',
        'x-consumer-groups': 'storefront',
      },
      keyPrefix: `sign-ins-${jobs}`,
      locations: [],
      arrivals: { perSecond: ORDERS_PER_SECOND },
      startAt,
      endAt: startAt + milliseconds,
    });
  };
  await order(WARM_UP_MS);
  // The senders of a flood are other machines: this process, which sends it, takes only the CPUs that all others leave.
  setPriority(constants.priority.PRIORITY_LOW);
  await flood(system, 200);
  const ratios: number[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    const alone = p99(await order(ALONE_MS), { from: 0, to: Number.POSITIVE_INFINITY });
    const ordering = order(BESIDE_MS);
    const flooded = await flood(system, SIGN_INS);
    const beside = p99(await ordering, flooded);
    ratios.push(beside / alone);
    const took = digits((flooded.to - flooded.from) / 1_000);
    console.log(`${round}: ${digits(alone)} ms alone, ${digits(beside)} ms beside; ${took} s: ${flooded.outcomes}`);
  }
  console.log(
    `p99 of orders beside ${SIGN_INS} sign-ins at once: ${spread(spreadOf(ratios))} times that alone (goal: 1.5)`,
  );
}

/** All at once; when the first began and the last was answered, and what became of them. */
async function flood(
  { plan, secrets }: System,
  count: number,
): Promise<{ from: number; to: number; outcomes: string }> {
  const [target = ''] = serviceUrls(plan, 'account');
  const pool = connect(target, CONNECTIONS);
  const { GATEWAY_KEYLESS_TOKEN = '' } = scriptVariables(plan, secrets);
  const from = Date.now();
  const answers = await Promise.all(
    Array.from({ length: count }, (_, n) => {
      const body = { email: `known-${n + 1}@example.org`, password: PASSWORD };
      return exchange(pool, anyones(GATEWAY_KEYLESS_TOKEN, '/sessions', body));
    }),
  );
  const to = Date.now();
  await pool.destroy();
  const outcomes: Record<string, number> = {};
  for (const { status, code } of answers) {
    const name = `${status} ${code ?? ''}`.trim();
    outcomes[name] = (outcomes[name] ?? 0) + 1;
  }
  return { from, to, outcomes: failuresText(outcomes) };
}

function p99({ at, ms, outcome, names }: Samples, { from, to }: { from: number; to: number }): number {
  const unexpected = names.filter((name) => name !== '201');
  if (unexpected.length > 0) console.log(`orders were answered with ${unexpected.join(', ')} too`);
  const times = ms.filter((_, n) => (at[n] ?? 0) >= from && (at[n] ?? 0) <= to && names[outcome[n] ?? 0] === '201');
  return quantile(
    times.sort((a, b) => a - b),
    0.99,
  );
}

/** By turns, so that whatever else the machine does is in both. */
async function measureTimes({ plan, secrets }: System): Promise<void> {
  const [target = ''] = serviceUrls(plan, 'account');
  const pool = connect(target, 1);
  const { GATEWAY_KEYLESS_TOKEN = '' } = scriptVariables(plan, secrets);
  const timed = async (path: string, expected: number, body: object) => {
    const began = performance.now();
    const { status } = await exchange(pool, anyones(GATEWAY_KEYLESS_TOKEN, path, body));
    const took = performance.now() - began;
    if (status !== expected) throw new Error(`${path} was answered with ${status} instead of ${expected}`);
    return took;
  };
  for (const [what, path, expected, more] of [
    ['sign-in with a wrong password', '/sessions', 401, { password: 'a wrong password' }],
    ['sign-up', '/accounts', 202, {}],
  ] as const) {
    const known: number[] = [];
    const unknown: number[] = [];
    // Each account once: further failures of one, and further mails to one, are something else.
    for (let n = 1; n <= PAIRS; n += 1) {
      known.push(await timed(path, expected, { email: `known-${n}@example.org`, ...more }));
      unknown.push(await timed(path, expected, { email: `other-${n}@example.org`, ...more }));
    }
    const [a, b] = [spreadOf(known)?.median ?? Number.NaN, spreadOf(unknown)?.median ?? Number.NaN];
    console.log(`${what}: ${digits(a)} ms with an account, ${digits(b)} ms without, ratio ${digits(a / b)}`);
  }
  await pool.destroy();
}

/** A request of anyone through the gateway, each from an address of its own. */
function anyones(gatewayToken: string, path: string, body: object): Dispatcher.DispatchOptions {
  callers += 1;
  const address = [10, callers >> 16, (callers >> 8) & 255, callers & 255].join('.');
  const headers = {
    'content-type': 'application/json',
    'x-gateway-token': gatewayToken,
    'x-caller': 'shopper',
    'x-real-ip': address,
  };
  return { method: 'POST', path, headers, body: JSON.stringify(body) };
}
