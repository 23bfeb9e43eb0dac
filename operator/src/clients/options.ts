import { UsageError } from '@shop/chassis/base/fault.ts';
import { readArguments } from '../read-arguments.ts';
import { type Group, groups } from './clients.ts';

export type Options = { json: boolean } & (
  | { command: 'list' }
  | { command: 'add'; name: string; group: Group; id?: string }
  | { command: 'rotate' | 'retire' | 'remove'; name: string }
);

export const help = `npm run clients -- list | add | rotate | retire | remove [options]

Manages the API's clients and their keys (docs/clients.md). A key is shown only once, when it is created.

  list                       show all clients: group, id, and the fingerprints and ages of their keys
  add NAME --group GROUP     create a client with a key; GROUP is storefront, backoffice or operations
  rotate NAME                add a second key; the first one stays valid
  retire NAME                revoke the older of its two keys
  remove NAME                remove the client and revoke all its keys; its orders stay

  --id ID     with add: the client's id in the services (default: NAME and random digits). The id of a removed client
              gives its orders to the new one.
  --json      print the result as JSON
  --help      print this text

Exit code: 0 done, 1 failed, 2 invalid usage.`;

/** Parses the command line into options or 'help'; throws a UsageError with a one-line message. */
export function parseOptions(args: string[]): Options | 'help' {
  const { values, positionals } = readArguments(args, {
    group: { type: 'string' },
    id: { type: 'string' },
    json: { type: 'boolean', default: false },
  });
  if (values.help) return 'help';
  const { json, group, id } = values;
  const [command, name, ...more] = positionals;
  if (command === undefined) throw new UsageError('clients needs a command: list, add, rotate, retire or remove');
  if (command !== 'add' && (group ?? id) !== undefined) throw new UsageError('--group and --id are for add');
  if (command === 'list') {
    if (name !== undefined) throw new UsageError(`list takes no name, not "${name}"`);
    return { command, json };
  }
  if (command !== 'add' && command !== 'rotate' && command !== 'retire' && command !== 'remove') {
    throw new UsageError(`clients has no command "${command}"`);
  }
  if (name === undefined) throw new UsageError(`${command} needs the name of a client`);
  if (more.length > 0) throw new UsageError(`${command} takes one client, not also "${more[0]}"`);
  if (command !== 'add') return { command, json, name };
  return { command, json, name: nameOf('a name', name), group: groupOf(group), ...(id && { id: nameOf('--id', id) }) };
}

function groupOf(text: string | undefined): Group {
  const found = groups.find((group) => group === text);
  if (found) return found;
  throw new UsageError(`--group takes ${groups.join(', ')}, not "${text ?? ''}"`);
}

/** Characters that are safe in a header, in a URL and in decK's templates. */
function nameOf(what: string, text: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,49}$/.test(text)) return text;
  throw new UsageError(`${what} takes 1 to 50 of a-z 0-9 -, not "${text}"`);
}
