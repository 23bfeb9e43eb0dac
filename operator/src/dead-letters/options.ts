import { UsageError } from '@shop/chassis/base/fault.ts';
import { services as allServices, type Service } from '../../../services.ts';
import { readArguments } from '../read-arguments.ts';

/** The name in the gateway's path: `/operations/<name>`. */
export type ServiceName = Service['path'];

const serviceNames = allServices.map(({ path }) => path);
const statuses = ['open', 'replayed', 'discarded'] as const;

/** One key per replay or discard, so that it can be retried safely. */
export type Options = { json: boolean; services: readonly ServiceName[]; key?: string } & (
  | { command: 'list'; status?: (typeof statuses)[number]; group?: string; limit: number }
  | { command: 'show'; id: string }
  | { command: 'replay'; id: string }
  | { command: 'replay-group'; group: string }
  | { command: 'discard'; id: string; reason: string }
);

export const help = `npm run dead-letters -- <command> [options]

Lists, replays and discards the messages that could not be handled, of all services.

  list                              show open dead letters: first in groups with the same likely cause, then one by
                                    one, newest first
    --status open|replayed|discarded|all
    --group GROUP                   show only this group
    --limit N                       show at most N per service, up to 100 (default 20)
  show <id>                         show the message, its headers and the error of every attempt
  replay <id>                       send the message to its queue again; fix the cause first
  replay --group GROUP              replay the open dead letters of a group
  discard <id> --reason TEXT        give the message up

  --service NAME                    use only this service: ${serviceNames.join(' or ')} (default: all)
  --key KEY                         Idempotency-Key of a replay or discard, to retry one whose outcome is unknown
  --json                            print the services' responses as one JSON object
  --help                            print this text

Without the variables BASE_URL and OPERATIONS_KEY, it uses the system that "npm start" runs in this folder.
Exit code: 0 done, 1 refused, not found or no response, 2 invalid usage.`;

/** Parses the command line into options or 'help'; throws a UsageError with a one-line message. */
export function parseOptions(args: string[]): Options | 'help' {
  const { values, positionals } = readArguments(args, {
    status: { type: 'string' },
    group: { type: 'string' },
    limit: { type: 'string', default: '20' },
    reason: { type: 'string' },
    service: { type: 'string' },
    key: { type: 'string' },
    json: { type: 'boolean', default: false },
  });
  if (values.help) return 'help';
  const [command, ...operands] = positionals;
  const services = values.service === undefined ? serviceNames : [oneOf('--service', values.service, serviceNames)];
  const common = { json: values.json, services, key: values.key };
  switch (command) {
    case 'list': {
      refuse(operands, `list takes no "${operands[0]}"`);
      const status = values.status === 'all' ? undefined : oneOf('--status', values.status ?? 'open', statuses);
      return { ...common, command, status, group: values.group, limit: pageSize(values.limit) };
    }
    case 'show':
      return { ...common, command, id: onlyId(command, operands) };
    case 'replay': {
      if (values.group === undefined) return { ...common, command, id: onlyId(command, operands) };
      refuse(operands, 'replay takes an id or --group, not both');
      return { ...common, command: 'replay-group', group: values.group };
    }
    case 'discard': {
      const id = onlyId(command, operands);
      if (!values.reason) throw new UsageError('discard needs --reason: it is recorded with your name');
      return { ...common, command, id, reason: values.reason };
    }
    default:
      throw new UsageError(`dead-letters takes list, show, replay or discard, not "${command ?? ''}"`);
  }
}

function onlyId(command: string, [id, ...more]: string[]): string {
  if (id === undefined) throw new UsageError(`${command} needs the id of a dead letter; "list" shows them`);
  refuse(more, `${command} takes one id, not also "${more[0]}"`);
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return id;
  throw new UsageError(`"${id}" is not the id of a dead letter; "list" shows them`);
}

function refuse(operands: string[], message: string): void {
  if (operands.length > 0) throw new UsageError(message);
}

function oneOf<T extends string>(option: string, text: string, names: readonly T[]): T {
  const name = names.find((one) => one === text);
  if (name) return name;
  throw new UsageError(`${option} takes ${names.join(' or ')}, not "${text}"`);
}

function pageSize(text: string): number {
  const number = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= 100) return number;
  throw new UsageError(`--limit takes a whole number from 1 to 100, not "${text}"`);
}
