import { randomBytes } from 'node:crypto';
import { printableJson, printableLines } from '../printable.ts';
import { runCommand } from '../run-command.ts';
import {
  addClient,
  builtInClients,
  type Client,
  clientNamed,
  keyId,
  removeClient,
  retireKey,
  rotateKey,
} from './clients.ts';
import { changeClients, readClients } from './clients-file.ts';
import { help, type Options, parseOptions } from './options.ts';

/** Keys that a command added and revoked. */
export interface KeyChange {
  added: string[];
  ended: string[];
}

/** The clients file, and a function that applies a change to the gateway and returns a note on whether it is in effect. */
export interface ClientsAt {
  file: string;
  apply: (change: KeyChange) => Promise<string>;
}

/** `npm run clients`. */
export function clientsCommand(args: string[], at: () => ClientsAt): Promise<number> {
  return runCommand({ name: 'clients', help, parse: parseOptions, run: (options) => carryOut(options, at()) }, args);
}

async function carryOut(options: Options, { file, apply }: ClientsAt): Promise<void> {
  if (options.command === 'list') {
    const clients = readClients(file);
    console.log(options.json ? printableJson({ clients: allOf(clients) }) : printableLines(listText(clients)));
    return;
  }
  const { keys, json, text } = change(options, file);
  // Print first, before anything else can fail: the key is stored and is never shown again.
  console.log(options.json ? printableJson(json) : printableLines(text));
  const note = await apply(keys);
  if (note) console.error(printableLines(note));
}

interface Done {
  keys: KeyChange;
  json: object;
  text: string;
}

function change(options: Exclude<Options, { command: 'list' }>, file: string): Done {
  const { name } = options;
  switch (options.command) {
    case 'add': {
      const made = newKey();
      // Random digits, so that a reused name does not get the orders of a former client.
      const id = options.id ?? `${name}-${randomBytes(3).toString('hex')}`;
      const client = { name, id, group: options.group, keys: [made] };
      const keys = changeKeys(file, (known) => addClient(known, client)).keys;
      const text = `Created the client ${name} in the group ${options.group}; its id in the services is ${id}.\n${keyText(made.key)}`;
      return { keys, json: { ...withoutKeys(client), key: made.key }, text };
    }
    case 'rotate': {
      const made = newKey();
      const { keys, clients } = changeKeys(file, (known) => rotateKey(known, name, made));
      const text = `Added a second key to ${name}; the first one stays valid until: retire ${name}\n${keyText(made.key)}`;
      return { keys, json: { ...withoutKeys(clientNamed(clients, name)), key: made.key }, text };
    }
    case 'retire': {
      const { keys, clients } = changeKeys(file, (known) => retireKey(known, name));
      const text = `Revoked the older key of ${name}; the newer one stays valid.`;
      return { keys, json: withoutKeys(clientNamed(clients, name)), text };
    }
    case 'remove': {
      const { keys, former } = changeKeys(file, (known) => removeClient(known, name));
      const { id, group } = clientNamed(former, name);
      const text =
        `Removed ${name} and revoked its keys. Its orders stay and are completed; the back office and operations see them\n` +
        `(GET /orders?clientId=${id}). To give them to a new client: add NAME --group ${group} --id ${id}`;
      return { keys, json: { name, id, group, keys: [] }, text };
    }
  }
}

function changeKeys(file: string, how: (known: Client[]) => Client[]) {
  let former: Client[] = [];
  const clients = changeClients(file, (known) => {
    former = known;
    return how(known);
  });
  const [before, after] = [former, clients].map((all) => all.flatMap((client) => client.keys.map(({ key }) => key)));
  const without = (some: string[] = [], others: string[] = []) => some.filter((key) => !others.includes(key));
  return { former, clients, keys: { added: without(after, before), ended: without(before, after) } };
}

/** 256 random bits in hex, which needs no quoting in headers, URLs and decK's templates. */
function newKey(): Client['keys'][number] {
  return { key: randomBytes(32).toString('hex'), madeAt: new Date().toISOString() };
}

function keyText(key: string): string {
  return `Its key, which will not be shown again:\n\n  ${key}\n`;
}

function withoutKeys({ name, id, group, keys }: Client) {
  return { name, id, group, keys: keys.map(({ key, madeAt }) => ({ id: keyId(key), madeAt })) };
}

/** Includes the clients of kong/kong.yml, whose keys are settings. */
function allOf(clients: readonly Client[]) {
  return [...builtInClients.map((client) => ({ ...client, keys: 'setting' as const })), ...clients.map(withoutKeys)];
}

function listText(clients: readonly Client[]): string {
  const rows = allOf(clients).map(({ name, group, id, keys }) => [
    name,
    group,
    id,
    keys === 'setting'
      ? 'a setting of the system'
      : keys.map((key) => `${key.id} of ${key.madeAt.slice(0, 10)}`).join(', '),
  ]);
  const table = [['name', 'group', 'id', 'keys'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')).join('\n');
}
