import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '@shop/chassis/base/fault.ts';
import { urlOf } from '@shop/local/addresses.ts';
import { partStatus } from '@shop/local/control.ts';
import { localFolder } from '@shop/local/folders.ts';
import { clientsFileOf, partOf } from '@shop/local/parts.ts';
import { readPlan } from '@shop/local/plan.ts';
import { loadSecrets } from '@shop/local/secrets.ts';
import type { ClientsAt, KeyChange } from '@shop/operator/clients/main.ts';

// The gateway checks the file every 250 ms; the rest is a margin for a busy machine.
const IN_FORCE_WITHIN_MS = 20_000;
// The gateway limits refused keys per address (kong.yml, key-guard): these few are far below the limit.
const LOOK_EVERY_MS = 250;

/** The clients of the system that `npm start` runs in this folder, whether or not it is running. */
export function clientsHere(): ClientsAt {
  const folder = localFolder();
  return { file: clientsFileOf(folder), apply: (change) => waitUntilInForce(folder, change) };
}

async function waitUntilInForce(folder: string, { added, ended }: KeyChange): Promise<string> {
  const plan = readPlan(folder);
  const gateway = plan && partOf({ folder, plan, secrets: loadSecrets(folder) }, 'gateway');
  if (!plan || !gateway || partStatus(gateway).state !== 'running') {
    return 'The system is not running here: the change takes effect at its next start.';
  }
  const deadline = performance.now() + IN_FORCE_WITHIN_MS;
  for (;;) {
    const answers = await Promise.all([...added, ...ended].map((key) => verdictOn(urlOf(plan, 'gateway'), key)));
    if (answers.every((one, index) => one === (index < added.length ? 'taken' : 'refused')))
      return 'The change is in effect.';
    if (performance.now() > deadline) {
      throw new Fault(`The change was saved, but the gateway does not apply it: see ${gateway.log}`);
    }
    await delay(LOOK_EVERY_MS);
  }
}

/** Whether the gateway accepts a key, whatever the service responds; 429 comes before the key is checked. */
async function verdictOn(gateway: string, key: string): Promise<'taken' | 'refused' | 'unknown'> {
  const { status, body } = await fetch(`${gateway}/orders?limit=1`, {
    headers: { apikey: key },
    signal: AbortSignal.timeout(5_000),
  }).catch((error: Error) => {
    throw new Fault(`The change was saved, but the gateway at ${gateway} does not respond: ${error.message}`);
  });
  await body?.cancel();
  if (status === 429) return 'unknown';
  return status === 401 ? 'refused' : 'taken';
}
