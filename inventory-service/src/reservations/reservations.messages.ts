import {
  reservationFulfilledV1,
  reservationHeldV1,
  reservationRejectedV1,
  reservationReleasedV1,
} from '@shop/chassis/contract/messages/inventory-service.ts';
import type { reservationCommands } from '@shop/chassis/contract/messages/order-service.ts';
import type { Handle, HandlerOutcome, IncomingMessage } from '@shop/chassis/reliable/messaging/handle-batch.ts';
import {
  addToOutbox,
  type MessageContext,
  type OutboxRow,
  toOutboxRow,
} from '@shop/chassis/reliable/outbox/outbox-message.ts';
import type { InventoryMetrics } from '../metrics.ts';
import { changeReservationsWithin } from './change-reservations.ts';
import type { Outcome, ReservationCommand } from './decide.ts';
import { mergeLines, type Shortage } from './reservation.ts';

type Command = (typeof reservationCommands)[number];

export interface ReservationMessagesDeps {
  metrics: InventoryMetrics;
  now: () => Date;
  wakeRelay: () => void;
}

/** Handle `reservation.requested`, `.release` and `.fulfil`. Each is answered, or becomes a dead letter. */
export function reservationCommandHandler({ metrics, now, wakeRelay }: ReservationMessagesDeps): Handle<Command> {
  return async (trx, messages, afterCommit) => {
    const at = now();
    const commands = messages.map(toCommand);
    const outcomes = await changeReservationsWithin(trx, commands, at);
    const replies = commands.map((command, index) => toAnswer(command, outcomes[index] as Outcome, at));
    await addToOutbox(
      trx,
      replies.flatMap(({ reply }) => reply ?? []),
    );
    afterCommit(() => {
      for (const { kind } of outcomes) metrics.reservationsTotal.of(kind).inc();
      wakeRelay();
    });
    return replies.map(({ fate }) => fate);
  };
}

function toCommand({ message, traceparent }: IncomingMessage<Command>): ReservationCommand {
  const id = message.payload.reservationId.toLowerCase();
  const cause = { correlationId: message.correlationId, causationId: message.id, traceparent };
  if (message.type === 'reservation.requested') {
    return { kind: 'hold', id, lines: mergeLines(message.payload.lines), cause };
  }
  return { kind: message.type === 'reservation.release' ? 'release' : 'fulfil', id, cause };
}

interface Answer {
  fate: HandlerOutcome;
  reply?: OutboxRow;
}

function toAnswer(command: ReservationCommand, outcome: Outcome, now: Date): Answer {
  const about = { reservationId: command.id };
  const context = { ...command.cause, subjectId: command.id, occurredAt: now };
  switch (outcome.kind) {
    case 'held':
      return handled(toOutboxRow(reservationHeldV1, about, context));
    case 'rejected':
      return handled(rejection(command.id, context, 'insufficient-stock', outcome.shortages));
    case 'released':
      if (command.kind === 'hold') return handled(rejection(command.id, context, 'released'));
      return handled(toOutboxRow(reservationReleasedV1, about, context));
    case 'fulfilled':
      return handled(toOutboxRow(reservationFulfilledV1, about, context));
    case 'conflict':
      return { fate: { deadLetter: 'reservation-conflict', detail: `${command.id} is known with other lines` } };
    case 'refused':
      return { fate: { deadLetter: outcome.reason, detail: `reservation ${command.id}` } };
  }
}

function handled(reply: OutboxRow): Answer {
  return { fate: 'handled', reply };
}

function rejection(
  reservationId: string,
  context: MessageContext,
  reason: 'insufficient-stock' | 'released',
  shortages?: readonly Shortage[],
): OutboxRow {
  return toOutboxRow(reservationRejectedV1, { reservationId, reason, shortages: shortages && [...shortages] }, context);
}
