import { z } from 'zod';
import { REPLAYED_ONLY, SUBJECT_OF_MESSAGE, SUBJECTS_FOUND } from '../../contract/descriptions.ts';
import { type Answer, pageOf, problemAnswer, success, time } from '../../edge/openapi/answers.ts';
import { linksTo, nextPage, type Operation, routeOf } from '../../edge/openapi/document.ts';
import { deadLetterStatus } from '../../reliable/dead-letters/dead-letter.ts';
import { discardBody, emptyBody, group, listQuery, replaysBody } from './dead-letters.routes.ts';

const correlationId = z.string();
const action = { at: time, actor: z.string(), correlationId };
const historyEntry = z.discriminatedUnion('type', [
  z
    .looseObject({ type: z.literal('failed') })
    .meta({ description: 'An attempt, as recorded in the headers of the message' }),
  z.strictObject({ type: z.literal('dead-lettered'), at: time, reason: z.string(), detail: z.string().optional() }),
  z.strictObject({ type: z.literal('replayed'), ...action }),
  z.strictObject({ type: z.literal('discarded'), ...action, reason: z.string() }),
]);
const view = z.strictObject({
  id: z.uuidv7(),
  queue: z.string(),
  type: z.string().meta({ description: 'Type of the message; `unknown` if it cannot be read' }),
  reason: z.string(),
  group: z.string().meta({ description: 'Queue, type and reason: dead letters that probably have one cause' }),
  status: deadLetterStatus,
  attempts: z.int().min(0).meta({ description: 'Failed attempts, including those after replays' }),
  history: z.array(historyEntry).meta({ description: 'Its history, oldest entry first' }),
});
const deadLetter = view.meta({ id: 'DeadLetter' });
const wholeDeadLetter = view
  .extend({
    subjectId: z.guid().optional().meta({ description: SUBJECT_OF_MESSAGE }),
    message: z.strictObject({
      id: z.string(),
      routingKey: z.string(),
      headers: z.record(z.string(), z.unknown()),
      body: z.string(),
    }),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'WholeDeadLetter' });
const deadLetterGroup = z
  .strictObject({
    group: z.string(),
    queue: z.string(),
    type: z.string(),
    reason: z.string(),
    count: z.int().min(1),
    firstAt: time,
    lastAt: time,
  })
  .meta({ id: 'DeadLetterGroup' });
const groupReplay = z.strictObject({
  group,
  replayed: z.int().min(0),
  remaining: z
    .int()
    .min(0)
    .meta({ description: 'Dead letters that are still open. Send the request with a new key until it is 0' }),
});

const id = z
  .guid()
  .meta({ description: '`id` of the dead letter', examples: ['0195f0a0-0000-7000-8000-00000000000a'] });
const arrived = {
  type: 'dead-lettered',
  at: '2026-01-05T09:30:00.000Z',
  reason: 'attempts-exhausted',
  detail: 'the handler failed at six attempts',
};
const by = { at: '2026-01-05T12:00:00.000Z', actor: 'operations-1', correlationId: '0b5ba1e3f9d94fb68e1f2d3c4a5b6978' };

const notFound = problemAnswer('dead-letter-not-found');
const illegalTransition = problemAnswer('illegal-transition', {
  members: { from: deadLetterStatus, to: deadLetterStatus },
  example: { detail: 'The dead letter has already been replayed.', members: { from: 'replayed', to: 'discarded' } },
  schemaName: 'DeadLetterIllegalTransitionProblem',
});

const ofALetter = ['readDeadLetter', 'replayDeadLetter', 'discardDeadLetter'];

/** The operations at `/dead-letters` below `base`. `queue` is one of the service's own. */
export function deadLetterOperations(base: string, queue: string): Operation[] {
  const name = `${queue}:unknown:${arrived.reason}`;
  const open = {
    id: '0195f0a0-0000-7000-8000-00000000000a',
    queue,
    type: 'unknown',
    reason: arrived.reason,
    group: name,
    status: 'open',
    attempts: 6,
    history: [arrived],
  };
  const acted = (status: string, entry: object): Answer => ({
    ...success(200, `The dead letter is now ${status}.`, deadLetter, {
      ...open,
      status,
      history: [arrived, { type: status, ...by, ...entry }],
    }),
    headers: { 'Idempotent-Replayed': false },
  });
  const common = { tag: 'dead letters', groups: ['operations'] } as const;
  const path = `${base}/dead-letters`;
  const route = routeOf(base);
  return [
    {
      ...common,
      method: 'get',
      path,
      operationId: 'listDeadLetters',
      route: `${route}-dead-letters`,
      summary: 'List dead letters, newest first',
      description: `Each service lists the dead letters of its own queue. ${SUBJECTS_FOUND}`,
      query: listQuery,
      answers: [success(200, 'A page.', pageOf(deadLetter), { items: [open] })],
      links: { ...linksTo(ofALetter, 'id', '/items/0/id'), ...nextPage('listDeadLetters') },
    },
    {
      ...common,
      method: 'get',
      path: `${path}/groups`,
      operationId: 'listDeadLetterGroups',
      route: `${route}-dead-letter-groups`,
      summary: 'List groups of open dead letters with probably one cause, largest group first',
      description: 'Start here: one cause usually produces many dead letters. At most 1,000 groups.',
      answers: [
        success(200, 'The groups.', z.strictObject({ items: z.array(deadLetterGroup) }), {
          items: [
            {
              group: name,
              queue,
              type: 'unknown',
              reason: arrived.reason,
              count: 1,
              firstAt: arrived.at,
              lastAt: arrived.at,
            },
          ],
        }),
      ],
      links: {
        replayDeadLetters: {
          operationId: 'replayDeadLetters',
          requestBody: { group: '$response.body#/items/0/group' },
        },
      },
    },
    {
      ...common,
      method: 'get',
      path: `${path}/{id}`,
      operationId: 'readDeadLetter',
      route: `${route}-dead-letter`,
      summary: 'Read a dead letter with its whole message',
      description:
        'Includes the headers and the error of every attempt, which show what failed and whether a replay can help.',
      parameters: { id },
      answers: [
        success(200, 'The dead letter.', wholeDeadLetter, {
          ...open,
          message: { id: 'unnamed-1', routingKey: queue, headers: {}, body: 'poison' },
          createdAt: arrived.at,
          updatedAt: arrived.at,
        }),
        notFound,
      ],
    },
    {
      ...common,
      method: 'post',
      path: `${path}/replays`,
      operationId: 'replayDeadLetters',
      route: `${route}-dead-letter-replays`,
      summary: 'Replay a group',
      description:
        'At most 1,000 per request, oldest first. Fix the cause first: messages that fail again become dead letters again.',
      body: { schema: replaysBody, example: { group: name } },
      answers: [
        {
          ...success(202, 'The messages will be sent to their queue again.', groupReplay, {
            group: name,
            replayed: 1,
            remaining: 0,
          }),
          headers: { 'Idempotent-Replayed': false },
        },
        notFound,
      ],
    },
    {
      ...common,
      method: 'post',
      path: `${path}/{id}/replay`,
      operationId: 'replayDeadLetter',
      route: `${route}-dead-letter-replay`,
      summary: 'Send a message to its queue again',
      description: 'Its attempts start over. If the message fails again, the same dead letter is reopened.',
      parameters: { id },
      body: { schema: emptyBody, example: {}, optional: true },
      answers: [acted('replayed', {}), notFound, illegalTransition],
    },
    {
      ...common,
      method: 'post',
      path: `${path}/{id}/discard`,
      operationId: 'discardDeadLetter',
      route: `${route}-dead-letter-discard`,
      summary: 'Discard a message',
      description: REPLAYED_ONLY,
      parameters: { id },
      body: { schema: discardBody, example: { reason: 'Sent by mistake' } },
      answers: [acted('discarded', { reason: 'Sent by mistake' }), notFound, illegalTransition],
    },
  ];
}
