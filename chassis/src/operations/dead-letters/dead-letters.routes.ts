import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { Transaction } from '../../base/db/pool.ts';
import { asUuid, text } from '../../base/text.ts';
import { SUBJECT_WANTED } from '../../contract/descriptions.ts';
import { refused } from '../../contract/problems.ts';
import { parseBody, parseQuery, readBody } from '../../edge/body.ts';
import { identifyClient, principalOf } from '../../edge/callers.ts';
import { contextOf } from '../../edge/context.ts';
import { requireIdempotencyKey } from '../../edge/idempotency-key.ts';
import { toKeyedRequest } from '../../edge/keyed-request.ts';
import { cursor, cursorRefused, fromCursor, limit, toCursor } from '../../edge/page.ts';
import { actorOf } from '../../edge/principal.ts';
import { sendReply, toRefusal } from '../../edge/problem.ts';
import { type Action, type DeadLetter, deadLetterStatus, refusalOf } from '../../reliable/dead-letters/dead-letter.ts';
import {
  type ActionBy,
  countOpenOfGroup,
  findDeadLetter,
  listDeadLetters,
  listGroups,
  lockDeadLetter,
  lockOpenOfGroup,
  replayLetters,
  discardLetter as saveDiscard,
} from '../../reliable/dead-letters/dead-letters.sql.ts';
import { isUnreadable } from '../../reliable/dead-letters/read-letter.ts';
import { type IdempotencyDeps, idempotently } from '../../reliable/idempotency/idempotently.ts';
import type { KeyedRequest } from '../../reliable/idempotency/keyed-request.ts';
import type { MessageDefinition } from '../../reliable/messaging/message-definition.ts';
import { type RefusedError, type Reply, toReply } from '../../reliable/refusal.ts';
import { discardLetter, replayGroup, replayLetter } from './dead-letter-operations.ts';

/** A replayed letter, with the subject of its message. */
export type ReplayedLetter = Pick<DeadLetter, 'id' | 'type' | 'reason'> & { subjectId?: string };

export interface DeadLetterRoutesDeps extends IdempotencyDeps {
  /** The gateway's path to this service's operations. The gateway decides who may call it. */
  base: string;
  /**
   * Messages that can only be replayed as long as they are readable. Unreadable ones can be discarded, because a replay
   * never succeeds.
   */
  indispensable: readonly MessageDefinition[];
  /** Record a replay in the service's own tables, in its transaction. */
  onReplayed?: (trx: Transaction, letters: readonly ReplayedLetter[], by: ActionBy) => Promise<void>;
  now: () => Date;
  wakeRelay: () => void;
}

const BODY_LIMIT_BYTES = 64 * 1024;
// These limits keep the update and the copy to the outbox well within the statement timeout, and fit into the relay's
// memory.
const REPLAYED_AT_ONCE = { letters: 1_000, bytes: 16 * 1024 * 1024 };

export const group = text(1, 500);
export const listQuery = z.strictObject({
  status: deadLetterStatus.optional().meta({ description: 'Only those in this status' }),
  group: group.optional().meta({ description: 'Only those of this `group`' }),
  subjectId: z.guid().optional().meta({ description: SUBJECT_WANTED }),
  limit,
  cursor,
});
export const emptyBody = z.strictObject({});
export const discardBody = z.strictObject({ reason: text(1, 200) });
export const replaysBody = z.strictObject({ group });

/** Routes to inspect, replay and discard dead letters, below the service's operations. */
export function deadLetterRoutes(deps: DeadLetterRoutesDeps): Router {
  const routes = Router({ caseSensitive: true, strict: true });
  const path = `${deps.base}/dead-letters`;
  routes.use(path, identifyClient());
  const body = readBody(BODY_LIMIT_BYTES);

  routes.get(path, async (req, res) => {
    const { limit, cursor, ...filter } = parseQuery(req, listQuery);
    const scope = JSON.stringify([path, filter]);
    const before = fromCursor(scope, cursor);
    if (before !== undefined && !asUuid(before)) throw cursorRefused();
    const found = await listDeadLetters(deps.pool, { ...filter, before }, limit + 1);
    const items = found.slice(0, limit);
    const last = found.length > limit ? items.at(-1) : undefined;
    sendReply(res, toReply(200, { items, nextCursor: last && toCursor(scope, last.id) }));
  });

  routes.get(`${path}/groups`, async (_req, res) => {
    sendReply(res, toReply(200, { items: await listGroups(deps.pool) }));
  });

  routes.get(`${path}/:id`, async (req, res) => {
    const id = asUuid(req.params.id);
    const letter = id && (await findDeadLetter(deps.pool, id));
    if (!letter) throw deadLetterNotFound();
    sendReply(res, toReply(200, letter));
  });

  routes.post(`${path}/replays`, ...body, (req, res) => {
    const { key, input } = parse(req, replaysBody);
    const { group } = input;
    return act(res, toKeyedRequest(principalOf(res), key, replayGroup, { base: deps.base, group }), async (trx, by) => {
      const ids = await lockOpenOfGroup(trx, group, REPLAYED_AT_ONCE);
      const letters = await replay(trx, ids, by);
      const remaining = await countOpenOfGroup(trx, group);
      if (remaining === undefined) throw deadLetterNotFound();
      return toReply(202, { group, replayed: letters.length, remaining });
    });
  });

  routes.post(`${path}/:id/replay`, ...body, (req, res) => {
    const { key } = parse(req, emptyBody, true);
    const keyed = toKeyedRequest(principalOf(res), key, replayLetter, { base: deps.base, letterId: req.params.id });
    return act(res, keyed, (trx, by) =>
      change(trx, req, res, 'replayed', async (id) => (await replay(trx, [id], by))[0]),
    );
  });

  routes.post(`${path}/:id/discard`, ...body, (req, res) => {
    const { key, input } = parse(req, discardBody);
    const { reason } = input;
    const keyed = toKeyedRequest(principalOf(res), key, discardLetter, {
      base: deps.base,
      letterId: req.params.id,
      reason,
    });
    return act(res, keyed, (trx, by) => change(trx, req, res, 'discarded', (id) => saveDiscard(trx, id, reason, by)));
  });

  /** Run a keyed write: its key, the change of status and the outbox row commit together. */
  async function act(
    res: Response,
    keyed: KeyedRequest,
    work: (trx: Transaction, by: ActionBy) => Promise<Reply>,
  ): Promise<void> {
    const { requestId: correlationId, traceparent } = contextOf(res);
    const by = { actor: actorOf(principalOf(res)), correlationId, traceparent, at: deps.now() };
    const { reply, replayed } = await idempotently(deps, keyed, (trx) => work(trx, by));
    deps.wakeRelay();
    sendReply(res, reply, replayed);
  }

  async function change(
    trx: Transaction,
    req: Request,
    res: Response,
    action: Action,
    apply: (id: string) => Promise<DeadLetter | undefined>,
  ): Promise<Reply> {
    const id = asUuid(req.params.id);
    const letter = id && (await lockDeadLetter(trx, id));
    if (!letter) throw deadLetterNotFound();
    const refusal = refusalOf(letter, action, await isIndispensable(trx, letter));
    if (refusal !== undefined) {
      const members = { from: letter.status, to: action };
      return toRefusal(req, res, { code: 'illegal-transition', detail: refusal, members });
    }
    const changed = await apply(letter.id);
    if (!changed) throw new Error(`dead letter ${letter.id} changed under its lock`);
    return toReply(200, toView(changed));
  }

  async function isIndispensable(trx: Transaction, { id, type }: DeadLetter): Promise<boolean> {
    if (!deps.indispensable.some((definition) => definition.type === type)) return false;
    const whole = await findDeadLetter(trx, id);
    return whole !== undefined && !isUnreadable(whole.message.body, deps.indispensable);
  }

  async function replay(trx: Transaction, ids: readonly string[], by: ActionBy) {
    const letters = await replayLetters(trx, ids, by);
    if (letters.length > 0) await deps.onReplayed?.(trx, letters, by);
    return letters;
  }

  return routes;
}

/** Check the key before the body, as the contract requires. */
function parse<S extends z.ZodType>(req: Request, schema: S, orEmpty = false): { key: string; input: z.output<S> } {
  const key = requireIdempotencyKey(req);
  return { key, input: parseBody(req, schema, { orEmpty }) };
}

function toView({ id, queue, type, reason, group, status, attempts, history }: DeadLetter): DeadLetter {
  return { id, queue, type, reason, group, status, attempts, history };
}

function deadLetterNotFound(): RefusedError {
  return refused('dead-letter-not-found', 'This service has no such dead letter. Each service stores its own.');
}
