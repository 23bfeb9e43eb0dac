/**
 * The clients that were created by command, in a file next to the system's other secrets. It is a decK state file in JSON:
 * `deck gateway sync` applies it to Kong and the local gateway reads it, so there is only one copy. Its entities have a tag of
 * their own, so that no sync of kong.yml, of this release or an older one, touches them.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { Fault } from '@shop/chassis/base/fault.ts';
import { z } from 'zod';
import { type Client, groups } from './clients.ts';

const FORMAT = '3.0';
const SELECT_TAG = 'idempotent-orders-clients';
const MADE = 'made:';

const consumer = z.strictObject({
  username: z.string().min(1),
  custom_id: z.string().min(1),
  tags: z.array(z.string()),
  keyauth_credentials: z.array(z.strictObject({ key: z.string().min(1), tags: z.array(z.string()) })).min(1),
  acls: z.tuple([z.strictObject({ group: z.enum(groups), tags: z.array(z.string()) })]),
});
const stateFile = z.strictObject({
  _format_version: z.literal(FORMAT),
  _info: z.strictObject({ select_tags: z.tuple([z.literal(SELECT_TAG)]) }),
  consumers: z.array(consumer),
});

/** The clients in a file; none if the file does not exist. */
export function readClients(path: string): Client[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new Fault(`Could not read ${path}: ${(error as Error).message}`);
  }
  return parse(path, text).consumers.map(({ username, custom_id, keyauth_credentials, acls: [{ group }] }) => ({
    name: username,
    id: custom_id,
    group,
    keys: keyauth_credentials.map(({ key, tags }) => ({
      key,
      madeAt: tags.find((tag) => tag.startsWith(MADE))?.slice(MADE.length) ?? '',
    })),
  }));
}

function parse(path: string, text: string): z.output<typeof stateFile> {
  try {
    return stateFile.parse(JSON.parse(text));
  } catch (error) {
    // Without the text itself, which contains keys.
    const issue = error instanceof z.ZodError ? error.issues[0] : undefined;
    const where = issue ? `${issue.path.join('.')}: ${issue.message}` : 'not JSON';
    throw new Fault(`${path} is not a valid clients file (${where}). Restore it from a backup, or correct it.`);
  }
}

/** The content of the file for these clients. */
export function clientsText(clients: readonly Client[]): string {
  const tags = ['clients'];
  const state: z.input<typeof stateFile> = {
    _format_version: FORMAT,
    _info: { select_tags: [SELECT_TAG] },
    consumers: clients.map(({ name, id, group, keys }) => ({
      username: name,
      custom_id: id,
      tags,
      keyauth_credentials: keys.map(({ key, madeAt }) => ({ key, tags: [...tags, `${MADE}${madeAt}`] })),
      acls: [{ group, tags }],
    })),
  };
  return `${JSON.stringify(state, null, 2)}\n`;
}

/** Changes the clients in a file under a lock: two commands at once would lose one change. */
export function changeClients(path: string, change: (clients: Client[]) => Client[]): Client[] {
  const lock = `${path}.lock`;
  closeSync(openLock(lock, path));
  try {
    const clients = change(readClients(path));
    write(path, clientsText(clients));
    return clients;
  } finally {
    rmSync(lock, { force: true });
  }
}

function openLock(lock: string, path: string): number {
  try {
    return openSync(lock, 'wx', 0o600);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw new Fault(`Could not write ${path}: ${message}`);
    throw new Fault(`Another command is changing ${path}. If none is, one was interrupted: remove ${lock}`);
  }
}

/** Writes atomically, flushes to disk before the key is shown, and makes the file readable by its owner only. */
function write(path: string, text: string): void {
  const draft = `${path}.new`;
  const file = openSync(draft, 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
}
