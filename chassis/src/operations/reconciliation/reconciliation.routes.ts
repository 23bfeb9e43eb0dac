import { Router } from 'express';
import { z } from 'zod';
import { parseBody, parseQuery, readBody } from '../../edge/body.ts';
import { principalOf } from '../../edge/callers.ts';
import { requireIdempotencyKey } from '../../edge/idempotency-key.ts';
import { toKeyedRequest } from '../../edge/keyed-request.ts';
import { cursor, limit, positionIn, toPage } from '../../edge/page.ts';
import { actorOf, type Principal } from '../../edge/principal.ts';
import { sendReply } from '../../edge/problem.ts';
import { type IdempotencyDeps, idempotently } from '../../reliable/idempotency/idempotently.ts';
import type { KeyedRequest } from '../../reliable/idempotency/keyed-request.ts';
import { replaceAccepted } from '../../reliable/idempotency/keys.sql.ts';
import { type Reply, toReply } from '../../reliable/refusal.ts';
import { reconcile } from './reconcile-operation.ts';
import type { Reconciler } from './reconciler.ts';
import type { Run } from './run.ts';
import { readLatest, readMismatches } from './runs.sql.ts';

export interface ReconciliationRoutesDeps extends IdempotencyDeps {
  /** The gateway's path to this service's operations. */
  base: string;
  reconciler: Reconciler;
}

const BODY_LIMIT_BYTES = 64 * 1024;
// Enough for a small system. For a large one, clients should not hold a connection until the end.
const ANSWER_WITHIN_MS = 2_000;
// The default page size of the list, which has the rest.
const LISTED_IN_ANSWER = 50;

export const listQuery = z.strictObject({ limit, cursor });
export const emptyBody = z.strictObject({});
/** A run, and how many of its mismatches came before. */
const position = z.string().regex(/^[0-9a-f-]{36} [0-9]{1,9}$/);

/** Routes to read the last result and to start a run, below the service's operations. */
export function reconciliationRoutes(deps: ReconciliationRoutesDeps): Router {
  const { pool, reconciler } = deps;
  const routes = Router({ caseSensitive: true, strict: true });
  const path = `${deps.base}/reconciliation`;

  routes.get(path, async (req, res) => {
    const page = parseQuery(req, listQuery);
    const [run, offset = '0'] = positionIn(path, page.cursor, position)?.split(' ') ?? [];
    const { lastRun, lastFinished } = await readLatest(pool, reconciler.intervalSeconds);
    const listed = run ?? lastFinished?.id;
    // A cursor continues in its run, even if another run has finished since.
    const found = listed === undefined ? [] : await readMismatches(pool, listed, Number(offset), page.limit + 1);
    const { items, nextCursor } = toPage(found, page.limit, path, () => `${listed} ${Number(offset) + page.limit}`);
    sendReply(res, toReply(200, { lastRun, lastFinished, mismatches: items, nextCursor }));
  });

  routes.post(path, ...readBody(BODY_LIMIT_BYTES), async (req, res) => {
    const key = requireIdempotencyKey(req);
    parseBody(req, emptyBody, { orEmpty: true });
    const principal = principalOf(res);
    const keyed = toKeyedRequest(principal, key, reconcile, { base: deps.base });
    const { reply, replayed } = await begin(keyed, principal);
    const final = reply.status === 202 ? await replyOfEnd(keyed, reply) : undefined;
    sendReply(res, final ?? reply, replayed && reply.status !== 202);
  });

  /** The key and the new run commit together. The run itself takes longer than a transaction may. */
  async function begin(keyed: KeyedRequest, principal: Principal) {
    let begun: Run | undefined;
    const answer = await idempotently(deps, keyed, async (trx) => {
      const requested = await reconciler.request(trx, actorOf(principal));
      begun = requested.begun ? requested.run : undefined;
      return toReply(202, { ...requested.run, mismatches: [] }, path);
    });
    if (begun && !answer.replayed) reconciler.go(begun);
    return answer;
  }

  /** Replace the stored 202 by the final response once the run has ended. */
  async function replyOfEnd(keyed: KeyedRequest, accepted: Reply): Promise<Reply | undefined> {
    const { id } = JSON.parse(accepted.body) as { id: string };
    const run = await reconciler.ended(id, ANSWER_WITHIN_MS);
    if (!run) return undefined;
    const mismatches = await readMismatches(pool, run.id, 0, LISTED_IN_ANSWER);
    const reply = toReply(200, { ...run, mismatches });
    await replaceAccepted(pool, keyed, reply);
    return reply;
  }

  return routes;
}
