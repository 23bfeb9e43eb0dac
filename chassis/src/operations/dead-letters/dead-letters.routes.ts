import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { Transaction } from '../../base/db/pool.ts';
import { asUuid, text } from '../../base/text.ts';
import { SUBJECT_WANTED } from '../../contract/descriptions.ts';
import { parseBody, parseQuery, readBody } from '../../edge/body.ts';
import { principalOf } from '../../edge/callers.ts';
import { contextOf } from '../../edge/context.ts';
import { requireIdempotencyKey } from '../../edge/idempotency-key.ts';
import { toKeyedRequest } from '../../edge/keyed-request.ts';
import { cursor, limit, positionIn, toPage } from '../../edge/page.ts';
import { actorOf } from '../../edge/principal.ts';
import { sendReply, toRefusal } from '../../edge/problem.ts';
import { type DeadLetter, deadLetterStatus } from '../../reliable/dead-letters/dead-letter.ts';
import {
  type ActionBy,
  findDeadLetter,
  listDeadLetters,
  listGroups,
} from '../../reliable/dead-letters/dead-letters.sql.ts';
import { type IdempotencyDeps, idempotently } from '../../reliable/idempotency/idempotently.ts';
import type { KeyedRequest } from '../../reliable/idempotency/keyed-request.ts';
import { type Reply, toReply } from '../../reliable/refusal.ts';
import { discardLetter, replayGroup, replayLetter } from './dead-letter-operations.ts';
import {
  deadLetterNotFound,
  discardOne,
  type Resolution,
  type ResolveDeps,
  replayOne,
  replayOpenOfGroup,
} from './resolve-letters.ts';

export interface DeadLetterRoutesDeps extends IdempotencyDeps, ResolveDeps {
  /** The gateway's path to this service's operations. */
  base: string;
  now: () => Date;
  wakeRelay: () => void;
}

const BODY_LIMIT_BYTES = 64 * 1024;

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
  const { pool, base } = deps;
  const routes = Router({ caseSensitive: true, strict: true });
  const path = `${base}/dead-letters`;
  const body = readBody(BODY_LIMIT_BYTES);

  routes.get(path, async (req, res) => {
    sendReply(res, toReply(200, await readPage(pool, path, parseQuery(req, listQuery))));
  });

  routes.get(`${path}/groups`, async (_req, res) => {
    sendReply(res, toReply(200, { items: await listGroups(pool) }));
  });

  routes.get(`${path}/:id`, async (req, res) => {
    const id = asUuid(req.params.id);
    const letter = id && (await findDeadLetter(pool, id));
    if (!letter) throw deadLetterNotFound();
    sendReply(res, toReply(200, letter));
  });

  routes.post(`${path}/replays`, ...body, (req, res) => {
    const { key, input } = parse(req, replaysBody);
    const { group } = input;
    const keyed = toKeyedRequest(principalOf(res), key, replayGroup, { base, group });
    return act(deps, res, keyed, async (trx, by) =>
      toReply(202, { group, ...(await replayOpenOfGroup(trx, deps, group, by)) }),
    );
  });

  routes.post(`${path}/:id/replay`, ...body, (req, res) => {
    const { key } = parse(req, emptyBody, true);
    const { id } = req.params;
    const keyed = toKeyedRequest(principalOf(res), key, replayLetter, { base, letterId: id });
    return act(deps, res, keyed, async (trx, by) => toAnswer(req, res, await replayOne(trx, deps, asUuid(id), by)));
  });

  routes.post(`${path}/:id/discard`, ...body, (req, res) => {
    const { key, input } = parse(req, discardBody);
    const { id } = req.params;
    const { reason } = input;
    const keyed = toKeyedRequest(principalOf(res), key, discardLetter, { base, letterId: id, reason });
    return act(deps, res, keyed, async (trx, by) =>
      toAnswer(req, res, await discardOne(trx, deps, asUuid(id), reason, by)),
    );
  });

  return routes;
}

/** A page of dead letters. Its cursor continues the same list only: the same path and filter. */
async function readPage(
  pool: IdempotencyDeps['pool'],
  path: string,
  { limit, cursor, ...filter }: z.output<typeof listQuery>,
): Promise<{ items: DeadLetter[]; nextCursor?: string }> {
  const scope = JSON.stringify([path, filter]);
  const before = positionIn(scope, cursor, z.guid());
  const found = await listDeadLetters(pool, { ...filter, before }, limit + 1);
  return toPage(found, limit, scope, (last) => last.id);
}

/** Run a keyed write: its key, the change of status and the outbox row commit together. */
async function act(
  deps: DeadLetterRoutesDeps,
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

function toAnswer(req: Request, res: Response, resolution: Resolution): Reply {
  if (resolution.kind === 'changed') return toReply(200, toView(resolution.letter));
  const { from, to, detail } = resolution;
  return toRefusal(req, res, { code: 'illegal-transition', detail, members: { from, to } });
}

/** Check the key before the body, as the contract requires. */
function parse<S extends z.ZodType>(req: Request, schema: S, orEmpty = false): { key: string; input: z.output<S> } {
  const key = requireIdempotencyKey(req);
  return { key, input: parseBody(req, schema, { orEmpty }) };
}

function toView({ id, queue, type, reason, group, status, attempts, history }: DeadLetter): DeadLetter {
  return { id, queue, type, reason, group, status, attempts, history };
}
