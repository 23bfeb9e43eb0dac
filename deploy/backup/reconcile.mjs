// Compare now, and print what does not agree, while the gateway is closed: run inside a container of the service, which
// has its token. Fed by standard input, for the image does not have it:
//
//   docker compose exec -T order-service-1 node --input-type=module - orders <deploy/backup/reconcile.mjs
//
// Exit code: 0 all agrees, or will when what was repaired has arrived; 3 a person is needed; 1 it could not be compared.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

const service = process.argv[2];
if (!service) throw new Error('name the service as /operations/<service> does, such as orders');
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

/** The same request under one key, until the run has ended; each call waits two seconds for that. */
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
