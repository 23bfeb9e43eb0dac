import { createHash } from 'node:crypto';
import { Fault } from '@shop/chassis/base/fault.ts';

/** A client's group decides what it may call (kong/README.md, "Who may call what"). */
export const groups = ['storefront', 'backoffice', 'operations'] as const;
export type Group = (typeof groups)[number];

/** A key, and when it was created. */
export interface Key {
  key: string;
  madeAt: string;
}

/** A client that was created by command: `id` is what the services store with its orders. Its newest key is the last. */
export interface Client {
  name: string;
  id: string;
  group: Group;
  keys: Key[];
}

/** The clients of kong/kong.yml, whose keys are settings of the system. */
export const builtInClients: readonly Omit<Client, 'keys'>[] = [
  { name: 'storefront', id: 'storefront-1', group: 'storefront' },
  { name: 'other-storefront', id: 'storefront-2', group: 'storefront' },
  { name: 'backoffice', id: 'backoffice-1', group: 'backoffice' },
  { name: 'operations', id: 'operations-1', group: 'operations' },
];

/** The fingerprint of a key, which is safe to show. */
export function keyId(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 8);
}

/** Adds a client. */
export function addClient(clients: readonly Client[], added: Client): Client[] {
  const { name, id } = added;
  for (const one of [...builtInClients, ...clients]) {
    if (one.name === name) throw new Fault(`The client ${name} already exists. To give it a new key: rotate ${name}`);
    // Two clients with the same id would see each other's orders.
    if (one.id === id) throw new Fault(`The client ${one.name} already has the id ${id}.`);
  }
  return [...clients, added];
}

/** Adds a second key to a client; the first one stays valid until it is retired. */
export function rotateKey(clients: readonly Client[], name: string, key: Key): Client[] {
  return change(clients, name, (client) => {
    // With a third key, it would be unclear which of the other two is still in use.
    if (client.keys.length > 1)
      throw new Fault(`${name} already has two keys. Revoke the older one first: retire ${name}`);
    return { ...client, keys: [...client.keys, key] };
  });
}

/** Keeps only the newest key of a client. */
export function retireKey(clients: readonly Client[], name: string): Client[] {
  return change(clients, name, (client) => {
    if (client.keys.length < 2) throw new Fault(`${name} has only one key. To add a second one: rotate ${name}`);
    return { ...client, keys: client.keys.slice(-1) };
  });
}

/** Removes a client with all its keys. */
export function removeClient(clients: readonly Client[], name: string): Client[] {
  const removed = clientNamed(clients, name);
  return clients.filter((client) => client !== removed);
}

function change(clients: readonly Client[], name: string, how: (client: Client) => Client): Client[] {
  const found = clientNamed(clients, name);
  return clients.map((client) => (client === found ? how(client) : client));
}

/** The client with this name; throws a Fault if it does not exist or cannot be changed here. */
export function clientNamed(clients: readonly Client[], name: string): Client {
  const found = clients.find((client) => client.name === name);
  if (found) return found;
  if (builtInClients.some((client) => client.name === name)) {
    throw new Fault(`${name} is declared in kong/kong.yml, and its key is a setting of the system (docs/clients.md).`);
  }
  throw new Fault(`The client ${name} does not exist. To see all clients: list`);
}
