import {
  orderCancelledV1,
  orderConfirmedV1,
  orderDeliveredV1,
  orderPlacedV1,
  orderRejectedV1,
  orderShippedV1,
  reservationFulfilV1,
  reservationReleaseV1,
  reservationRequestedV1,
} from '@shop/chassis/contract/messages/order-service.ts';
import type { OrderLine, Reservation, TimelineEntry } from '../../../clients/typescript/src/index.ts';
import { printable } from '../printable.ts';
import type { Story, Wait } from './story.ts';
import { type Verdict, verdictOn } from './verdict.ts';

type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red';
/** Adds colour to a text, or leaves it unchanged. */
export type Paint = (style: Style, text: string) => string;

const colours = { good: 'green', waiting: 'yellow', attention: 'red' } as const satisfies Record<
  Verdict['mood'],
  Style
>;

/** The messages that each step writes to the outbox, in its own transaction. */
const written: Record<string, readonly { routingKey: string }[]> = {
  placed: [orderPlacedV1],
  queued: [reservationRequestedV1],
  confirmed: [orderConfirmedV1],
  rejected: [orderRejectedV1],
  cancelled: [orderCancelledV1, reservationReleaseV1],
  shipped: [orderShippedV1, reservationFulfilV1],
  delivered: [orderDeliveredV1],
};

/** The story of an order for people: first its current state, then its history. */
export function renderStory(story: Story, paint: Paint): string {
  const { order, timeline, traceId, requestId = traceId } = story;
  const request = requestId === undefined || requestId === traceId ? '' : `, request ${printable(requestId)}`;
  const verdict = verdictOn(story);
  const heading = `${order.number} is ${order.status}.`;
  return [
    `${paint('bold', heading)} ${paint(colours[verdict.mood], verdict.text)}`,
    '',
    `  id        ${order.id}, version ${order.version}`,
    `  client    ${printable(order.clientId)}, for customer ${printable(order.customerId)}`,
    `  trace id  ${traceId === undefined ? 'unknown' : printable(traceId)}${request}`,
    printable(`  lines     ${order.lines.map(lineOf).join(', ')} (${order.currency}; prices in its minor units)`),
    '',
    paint('bold', 'Timeline'),
    ...timeline.map((entry) => renderEntry(entry, story, paint)),
    '',
    ...renderWait(story, paint),
    paint('bold', 'Reservation'),
    ...renderReservation(story),
    '',
    paint('bold', 'Messages'),
    ...renderMessages(story, paint),
    ...(story.mismatches.length > 0 ? ['', paint('bold', 'Reconciliation'), ...renderMismatches(story)] : []),
    ...renderUnanswered(story, paint),
  ].join('\n');
}

function renderEntry(entry: TimelineEntry, { order, traceId }: Story, paint: Paint): string {
  const { type, at, actor, correlationId, replays } = entry;
  const own = entry.traceId ?? correlationId;
  const what = replays === undefined ? type : `replayed ${replays === 1 ? 'once' : `${replays} times`}`;
  const other = own === traceId ? '' : paint('dim', `  trace ${printable(own)}`);
  const since = sinceOf(order.createdAt, at).padStart(11);
  return `  ${time(at)} ${paint('dim', since)}  ${what}, by ${printable(actor)}${detailOf(entry)}${messagesOf(entry)}${other}`;
}

function detailOf({ type, detail }: TimelineEntry): string {
  if (!detail) return '';
  if ('lines' in detail) {
    const short = detail.lines.map((line) => `${line.requested} ${line.sku} of ${line.available} (${line.reason})`);
    return `: ${printable(short.join(', '))}`;
  }
  if ('carrier' in detail) return `: ${printable(`${detail.carrier} ${detail.trackingNumber}`)}`;
  if ('deadLetter' in detail) {
    return `: replayed ${printable(`${detail.message}, dead letter ${detail.deadLetter}`)}`;
  }
  return type === 'cancelled' && detail.reason !== undefined ? `: ${printable(detail.reason)}` : '';
}

function messagesOf({ type, detail }: TimelineEntry): string {
  if (detail && 'deadLetter' in detail) return '';
  const keys = (written[type] ?? []).map(({ routingKey }) => routingKey);
  return keys.length === 0 ? '' : ` -> ${keys.join(', ')}`;
}

const awaited: Record<Wait['awaiting'], string> = {
  reservation: 'reserves its stock',
  release: 'releases its units',
  fulfilment: 'takes its units out of the stock',
};

function renderWait({ wait, readAt }: Story, paint: Paint): string[] {
  if (!wait) return [];
  const { awaiting, since, asks, askAgainAt, isUnsent } = wait;
  const times = asks === 0 ? 'not asked by message yet' : `asked by message ${asks === 1 ? 'once' : `${asks} times`}`;
  const left = Math.ceil((Date.parse(askAgainAt) - Date.parse(readAt)) / 1_000);
  return [
    paint('bold', 'Waiting'),
    `  until inventory-service ${awaited[awaiting]}, since ${time(since)} (${sinceOf(since, readAt).slice(1) || 'now'})`,
    `  ${times}; next at ${time(askAgainAt)}${left > 0 ? ` (in ${left} s)` : ''}, unless it replies before`,
    ...(isUnsent ? [paint('yellow', '  the message has not reached the broker yet: is RabbitMQ running?')] : []),
    '',
  ];
}

/** One line for each service that does not respond, however many parts are missing. */
function renderUnanswered({ unanswered }: Story, paint: Paint): string[] {
  return [...Map.groupBy(unanswered, ({ service }) => service)].map(([service, parts]) => {
    const name = service === 'orders' ? 'order-service' : 'inventory-service';
    const abouts = parts.map(({ about }) => about).join(', ');
    const reason = printable(parts[0]?.reason.replaceAll(/\s+/g, ' ') ?? '');
    return paint('yellow', `\nNot available from ${name}: ${abouts}. ${reason}`);
  });
}

function renderReservation({ reservation, unanswered }: Story): string[] {
  if (reservation) {
    return [printable(`  ${stateOf(reservation)}: ${reservation.lines.map(lineOf).join(', ') || 'no lines'}`)];
  }
  if (unanswered.some(({ about }) => about === 'reservation')) return ['  unknown: inventory-service does not respond'];
  return ['  none: inventory-service has not been asked yet'];
}

function stateOf({ state, createdAt, updatedAt }: Reservation): string {
  return createdAt === updatedAt
    ? `${state} ${time(createdAt)}`
    : `${state} ${time(updatedAt)}, created ${time(createdAt)}`;
}

function renderMessages({ deadLetters, unanswered }: Story, paint: Paint): string[] {
  const unknown = unanswered.some(({ about }) => about === 'dead letters');
  if (deadLetters.length === 0) return [unknown ? '  unknown whether all were handled' : '  no dead letters'];
  return deadLetters.flatMap(({ id, service, type, reason, status, attempts }) => {
    const line = `  ${type} is a dead letter of ${service}, ${status}: ${reason}, ${attempts} attempts`;
    const next = printable(`    npm run dead-letters -- show ${id}`);
    return status === 'open' ? [paint('red', printable(line)), next] : [printable(line), next];
  });
}

function renderMismatches({ mismatches }: Story): string[] {
  return mismatches.flatMap(({ kind, expected, found, because, proposal }) => [
    printable(`  ${kind}: expected ${String(expected)}, found ${String(found)}. ${because}`),
    printable(`    ${proposal}`),
  ]);
}

function lineOf({ sku, quantity, unitPrice }: OrderLine): string {
  return `${quantity} ${sku}${unitPrice === undefined ? '' : ` at ${unitPrice}`}`;
}

function time(iso: string): string {
  return printable(iso).replace('T', ' ').replace('Z', '');
}

/** The time since the order was placed, in a readable unit. */
function sinceOf(placedAt: string, at: string): string {
  const ms = Date.parse(at) - Date.parse(placedAt);
  if (!(ms > 0)) return '';
  if (ms < 1_000) return `+${ms} ms`;
  if (ms < 120_000) return `+${(ms / 1_000).toFixed(1)} s`;
  if (ms < 7_200_000) return `+${Math.round(ms / 60_000)} min`;
  return ms < 172_800_000 ? `+${Math.round(ms / 3_600_000)} h` : `+${Math.round(ms / 86_400_000)} days`;
}
