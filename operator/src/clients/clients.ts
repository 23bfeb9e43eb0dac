import { createHash } from 'node:crypto';
import { Fault } from '@shop/chassis/base/fault.ts';

/** What a client may do is its group's matter (kong/README.md, "Who may call what"). */
export const groups = ['storefront', 'backoffice', 'operations'] as const;
export type Group = (typeof groups)[number];

/** A key, and when it was made. */
export interface Key {
  key: string;
  madeAt: string;
}

/** A client that was made here: `id` is what the services store with its orders. Its newest key is the last. */
export interface Client {
  name: string;
  id: string;
  group: Group;
  keys: Key[];
}

/** The clients of kong/kong.yml: their keys are settings of the system, and change with these. */
export const builtInClients: readonly Omit<Client, 'keys'>[] = [
  { name: 'storefront', id: 'storefront-1', group: 'storefront' },
  { name: 'other-storefront', id: 'storefront-2', group: 'storefront' },
  { name: 'backoffice', id: 'backoffice-1', group: 'backoffice' },
  { name: 'operations', id: 'operations-1', group: 'operations' },
];

/** By which a key is spoken of: nothing can be called with it. */
export function keyId(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 8);
}

/** With one more client. */
export function addClient(clients: readonly Client[], added: Client): Client[] {
  const { name, id } = added;
  for (const one of [...builtInClients, ...clients]) {
    if (one.name === name) throw new Fault(`There is a client ${name} already. A new key for it: rotate ${name}`);
    // Two clients of one id would see each other's orders.
    if (one.id === id) throw new Fault(`The client ${one.name} has the id ${id} already.`);
  }
  return [...clients, added];
}

/** With a second key for a client; the first one stays valid until it is retired. */
export function rotateKey(clients: readonly Client[], name: string, key: Key): Client[] {
  return change(clients, name, (client) => {
    // A third one would leave nobody knowing which of the others is still in use.
    if (client.keys.length > 1)
      throw new Fault(`${name} has two keys already. End the older one first: retire ${name}`);
    return { ...client, keys: [...client.keys, key] };
  });
}

/** With the newest key of a client alone. */
export function retireKey(clients: readonly Client[], name: string): Client[] {
  return change(clients, name, (client) => {
    if (client.keys.length < 2) throw new Fault(`${name} has one key only. A second one: rotate ${name}`);
    return { ...client, keys: client.keys.slice(-1) };
  });
}

/** Without a client: none of its keys is valid any more. */
export function removeClient(clients: readonly Client[], name: string): Client[] {
  const removed = clientNamed(clients, name);
  return clients.filter((client) => client !== removed);
}

function change(clients: readonly Client[], name: string, how: (client: Client) => Client): Client[] {
  const found = clientNamed(clients, name);
  return clients.map((client) => (client === found ? how(client) : client));
}

/** The client of this name; a Fault where there is none that can be changed here. */
export function clientNamed(clients: readonly Client[], name: string): Client {
  const found = clients.find((client) => client.name === name);
  if (found) return found;
  if (builtInClients.some((client) => client.name === name)) {
    throw new Fault(`${name} is declared in kong/kong.yml, and its key is a setting of the system (docs/clients.md).`);
  }
  throw new Fault(`There is no client ${name}. See them all: list`);
}
