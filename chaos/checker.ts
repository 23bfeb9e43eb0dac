/**
 * The checker: pure functions on evidence that was collected from outside. Each rule examines all of it and returns the
 * violations of its promise; the run passes if no rule finds any.
 */
import { orderBy } from '@shop/chassis/reliable/order-by.ts';
import { availabilityFaults } from './availability.ts';
import type { Evidence, SessionCall, SessionRecord, StoredOrder } from './evidence.ts';
import type { Operation } from './history.ts';
import { finalTryOf, isDecided, verdictOf } from './history.ts';

export interface Violation {
  subject: string;
  expected: string;
  found: string;
  key?: string;
  orderId?: string;
}

export interface Check {
  rule: string;
  checked: number;
  violations: Violation[];
}

interface Rule {
  rule: string;
  check: (known: Known) => { checked: number; violations: Violation[] };
}

/** The evidence, with indexes that several rules use. */
type Known = Evidence & {
  placements: Operation[];
  steps: Operation[];
  byId: Map<string, StoredOrder>;
  /** By client and key. */
  byKey: Map<string, StoredOrder[]>;
  /** Changes of status of an order, oldest first. */
  statuses: Map<string, string[]>;
};

const rules: Rule[] = [
  { rule: 'no unfinished work at the deadline', check: checkFinished },
  {
    rule: 'no process exited by itself',
    check: ({ crashes }) =>
      found(
        crashes.map((name) => wrong(name, 'running', 'ended')),
        1,
      ),
  },
  { rule: 'every request got a final response', check: checkDecided },
  { rule: 'every response conforms to the contract', check: checkExpected },
  { rule: 'no internal error', check: checkInternal },
  { rule: '202 shows an order that is not decided', check: checkAccepted },
  { rule: 'a key always gets its first final response', check: checkRepeats },
  { rule: 'a key belongs to one request', check: checkOwner },
  { rule: 'one order per key', check: checkOneOrder },
  { rule: 'answers agree with the orders', check: checkAnswers },
  { rule: 'lists show every order once', check: checkLists },
  { rule: 'histories are legal and complete', check: checkHistories },
  { rule: 'events cover every history', check: checkEvents },
  { rule: 'the stream shows every change once', check: checkStream },
  { rule: 'no SKU negative or oversold at any time', check: checkSamples },
  { rule: 'ledger sums equal levels', check: checkLedger },
  { rule: 'each cause moved stock once', check: checkCauses },
  { rule: 'reserved is what confirmed orders hold', check: checkReserved },
  { rule: 'reservations agree with orders', check: checkReservations },
  { rule: 'each adjustment took effect once', check: checkAdjustments },
  { rule: 'a session that has ended stays ended', check: checkEndedSessions },
  { rule: 'a lost answer ends no session', check: checkLiveSessions },
  { rule: 'nobody sees the orders of another', check: checkSightings },
  { rule: 'order histories equal the orders', check: checkOrderHistories },
  { rule: 'no dead letters', check: checkDeadLetters },
  { rule: 'connections are back to what they were', check: checkConnections },
  { rule: 'memory stays in bounds', check: checkMemory },
  { rule: 'one of two processes is enough', check: checkAvailability },
];

/** Every rule with its violations. */
export function checkEvidence(evidence: Evidence): Check[] {
  const known: Known = {
    ...evidence,
    placements: evidence.operations.filter(({ kind }) => kind === 'place'),
    steps: evidence.operations.filter(({ kind }) => kind === 'cancel' || kind === 'ship' || kind === 'deliver'),
    byId: new Map(evidence.orders.map((order) => [order.id, order])),
    byKey: Map.groupBy(evidence.orders, scopeOf),
    statuses: statusesOf(evidence),
  };
  return rules.map(({ rule, check }) => ({ rule, ...check(known) }));
}

function statusesOf({ timeline }: Evidence): Map<string, string[]> {
  const changes = timeline.filter(({ type }) => type !== 'queued' && type !== 'replays');
  const grouped = Map.groupBy(changes, ({ orderId }) => orderId);
  return new Map([...grouped].map(([id, entries]) => [id, entries.map(({ type }) => type)]));
}

/* ------------------------------------------------------------------------------------------------------- requests */

function checkFinished({ unfinished, orders }: Known) {
  const waiting = unfinished.orders.map(({ id, awaiting }) =>
    wrong(`order ${id}`, 'decided within the deadline', `still waits for its ${awaiting}`, { orderId: id }),
  );
  const full = unfinished.places.map((place) => wrong('messages', 'all delivered and handled', place));
  return found([...waiting, ...full], orders.length);
}

function checkDecided({ operations }: Known) {
  const asked = operations.filter(({ kind }) => kind !== 'read');
  const open = asked.filter((operation) => !operation.isForsaken && !isDecided(operation));
  return found(
    open.map((operation) => about(operation, 'a final answer', describe(operation.tries.at(-1)))),
    asked.length,
  );
}

function checkExpected({ operations }: Known) {
  return eachOf(operations, (operation) =>
    operation.tries
      .filter((one) => verdictOf(one) === 'unexpected')
      .map((one) => about(operation, 'an answer of the contract', describe(one))),
  );
}

/** 503 and 502 are caused by faults; a 500 is an unhandled case, even if its retry succeeds. */
function checkInternal({ operations }: Known) {
  return eachOf(operations, (operation) =>
    operation.tries
      .filter(({ answer }) => answer?.status === 500)
      .map((one) => about(operation, 'no 500', describe(one))),
  );
}

function checkAccepted({ placements }: Known) {
  return eachOf(placements, (operation) =>
    operation.tries
      .filter((one) => verdictOf(one) === 'accepted' && !one.answer?.text.includes('"status":"pending"'))
      .map((one) => about(operation, 'a pending order', describe(one))),
  );
}

function checkRepeats({ operations }: Known) {
  return eachOf(
    operations.filter(({ kind }) => kind !== 'read'),
    (operation) => {
      const finals = operation.tries.filter((one) => verdictOf(one) === 'final');
      const [first, ...others] = finals.sort(orderBy(({ endedAt }) => endedAt));
      const text = (one: typeof first) => `${one?.answer?.status} ${one?.answer?.location ?? ''} ${one?.answer?.text}`;
      const different = others.find((one) => text(one) !== text(first));
      const undecided = operation.tries.find(
        (one) => verdictOf(one) === 'accepted' && first !== undefined && one.sentAt > first.endedAt,
      );
      return [different, undecided]
        .filter((one) => one !== undefined)
        .map((one) => about(operation, `${text(first)} again`, text(one)));
    },
  );
}

/** Once a body was accepted, the other one must always be refused; a refused body must have no effect. */
function checkOwner({ operations, byKey }: Known) {
  return eachOf(
    operations.filter(({ kind }) => kind !== 'read'),
    (operation) => {
      const taken = new Set(
        operation.tries.filter((one) => ['final', 'accepted'].includes(verdictOf(one))).map(({ variant }) => variant),
      );
      const refused = new Set(
        operation.tries.filter((one) => verdictOf(one) === 'reused').map(({ variant }) => variant),
      );
      const [owner] = taken;
      if (taken.size > 1) return [about(operation, 'one request to be executed', 'both bodies under one key')];
      if (owner !== undefined && refused.has(owner)) {
        return [
          about(operation, 'no 422 for the request that owns the key', 'it was executed and also refused with 422'),
        ];
      }
      const [order] = operation.kind === 'place' ? (byKey.get(scopeOf(operation)) ?? []) : [];
      const lines = owner === undefined ? undefined : operation.lines?.[owner];
      if (!order || !lines || demandText(order.lines) === demandText(lines)) return [];
      return [about(operation, `an order of ${demandText(lines)}`, `of ${demandText(order.lines)}`, order.id)];
    },
  );
}

function checkOneOrder({ placements, orders, byKey, byId }: Known) {
  const known = new Set(placements.map(scopeOf));
  const ghosts = orders.filter((order) => !known.has(scopeOf(order)));
  const customers = Map.groupBy(orders, ({ client, customerId }) => `${client} ${customerId}`);
  const perKey = eachOf(placements, (operation) => {
    const made = byKey.get(scopeOf(operation)) ?? [];
    const answered = operation.tries.some((one) => ['final', 'accepted'].includes(verdictOf(one)));
    const named = operation.tries.flatMap((one) => orderIdIn(one.answer?.text));
    const lost = named.find((id) => !byId.has(id));
    if (lost) return [about(operation, `order ${lost}, which an answer named`, 'no such order', lost)];
    const foreign = named.find((id) => !made.some((order) => order.id === id));
    if (foreign) return [about(operation, `the order of this key`, `an answer named ${foreign}`, foreign)];
    if (made.length > 1) return [about(operation, 'one order', made.map(({ id }) => id).join(', '), made[0]?.id)];
    if (answered && made.length === 0) return [about(operation, 'an order', 'none')];
    // A shopper has many orders.
    if (operation.client === 'web') return [];
    const twins = customers.get(`${operation.client} ${operation.customerId}`) ?? [];
    return twins.length > 1 ? [about(operation, 'one order', twins.map(({ id }) => id).join(', '), twins[0]?.id)] : [];
  });
  return found(
    [
      ...perKey.violations,
      ...ghosts.map(({ id, client, key }) =>
        wrong(`order ${id}`, 'a request that placed it', `none of the ${client} has the key ${key}`, { orderId: id }),
      ),
    ],
    placements.length,
  );
}

const outcomeOfAnswer: Record<string, string> = {
  'order-rejected': 'rejected',
  'order-cancelled': 'cancelled',
};

function checkAnswers(known: Known) {
  return eachOf([...known.placements, ...known.steps], (operation) => {
    const answer = finalTryOf(operation)?.answer;
    if (!answer) return [];
    if (operation.kind === 'place') {
      const order = known.byKey.get(scopeOf(operation))?.[0];
      const outcome = answer.status === 201 ? 'confirmed' : outcomeOfAnswer[answer.code ?? ''];
      if (!order || order.firstOutcome === outcome) return [];
      return [about(operation, `an order that was ${outcome} first`, `${order.firstOutcome}`, order.id)];
    }
    const order = known.byId.get(operation.orderId ?? '');
    const path = known.statuses.get(operation.orderId ?? '') ?? [];
    if (!order) return [about(operation, 'its order', 'none', operation.orderId)];
    return stepContradictions(operation, order, path);
  });
}

const targets = { cancel: 'cancelled', ship: 'shipped', deliver: 'delivered' } as const;

function stepContradictions(operation: Operation, order: StoredOrder, path: string[]): Violation[] {
  const final = finalTryOf(operation);
  const answer = final?.answer;
  const target = targets[operation.kind as keyof typeof targets];
  if (answer?.status === 200) {
    if (!path.includes(target)) return [about(operation, `an order that was ${target}`, path.join(', '), order.id)];
    const { carrier, trackingNumber } = operation.shipments?.[final?.variant ?? 0] ?? {};
    if (operation.kind !== 'ship' || (order.carrier === carrier && order.trackingNumber === trackingNumber)) return [];
    return [about(operation, `${carrier} ${trackingNumber}`, `${order.carrier} ${order.trackingNumber}`, order.id)];
  }
  if (answer?.code === 'illegal-transition') {
    const { from } = JSON.parse(answer.text) as { from: string };
    const was = from === 'pending' ? 'placed' : from;
    if (path.includes(was) && !(nextOf[was] ?? []).includes(target)) return [];
    return [about(operation, `an order that was ${from} and cannot become ${target}`, path.join(', '), order.id)];
  }
  return [];
}

/* --------------------------------------------------------------------------------------------------------- orders */

function checkLists({ listed, orders, byId }: Known) {
  const seen = new Set<string>();
  const violations = listed.flatMap((item) => {
    const order = byId.get(item.id);
    const again = seen.has(item.id);
    seen.add(item.id);
    if (again) return [wrong(`order ${item.id}`, 'listed once', 'listed twice', { orderId: item.id })];
    if (!order) return [wrong(`order ${item.id}`, 'in the database', 'only in the list', { orderId: item.id })];
    if (order.client !== item.client) {
      return [
        wrong(`order ${item.id}`, `shown to the ${order.client} alone`, `to the ${item.client}`, { orderId: item.id }),
      ];
    }
    if (order.status === item.status && order.version === item.version) return [];
    const expected = `${order.status}, version ${order.version}`;
    return [
      wrong(`order ${item.id}`, expected, `${item.status}, version ${item.version} in the list`, { orderId: item.id }),
    ];
  });
  const missing = orders.filter(({ id }) => !seen.has(id));
  const unlisted = missing.map(({ id }) =>
    wrong(`order ${id}`, 'in the list of its client', 'not there', { orderId: id }),
  );
  return found([...violations, ...unlisted], orders.length);
}

/** The allowed successors of each timeline entry. */
const nextOf: Record<string, readonly string[]> = {
  placed: ['confirmed', 'rejected', 'cancelled'],
  confirmed: ['shipped', 'cancelled'],
  shipped: ['delivered'],
};

function checkHistories({ orders, statuses }: Known) {
  return eachOf(orders, ({ id, status, version, firstOutcome }) => {
    const path = statuses.get(id) ?? [];
    const legal = path[0] === 'placed' && path.slice(1).every((one, index) => nextOf[path[index] ?? '']?.includes(one));
    const complete = path.length === version && path.at(-1) === (status === 'pending' ? 'placed' : status);
    if (legal && complete && (path[1] ?? null) === firstOutcome) return [];
    const expected = `a legal way to ${status} (first ${firstOutcome}) in ${version} entries`;
    return [wrong(`order ${id}`, expected, path.join(', ') || 'nothing', { orderId: id })];
  });
}

function checkEvents({ orders, events, statuses, byId }: Known) {
  const grouped = Map.groupBy(events, ({ orderId }) => orderId);
  const strangers = [...grouped.keys()].filter((id) => !byId.has(id));
  const perOrder = eachOf(orders, ({ id, version }) => {
    const path = statuses.get(id) ?? [];
    const versions = Map.groupBy(grouped.get(id) ?? [], (event) => event.version);
    const expected = Array.from({ length: version }, (_, index) => index + 1);
    const missing = expected.filter((one) => !versions.has(one));
    const odd = [...versions].filter(
      ([one, all]) =>
        new Set(all.map((event) => `${event.messageId} ${event.type}`)).size > 1 ||
        `order.${path[one - 1]}` !== all[0]?.type,
    );
    const lost = missing.map((one) =>
      wrong(`order ${id}`, `the event of version ${one} (order.${path[one - 1]})`, 'none', { orderId: id }),
    );
    const wrongOnes = odd.map(([one, all]) =>
      wrong(
        `order ${id}`,
        `one event order.${path[one - 1]} for version ${one}`,
        all.map(({ type, messageId }) => `${type} ${messageId}`).join(', '),
        { orderId: id },
      ),
    );
    return [...lost, ...wrongOnes];
  });
  const unknown = strangers.map((id) => wrong(`order ${id}`, 'an order for each event', 'none', { orderId: id }));
  return found([...perOrder.violations, ...unknown], events.length);
}

/** Without gaps and doubles, and an order's in the order of their versions, although processes and gateway were killed. */
function checkStream({ orders, byId, streamed }: Known) {
  const versions = Map.groupBy(streamed.changes, ({ orderId }) => orderId);
  const perOrder = orders.flatMap(({ id, version }) => {
    const expected = Array.from({ length: version }, (_, index) => index + 1).join(', ');
    const came = (versions.get(id) ?? []).map((change) => change.version).join(', ');
    return came === expected ? [] : [wrong(`order ${id}`, `versions ${expected}`, came || 'none', { orderId: id })];
  });
  const strangers = [...versions.keys()].filter((id) => !byId.has(id));
  const unknown = strangers.map((id) => wrong(`order ${id}`, 'an order for each change', 'none', { orderId: id }));
  const resets = streamed.resets > 0 ? [wrong('the stream', 'to be resumed', `${streamed.resets} resets`)] : [];
  const failures = streamed.failures.map((failure) => wrong('the stream', 'to go on', failure));
  return found([...perOrder, ...unknown, ...resets, ...failures], streamed.changes.length);
}

/* ---------------------------------------------------------------------------------------------------------- stock */

function checkSamples({ samples, levels }: Known) {
  const atTheEnd = levels
    .filter(({ onHand, reserved }) => reserved < 0 || reserved > onHand)
    .map(({ sku, onHand, reserved }) => wrong(sku, '0 <= reserved <= on hand', `${reserved} of ${onHand}`));
  const during = samples.findings.map((finding) =>
    wrong('during the run', '0 <= reserved <= on hand, ledger = level', finding),
  );
  return found([...during, ...atTheEnd], samples.checked + levels.length);
}

function checkLedger({ levels, movements }: Known) {
  const perSku = Map.groupBy(movements, ({ sku }) => sku);
  return eachOf(levels, ({ sku, onHand, reserved }) => {
    const all = perSku.get(sku) ?? [];
    const sums = `${sum(all, (one) => one.deltaOnHand)} on hand, ${sum(all, (one) => one.deltaReserved)} reserved`;
    const level = `${onHand} on hand, ${reserved} reserved`;
    return sums === level ? [] : [wrong(sku, `${sums} (the ledger's sum)`, level)];
  });
}

function checkCauses({ movements }: Known) {
  const perCause = Map.groupBy(movements, ({ causeId, sku }) => `${causeId} ${sku}`);
  return eachOf([...perCause.values()], (all) => {
    const [{ causeId, sku } = { causeId: '', sku: '' }] = all;
    const kinds = all.map(({ kind }) => kind).join(', ');
    if (['adjusted', 'held', 'held, released', 'held, fulfilled'].includes(kinds)) return [];
    return [wrong(`${sku} by ${causeId}`, 'held once, then released or fulfilled once', kinds, { orderId: causeId })];
  });
}

function checkReserved({ levels, orders, reservations, reservationLines }: Known) {
  const confirmed = demandPerSku(orders.filter(({ status }) => status === 'confirmed').flatMap(({ lines }) => lines));
  const heldIds = new Set(reservations.filter(({ state }) => state === 'held').map(({ id }) => id));
  const held = demandPerSku(reservationLines.filter(({ reservationId }) => heldIds.has(reservationId)));
  return eachOf(levels, ({ sku, reserved }) => {
    const [ordered, set] = [confirmed.get(sku) ?? 0, held.get(sku) ?? 0];
    if (reserved === ordered && reserved === set) return [];
    return [
      wrong(sku, `${ordered} reserved, for confirmed orders`, `${reserved} reserved, ${set} in held reservations`),
    ];
  });
}

/** Allowed reservation states of a decided order; `none`: inventory-service was never asked, or refused. */
const statesOf: Record<string, readonly string[]> = {
  confirmed: ['held'],
  shipped: ['fulfilled'],
  delivered: ['fulfilled'],
  rejected: ['rejected', 'released', 'none'],
  cancelled: ['released', 'rejected', 'none'],
};

function checkReservations({ orders, reservations, reservationLines, byId }: Known) {
  const states = new Map(reservations.map(({ id, state }) => [id, state]));
  const lines = Map.groupBy(reservationLines, ({ reservationId }) => reservationId);
  const perOrder = eachOf(orders, (order) => {
    const state = states.get(order.id) ?? 'none';
    const allowed = statesOf[order.status] ?? [];
    if (order.status !== 'pending' && !allowed.includes(state)) {
      return [
        wrong(`order ${order.id}`, `${order.status}: reservation ${allowed.join(' or ')}`, state, {
          orderId: order.id,
        }),
      ];
    }
    const known = demandText(lines.get(order.id) ?? []);
    // A tombstone has no lines: the release came before the request for stock.
    if (state === 'none' || (state === 'released' && known === '') || known === demandText(order.lines)) return [];
    return [wrong(`order ${order.id}`, `a reservation of ${demandText(order.lines)}`, known, { orderId: order.id })];
  });
  const orphans = reservations
    .filter(({ id }) => !byId.has(id))
    .map(({ id, state }) => wrong(`reservation ${id}`, 'an order for it', `none, and it is ${state}`, { orderId: id }));
  return found([...perOrder.violations, ...orphans], orders.length);
}

function checkAdjustments({ operations, skus, levels, orders }: Known) {
  const done = operations.flatMap((one) => {
    const final = one.kind === 'adjust' ? finalTryOf(one) : undefined;
    return one.stock && final?.answer?.status === 200
      ? [{ sku: one.stock.sku, delta: one.stock.deltas[final.variant] ?? 0 }]
      : [];
  });
  const shipped = orders.filter(({ status }) => status === 'shipped' || status === 'delivered');
  const gone = demandPerSku(shipped.flatMap(({ lines }) => lines));
  const byId = new Map(levels.map((level) => [level.sku, level]));
  return eachOf(skus, (sku) => {
    const added = sum(done, (one) => (one.sku === sku ? one.delta : 0));
    const expected = added - (gone.get(sku) ?? 0);
    const onHand = byId.get(sku)?.onHand;
    if (onHand === expected) return [];
    return [
      wrong(sku, `${expected} on hand (${added} by adjustments, less ${gone.get(sku) ?? 0} shipped)`, `${onHand}`),
    ];
  });
}

function checkDeadLetters({ deadLetters }: Known) {
  return eachOf(deadLetters, ({ queue, messages }) =>
    messages === 0 ? [] : [wrong(queue, 'empty', `${messages} dead letters`)],
  );
}

/* ------------------------------------------------------------------------------------------------------- shoppers */

/** After its sign-out, or after an old copy of a token was used. */
function checkEndedSessions({ sessions }: Known) {
  const ended = sessions.flatMap((session) => {
    const end = session.calls.find(
      ({ what, status }) => (what === 'sign-out' && status === 204) || (what === 'stolen' && status === 401),
    );
    return end ? [{ session, end }] : [];
  });
  const alive = ended.flatMap(({ session, end }) =>
    session.calls
      .filter(({ sentAt, status, gave }) => sentAt > end.endedAt && (status === 200 || gave !== undefined))
      .map((call) => ofSession(session, `401 after the ${endOf(end)}`, callText(call))),
  );
  const unnoticed = sessions.flatMap((session) =>
    session.calls
      .filter(({ what, status }) => what === 'stolen' && status === 200)
      .map((call) => ofSession(session, 'the end of the session', callText(call))),
  );
  return found([...alive, ...unnoticed], ended.length);
}

const endOf = ({ what }: SessionCall) => (what === 'stolen' ? 'theft' : 'sign-out');

/** Whoever has the newest token goes on, whatever became of the answers; and a token has one successor. */
function checkLiveSessions({ sessions }: Known) {
  return eachOf(sessions, (session) => {
    const signIns = session.calls.filter(({ what }) => what === 'sign-in');
    const refused = signIns.filter(({ status = 0 }) => status >= 400 && status < 500 && status !== 429);
    const unanswered = signIns.length > 0 && !signIns.some(({ status }) => status !== undefined && status < 500);
    const end = session.calls.find(({ what }) => what === 'sign-out' || what === 'stolen')?.sentAt;
    const refreshes = session.calls.filter(({ what }) => what === 'refresh');
    const lost = refreshes.filter(
      ({ status = 0, endedAt }) => status >= 400 && status < 500 && status !== 429 && endedAt < (end ?? endedAt + 1),
    );
    const byToken = Map.groupBy(refreshes, ({ token }) => token);
    const stuck = [...byToken.values()].flatMap((calls) =>
      calls.some(({ status }) => status === 200 || status === 401) ? [] : calls.slice(-1),
    );
    const forked = [...byToken.values()].filter((calls) => new Set(calls.flatMap(({ gave }) => gave ?? [])).size > 1);
    return [
      ...(unanswered ? [ofSession(session, 'an answer to its sign-in', 'none')] : []),
      ...[...refused, ...lost, ...stuck].map((call) => ofSession(session, 'to go on', callText(call))),
      ...forked.map(() => ofSession(session, 'one successor of a token', 'several')),
    ];
  });
}

function checkSightings({ sightings, byId }: Known) {
  return eachOf(sightings, ({ shopper, where, orderId }) => {
    const order = orderId === undefined ? undefined : byId.get(orderId);
    if (orderId === undefined || (order?.client === 'web' && order.customerId === shopper)) return [];
    const owner = order ? `of ${order.client} for ${order.customerId}` : 'that does not exist';
    return [wrong(`shopper ${shopper} at ${where}`, 'own orders only', `one ${owner}`, { orderId })];
  });
}

/** In the table, in the digests by which services compare them, and as shoppers find them. */
function checkOrderHistories({ orders, histories, digests, shoppers, shown }: Known) {
  const ofShoppers = orders.filter(({ client }) => client === 'web');
  const text = ({ status, version }: { status: string; version: number }) => `${status}, version ${version}`;
  const rows = new Map(histories.map((row) => [row.id, row]));
  const perOrder = eachOf(ofShoppers, (order) => {
    const { id, customerId } = order;
    const row = rows.get(id);
    const places = [
      ['the history', row && `${text(row)} of ${row.account}`] as const,
      ...(['/orders', '/accounts/me/orders'] as const).map((where) => {
        const item = shown.find((one) => one.id === id && one.where === where && one.shopper === customerId);
        return [where, item && `${text(item)} of ${item.shopper}`] as const;
      }),
    ];
    const expected = `${text(order)} of ${customerId}`;
    return places
      .filter(([where, what]) => what !== expected && (where === 'the history' || shoppers.includes(customerId)))
      .map(([where, what]) => wrong(`order ${id} in ${where}`, expected, what ?? 'none', { orderId: id }));
  });
  const known = new Set(ofShoppers.map(({ id }) => id));
  const strangers = histories
    .filter(({ id }) => !known.has(id))
    .map((row) => wrong(`order ${row.id} in the history`, 'no row', text(row), { orderId: row.id }));
  const differing = digests.orders.filter((digest, bucket) => digest !== digests.histories[bucket]).length;
  const unequal = differing > 0 ? [wrong('the digests', 'to be equal', `${differing} differ`)] : [];
  return found([...perOrder.violations, ...strangers, ...unequal], ofShoppers.length);
}

function ofSession({ shopper }: SessionRecord, expected: string, what: string): Violation {
  return wrong(`a session of ${shopper}`, expected, what);
}

function callText({ what, sentAt, status, code }: SessionCall): string {
  return `${what} at ${(sentAt / 1_000).toFixed(3)} s: ${status === undefined ? 'no answer' : `${status} ${code ?? ''}`.trim()}`;
}

/* ------------------------------------------------------------------------------------------------------ resources */

/** While counting, one connection may be closing and another opening. */
export const CONNECTION_TOLERANCE = 2;
/** The memory limit of a service at any time, in MB. */
export const MAX_MEMORY_MB = 300;
/**
 * The allowed growth of a process from its first 10 s to the end. Half of it is garbage that Node may keep; a leak of a
 * few KB per request still exceeds it within a minute.
 */
export const MAX_MEMORY_FACTOR = 2;

function checkConnections({ connections }: Known) {
  return eachOf(connections, ({ place, before, after }) =>
    after <= before + CONNECTION_TOLERANCE
      ? []
      : [wrong(place, `${before} connections again, or ${CONNECTION_TOLERANCE} more`, `${after}`)],
  );
}

function checkMemory({ memory }: Known) {
  return eachOf(memory, ({ name, pid, mostMb, grownUpMb, endMb = 0 }) => {
    const subject = `${name} (pid ${pid})`;
    if (mostMb >= MAX_MEMORY_MB) return [wrong(subject, `below ${MAX_MEMORY_MB} MB at all times`, `${mostMb} MB`)];
    if (grownUpMb === undefined || endMb <= MAX_MEMORY_FACTOR * grownUpMb) return [];
    return [
      wrong(
        subject,
        `at the end at most ${MAX_MEMORY_FACTOR} times what it had when it was 10 s old`,
        `${grownUpMb} MB then, ${endMb} MB now`,
      ),
    ];
  });
}

/**
 * The limits in availability.ts are relative to the time before the first fault, so a slow machine is not a violation.
 */
function checkAvailability({ availability }: Known) {
  const { judged, faults } = availabilityFaults(availability);
  return found(
    faults.map(({ what, expected, found: instead }) => wrong(what, expected, instead)),
    judged,
  );
}

/* ---------------------------------------------------------------------------------------------------------- words */

function found(violations: Violation[], checked: number) {
  return { checked, violations };
}

function eachOf<T>(items: readonly T[], judge: (item: T) => Violation[]) {
  return found(items.flatMap(judge), items.length);
}

function wrong(
  subject: string,
  expected: string,
  what: string,
  where: { key?: string; orderId?: string } = {},
): Violation {
  return { subject, expected, found: what, ...where };
}

function about(operation: Operation, expected: string, what: string, orderId = operation.orderId): Violation {
  return wrong(`${operation.kind} ${operation.path} of the ${operation.client}`, expected, what, {
    key: operation.key,
    orderId: orderId ?? operation.tries.flatMap((one) => orderIdIn(one.answer?.text))[0],
  });
}

/** The identity of a key: its client and itself. */
function scopeOf({ client, key }: { client: string; key: string }): string {
  return `${client} ${key}`;
}

function describe(one: Operation['tries'][number] | undefined): string {
  if (!one) return 'never sent';
  return one.answer ? `${one.answer.status} ${one.answer.text.slice(0, 300)}` : (one.cause ?? 'nothing');
}

function orderIdIn(text: string | undefined): string[] {
  try {
    const { id, orderId } = JSON.parse(text ?? '') as { id?: string; orderId?: string };
    return [id ?? orderId].filter((one) => one !== undefined);
  } catch {
    return [];
  }
}

function demandPerSku(lines: readonly { sku: string; quantity: number }[]): Map<string, number> {
  const demand = new Map<string, number>();
  for (const { sku, quantity } of lines) demand.set(sku, (demand.get(sku) ?? 0) + quantity);
  return demand;
}

function demandText(lines: readonly { sku: string; quantity: number }[]): string {
  return [...demandPerSku(lines)]
    .map(([sku, quantity]) => `${quantity} ${sku}`)
    .sort()
    .join(', ');
}

function sum<T>(items: readonly T[], numberOf: (item: T) => number): number {
  return items.reduce((total, item) => total + numberOf(item), 0);
}
