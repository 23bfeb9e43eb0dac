import { z } from 'zod';
import type { MessageDefinition } from '../reliable/messaging/message-definition.ts';
import type { Subject } from '../reliable/messaging/subject.ts';
import type { QueueDefinition, Topology } from '../reliable/messaging/topology.ts';

/* Messages and queues for tests of reliable/, which must not import contract/. */

const payload = z.object({ accountId: z.uuid().toLowerCase() });

function define<const Type extends string>(type: Type, { exchange = 'bank', mandatory = true } = {}) {
  const service = { producer: 'bank', consumers: ['bank'], meaning: 'For tests' };
  return { ...service, type, version: 1, exchange, routingKey: `${type}.v1`, mandatory, payload };
}

export const accountOpenedV1 = define('account.opened');
export const accountRefusedV1 = define('account.refused');
export const closeAccountV1 = define('account.close');
export const freezeAccountV1 = define('account.freeze');
/** An event, which may have no subscriber. */
export const customerJoinedV1 = define('customer.joined', { exchange: 'customers', mandatory: false });

export const openingsQueue = {
  name: 'bank.openings',
  messages: [accountOpenedV1, accountRefusedV1],
} satisfies QueueDefinition;

export const commandsQueue = {
  name: 'bank.commands',
  messages: [closeAccountV1, freezeAccountV1],
} satisfies QueueDefinition;

const publishes: readonly MessageDefinition[] = [customerJoinedV1];
export const topology: Topology = { publishes, queues: [openingsQueue, commandsQueue] };

export const subject: Subject = {
  idIn: ({ accountId }) => z.guid().toLowerCase().safeParse(accountId).data,
  logField: 'accountId',
  spanAttribute: 'account.id',
};
