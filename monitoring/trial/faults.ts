/**
 * Causes one fault after another, with a real Prometheus and Alertmanager: the right alert fires, it is the only notification
 * while the fault lasts, and it resolves when the fault ends.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';
import { json } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { scriptVariables, urlOf } from '@shop/local/addresses.ts';
import { pausePart, resumePart, startPart, stopPart } from '@shop/local/control.ts';
import { repositoryRoot } from '@shop/local/folders.ts';
import { partOf, type System } from '@shop/local/parts.ts';
import { choosePorts } from '@shop/local/ports.ts';
import { connectOperations } from '@shop/operator/dead-letters/operations.ts';
import { lookUpIn } from '@shop/operator/variables.ts';
import { keepOrdering } from './load.ts';
import { firing } from './prometheus.ts';
import { shortenAlertmanager, shortenPrometheus, shortenRules } from './shorten.ts';

interface Fault {
  name: string;
  /** The alerts that must be notified. */
  expected: string[];
  /** Alerts that may fire as a consequence, and are inhibited while the cause lasts. */
  consequences: string[];
  begin(): Promise<void>;
  end(): Promise<void>;
}

interface Notification {
  at: number;
  status: string;
  alertname: string;
  summary: string;
}

const burns = ['OrderErrorsBurnFast', 'OrderErrorsBurnSlow', 'OrderLatencyBurnFast', 'OrderLatencyBurnSlow'];
// How long the fault lasts after the notification, so that consequences fire and are inhibited.
const FAULT_LASTS_MS = 25_000;
const NOTIFY_TIMEOUT_MS = 120_000;
const END_TIMEOUT_MS = 300_000;

/** Runs all faults and prints a table; returns what went wrong. */
export async function runFaults(system: System): Promise<string[]> {
  const variables = scriptVariables(system.plan, system.secrets);
  const notified: Notification[] = [];
  const { webhook } = await choosePorts(['webhook']);
  const listener = createServer(async (req, res) => {
    interface Message {
      alerts: { status: string; labels: Notification; annotations: Notification }[];
    }
    for (const { status, labels, annotations } of ((await json(req)) as Message).alerts) {
      notified.push({ at: performance.now(), status, alertname: labels.alertname, summary: annotations.summary });
    }
    res.end();
  }).listen(webhook, '127.0.0.1');
  await configure(system, `http://127.0.0.1:${webhook}/`);
  const load = keepOrdering(variables);
  const wrong: string[] = [];
  const rows = [['fault', 'notified', 'after', 'inhibited or notified later', 'resolved after']];
  try {
    await delay(15_000); // rates need a few scrapes under load
    wrong.push(...(await firingNames(system)).map((name) => `${name} fires before anything is broken.`));
    for (const fault of faultsOf(system, variables)) {
      console.log(`${fault.name} …`);
      rows.push(await runFault(system, fault, notified, wrong));
    }
  } finally {
    await load.stop();
    listener.closeAllConnections();
    listener.close();
  }
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  console.log(
    `\n${rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')).join('\n')}`,
  );
  console.log(`\nNotifications:\n${[...new Set(notified.map(({ summary }) => `  ${summary}`))].join('\n')}`);
  wrong.push(
    ...notified.filter(({ summary }) => /<|no value/.test(summary)).map(({ summary }) => `Unreadable: ${summary}`),
  );
  return wrong;
}

async function runFault(system: System, fault: Fault, notified: Notification[], wrong: string[]): Promise<string[]> {
  const began = performance.now();
  const seen = new Set<string>();
  const firingNotified = () =>
    notified.filter(({ at, status }) => at >= began && status === 'firing').map((one) => one.alertname);
  const look = async () => {
    for (const name of await firingNames(system)) seen.add(name);
    await delay(400);
  };
  await fault.begin();
  const isNotified = async () => {
    await look();
    return fault.expected.every((name) => firingNotified().includes(name)) || undefined;
  };
  const inTime = await eventually(isNotified, NOTIFY_TIMEOUT_MS).catch(() => false);
  const after = seconds(began);
  if (!inTime) wrong.push(`${fault.name}: no notification of ${fault.expected}, but of: ${firingNotified()}`);
  for (const until = performance.now() + FAULT_LASTS_MS; performance.now() < until; ) await look();
  const meanwhile = [...new Set(firingNotified())];
  const needless = meanwhile.filter((name) => !fault.expected.includes(name));
  if (needless.length > 0) wrong.push(`${fault.name}: needless notifications of ${needless}`);

  await fault.end();
  const ended = performance.now();
  const isOver = async () => {
    await look();
    return (await firingNames(system)).length === 0 || undefined;
  };
  if (!(await eventually(isOver, END_TIMEOUT_MS).catch(() => false))) {
    wrong.push(`${fault.name}: these do not resolve: ${await firingNames(system)}`);
  }
  const strangers = [...seen].filter((name) => ![...fault.expected, ...fault.consequences].includes(name));
  if (strangers.length > 0) wrong.push(`${fault.name}: unrelated alerts fired: ${strangers}`);
  const resolved = () =>
    fault.expected.every((name) =>
      notified.some(({ at, status, alertname }) => at >= ended && status === 'resolved' && alertname === name),
    ) || undefined;
  if (!(await eventually(resolved, 30_000).catch(() => false)))
    wrong.push(`${fault.name}: no notification that it was resolved.`);
  const others = [...seen].filter((name) => !fault.expected.includes(name));
  return [fault.name, meanwhile.join(', '), after, others.join(', ') || '-', seconds(ended)];
}

function faultsOf(system: System, variables: Record<string, string>): Fault[] {
  const part = (name: string) => partOf(system, name);
  const start = async (name: string) => void (await startPart(part(name)));
  return [
    {
      name: 'inventory stopped',
      expected: ['ServiceDown'],
      consequences: ['BreakerOpen', 'ConsumersMissing', 'InventoryProcessLeftOut', 'OrdersPendingTooLong', ...burns],
      begin: async () => void stopPart(part('inventory-1')),
      end: () => start('inventory-1'),
    },
    {
      name: 'broker stopped',
      expected: ['BrokerDown'],
      consequences: ['ConsumersMissing', 'OutboxLagging'],
      begin: async () => void stopPart(part('broker')),
      end: () => start('broker'),
    },
    {
      name: 'poison message',
      expected: ['DeadLettersPresent'],
      consequences: [],
      begin: () => publishPoison(variables.RABBITMQ_MANAGEMENT_URL ?? ''),
      end: async () => discardAll(system),
    },
    {
      name: 'order-db frozen',
      expected: ['DatabaseDown'],
      consequences: ['BatchQueueFull', 'ConsumersMissing', 'DatabasePoolExhausted', 'OrdersPendingTooLong', ...burns],
      begin: async () => void pausePart(part('order-db')),
      end: async () => void resumePart(part('order-db')),
    },
  ];
}

/** Gives the running Prometheus and Alertmanager the shortened files. */
async function configure({ folder, plan }: System, webhook: string): Promise<void> {
  const real = join(repositoryRoot(), 'monitoring');
  const rules = join(folder, 'data', 'rules');
  const addresses = join(folder, 'data', 'addresses');
  for (const path of [rules, addresses]) mkdirSync(path, { recursive: true });
  for (const path of globSync(join(real, 'prometheus/rules/*.yml'))) {
    writeFileSync(join(rules, basename(path)), shortenRules(readFileSync(path, 'utf8')));
  }
  const prometheus = join(folder, 'data/prometheus/prometheus.yml');
  writeFileSync(prometheus, shortenPrometheus(readFileSync(prometheus, 'utf8'), join(rules, '*.yml')));
  writeFileSync(join(addresses, 'webhook_url'), webhook);
  const { stdout } = spawnSync(join(real, 'alertmanager/start.sh'), ['--print', addresses], { encoding: 'utf8' });
  writeFileSync(join(folder, 'data/alertmanager/alertmanager.yml'), shortenAlertmanager(stdout));
  for (const name of ['prometheus', 'alertmanager']) {
    const answer = await fetch(`${urlOf(plan, name)}/-/reload`, { method: 'POST' });
    if (!answer.ok) throw new Error(`${name} rejects the shortened files: ${await answer.text()}`);
  }
}

async function firingNames(system: System): Promise<string[]> {
  return [...new Set((await firing(urlOf(system.plan, 'prometheus'))).map(({ labels }) => labels.alertname ?? ''))];
}

async function publishPoison(management: string): Promise<void> {
  const { origin, username, password } = new URL(management);
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const message = {
    properties: {},
    routing_key: 'inventory.reservations',
    payload: 'poison',
    payload_encoding: 'string',
  };
  const request = { method: 'POST', headers: { authorization }, body: JSON.stringify(message) };
  const answer = await fetch(`${origin}/api/exchanges/%2F/amq.default/publish`, request);
  if (!answer.ok) throw new Error(`The poison message was not published: ${await answer.text()}`);
}

/** As an operator does, through the gateway. */
async function discardAll(system: System): Promise<void> {
  const lookUp = lookUpIn(scriptVariables(system.plan, system.secrets));
  const operations = connectOperations(['inventory'], lookUp);
  for (const { id } of await operations.list({ status: 'open' })) await operations.discard(id, 'a trial');
}

function seconds(since: number): string {
  return `${Math.round((performance.now() - since) / 1_000)} s`;
}
