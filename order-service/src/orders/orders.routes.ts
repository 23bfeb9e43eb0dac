import type { Queryable } from '@shop/chassis/base/db/pool.ts';
import { asUuid } from '@shop/chassis/base/text.ts';
import { parseBody, parseQuery, readBody } from '@shop/chassis/edge/body.ts';
import { principalOf } from '@shop/chassis/edge/callers.ts';
import { contextOf } from '@shop/chassis/edge/context.ts';
import { requireIdempotencyKey } from '@shop/chassis/edge/idempotency-key.ts';
import { toKeyedRequest } from '@shop/chassis/edge/keyed-request.ts';
import { refuseWhenFull } from '@shop/chassis/edge/load-shedding/full-queue.ts';
import { positionIn, toCursor } from '@shop/chassis/edge/page.ts';
import { clientIdOf, type Principal } from '@shop/chassis/edge/principal.ts';
import { sendReply } from '@shop/chassis/edge/problem.ts';
import type { Operation } from '@shop/chassis/reliable/idempotency/fingerprint.ts';
import { type IdempotencyDeps, idempotently } from '@shop/chassis/reliable/idempotency/idempotently.ts';
import { toReply } from '@shop/chassis/reliable/refusal.ts';
import { type Request, type Response, Router } from 'express';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import type { OrderMetrics } from '../metrics.ts';
import { changeOrder, orderNotFound } from './change-order.ts';
import { cancel, deliver, type Order, type OrderStatus, type Outcome, ship } from './order.ts';
import {
  anyOrdersQuery,
  cancelOrderBody,
  deliverOrderBody,
  ownOrdersQuery,
  type PlaceOrderInput,
  placeOrderBody,
  shipOrderBody,
  shopperOrdersQuery,
} from './order-input.ts';
import { cancelOrder, deliverOrder, placeOrder, type StepAsked, shipOrder } from './order-operations.ts';
import { toOrderView } from './order-view.ts';
import { findOrders, listOrders, readTimeline } from './orders.sql.ts';
import type { PlaceOrder } from './place-order.ts';
import { isVisible, type Owner, visibleOwner } from './visibility.ts';

/** 1 MiB, as at the gateway; 1,000 lines need a tenth of it. */
const BODY_LIMIT_BYTES = 1024 * 1024;

export interface OrderRoutesDeps extends IdempotencyDeps {
  metrics: OrderMetrics;
  placeOrder: PlaceOrder;
  /** The queue of orders to place. */
  placements: Parameters<typeof refuseWhenFull>[0];
  /** Time limit for the response to a placement. */
  answerWithinMs: number;
  now: () => Date;
  wakeRelay: () => void;
}

/** Everything below /orders. */
export function orderRoutes(deps: OrderRoutesDeps): Router {
  const { pool } = deps;
  const routes = Router({ caseSensitive: true, strict: true });
  routes.param('id', (_req, res, next, id) => {
    res.locals.orderId = asUuid(id); // for the log
    next();
  });
  const body = readBody(BODY_LIMIT_BYTES);

  routes.post('/orders', refuseWhenFull(deps.placements), ...body, (req, res) => place(deps, req, res));

  routes.post('/orders/:id/cancellation', ...body, (req, res) =>
    takeStep(deps, req, res, {
      operation: cancelOrder,
      schema: cancelOrderBody,
      decide: (order, input) => cancel(order, input.reason, deps.now()),
    }),
  );
  routes.post('/orders/:id/shipment', ...body, (req, res) =>
    takeStep(deps, req, res, {
      operation: shipOrder,
      schema: shipOrderBody,
      decide: (order, input) => ship(order, input, deps.now()),
    }),
  );
  routes.post('/orders/:id/delivery', ...body, (req, res) =>
    takeStep(deps, req, res, {
      operation: deliverOrder,
      schema: deliverOrderBody,
      decide: (order) => deliver(order, deps.now()),
    }),
  );

  routes.get('/orders', async (req, res) => {
    sendReply(res, toReply(200, await readPage(pool, req, principalOf(res))));
  });

  routes.get('/orders/:id', async (req, res) => {
    sendReply(res, toReply(200, toOrderView(await findVisibleOrder(pool, req, res))));
  });

  routes.get('/orders/:id/timeline', async (req, res) => {
    const order = await findVisibleOrder(pool, req, res);
    sendReply(res, toReply(200, { items: await readTimeline(pool, order.id) }));
  });

  return routes;
}

async function place(deps: OrderRoutesDeps, req: Request, res: Response): Promise<void> {
  // Taken before validation, which for a large order is part of the response time.
  const deadline = performance.now() + deps.answerWithinMs;
  const context = contextOf(res);
  const key = requireIdempotencyKey(req);
  const input = parseBody(req, placeOrderBody);
  const principal = principalOf(res);
  const keyed = toKeyedRequest(principal, key, placeOrder, input);
  const order = newOrder(input, principal, deps.now());
  const answer = await deps.placeOrder({
    ...keyed,
    order,
    correlationId: context.requestId,
    traceparent: context.traceparent,
    deadline,
  });
  // A reply without a location is a refusal. For a replayed refusal, the order is not known here.
  const placed = answer.result === 'executed' ? order.id : undefined;
  res.locals.orderId = answer.reply.location?.slice('/orders/'.length) ?? placed;
  sendReply(res, answer.reply, answer.result === 'replayed');
}

interface Step<S extends z.ZodType> {
  operation: Operation<StepAsked<z.output<S>>>;
  schema: S;
  decide: (order: Order, input: z.output<S>) => Outcome;
}

async function takeStep<S extends z.ZodType>(
  deps: OrderRoutesDeps,
  req: Request,
  res: Response,
  { operation, schema, decide }: Step<S>,
): Promise<void> {
  const { requestId: correlationId, traceparent } = contextOf(res);
  const key = requireIdempotencyKey(req);
  const input = parseBody(req, schema, { orEmpty: true });
  const principal = principalOf(res);
  const keyed = toKeyedRequest(principal, key, operation, { orderId: req.params.id, input });
  const asked = {
    orderId: asUuid(req.params.id),
    principal,
    cause: { correlationId, traceparent },
    instance: req.path,
  };
  let step: OrderStatus | undefined;
  const { reply, replayed } = await idempotently(deps, keyed, (trx) =>
    changeOrder(trx, asked, (order) => {
      const outcome = decide(order, input);
      step = outcome.kind === 'changed' ? outcome.order.status : undefined;
      return outcome;
    }),
  );
  if (step && !replayed) deps.metrics.ordersTotal.of(step).inc();
  deps.wakeRelay();
  sendReply(res, reply, replayed);
}

/** The orders that the principal may see, newest first. */
async function readPage(pool: Queryable, req: Request, principal: Principal) {
  const owner = visibleOwner(principal);
  const { limit, cursor, ...filter } = parseQuery(req, ordersQueryOf(owner));
  const scope = JSON.stringify(['orders', owner?.customerId ? owner : owner?.clientId, filter]);
  const before = positionIn(scope, cursor, z.guid());
  const page = await listOrders(pool, { ...filter, ...owner, before }, limit);
  return { items: page.orders.map(toOrderView), nextCursor: page.next && toCursor(scope, page.next) };
}

/** The filters that leave the owner's orders the owner's. */
function ordersQueryOf(owner: Owner | undefined) {
  if (!owner) return anyOrdersQuery;
  return owner.customerId === undefined ? ownOrdersQuery : shopperOrdersQuery;
}

async function findVisibleOrder(pool: Queryable, req: Request, res: Response): Promise<Order> {
  const id = asUuid(req.params.id);
  const order = id && (await findOrders(pool, [id])).get(id);
  if (!order || !isVisible(order, principalOf(res))) throw orderNotFound();
  return order;
}

function newOrder(input: PlaceOrderInput, principal: Principal, now: Date): Order {
  return {
    ...input,
    id: uuidv7(),
    number: '',
    clientId: clientIdOf(principal),
    status: 'pending',
    awaiting: 'reservation',
    createdAt: now,
    updatedAt: now,
    version: 1,
  };
}
