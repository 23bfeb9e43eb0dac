// Run a reconciliation while the gateway is closed, and print the mismatches. Runs inside a container of the service, which has
// its token; passed by standard input, because the image does not contain it:
//
//   docker compose exec -T order-service-1 node --input-type=module - orders <deploy/backup/reconcile.mjs
//
// Exit code: 0 no mismatches, or all are repaired; 3 there are mismatches to resolve manually; 1 the comparison failed.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

const service = process.argv[2];
if (!service) throw new Error('specify the service as in /operations/<service>, such as orders');
const { PORT = '3000', GATEWAY_TOKEN, GATEWAY_TOKEN_FILE } = process.env;
const token = GATEWAY_TOKEN ?? readFileSync(GATEWAY_TOKEN_FILE, 'utf8').trimEnd();
const path = `/operations/${service}/reconciliation`;

async function call(method, query, headers) {
  const response = await fetch(`http://127.0.0.1:${PORT}${path}${query}`, {
    method,
    headers: {
      'X-Gateway-Token': token,
      'X-Consumer-Custom-ID': 'restore',
      'X-Consumer-Groups': 'operations',
      ...headers,
    },
  });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  return { status: response.status, body: await response.json() };
}

/** Repeats the request with one key until the run has ended; each call waits up to two seconds for it. */
async function compare() {
  const key = randomUUID();
  for (;;) {
    const { status, body } = await call('POST', '', { 'Idempotency-Key': key });
    if (status === 200) return body;
  }
}

async function listMismatches() {
  const all = [];
  let cursor;
  do {
    const query = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { body } = await call('GET', `?limit=100${query}`);
    all.push(...body.mismatches);
    cursor = body.nextCursor;
  } while (cursor !== undefined);
  return all;
}

const run = await compare();
if (run.status !== 'finished') {
  console.error(`The comparison failed: ${run.error}`);
  process.exitCode = 1;
} else {
  for (const { kind, subject, expected, found, repaired, proposal } of await listMismatches()) {
    const state = repaired ? 'REPAIRED' : 'OPEN';
    console.log(`${state}  ${kind}  ${subject}  expected ${expected}, found ${found}: ${proposal}`);
  }
  const checked = Object.entries(run.checked).map(([what, count]) => `${count} ${what}`);
  console.log(`${run.total} mismatches, ${run.repaired} repaired; compared: ${checked.join(', ')}`);
  if (run.total > run.repaired) process.exitCode = 3;
}
