import {
  available,
  giveBack,
  hold,
  isDepletion,
  type StockLevel,
  type StockMovement,
  takeOut,
} from '../stock/stock-level.ts';
import {
  type EndOutcome,
  fulfil,
  type HoldOutcome,
  type Line,
  type Reservation,
  release,
  repeatHold,
  type Shortage,
} from './reservation.ts';

/** The cause of a change, passed on in messages. */
export interface Cause {
  correlationId: string;
  causationId?: string;
  traceparent?: string;
}

/** A command for one reservation, with merged lines. */
export type ReservationCommand =
  | { kind: 'hold'; id: string; lines: readonly Line[]; cause: Cause }
  | { kind: 'release' | 'fulfil'; id: string; cause: Cause };

export type Outcome = HoldOutcome | EndOutcome;

/** The changes to write. */
export interface Changes {
  /** One outcome per command, in their order. */
  outcomes: Outcome[];
  created: Reservation[];
  /** Existing reservations that were held until now. */
  ended: Reservation[];
  levels: StockLevel[];
  movements: StockMovement[];
  depletions: { level: StockLevel; cause: Cause }[];
}

/**
 * The stock level of a held reservation's line is not locked, because the reservation was inserted after the SKUs were
 * collected.
 */
export class UnlockedStockError extends Error {}

/**
 * Decide commands in order of arrival, each on the state left by the earlier ones. Pure: all state is passed in and
 * returned.
 */
export function decide(
  commands: readonly ReservationCommand[],
  knownLevels: readonly StockLevel[],
  knownReservations: readonly Reservation[],
): Changes {
  const before = new Map(knownLevels.map((level) => [level.sku, level]));
  const levels = new Map(before);
  const known = new Map(knownReservations.map((reservation) => [reservation.id, reservation]));
  const reservations = new Map(known);
  const movements: StockMovement[] = [];
  const lastHold = new Map<string, Cause>();

  function holdLines({ id, lines, cause }: ReservationCommand & { kind: 'hold' }): HoldOutcome {
    const earlier = reservations.get(id);
    if (earlier) return repeatHold(earlier, lines);
    const shortages = lines.flatMap((line) => shortageOf(line, levels.get(line.sku)) ?? []);
    if (shortages.length > 0) {
      reservations.set(id, { id, state: 'rejected', lines, shortages });
      return { kind: 'rejected', shortages };
    }
    reservations.set(id, { id, state: 'held', lines });
    for (const { sku, quantity } of lines) {
      levels.set(sku, hold(lockedLevel(sku), quantity));
      movements.push({ sku, kind: 'held', deltaOnHand: 0, deltaReserved: quantity, causeId: id });
      lastHold.set(sku, cause);
    }
    return { kind: 'held' };
  }

  function end({ kind, id }: ReservationCommand & { kind: 'release' | 'fulfil' }): EndOutcome {
    const earlier = reservations.get(id);
    const { becomes, outcome } = kind === 'release' ? release(earlier) : fulfil(earlier);
    if (!becomes) return outcome;
    const lines = earlier?.lines ?? [];
    reservations.set(id, { id, state: becomes, lines });
    for (const { sku, quantity } of lines) {
      const leaves = becomes === 'fulfilled';
      const level = lockedLevel(sku);
      levels.set(sku, leaves ? takeOut(level, quantity) : giveBack(level, quantity));
      movements.push({
        sku,
        kind: becomes,
        deltaOnHand: leaves ? -quantity : 0,
        deltaReserved: -quantity,
        causeId: id,
      });
    }
    return outcome;
  }

  function lockedLevel(sku: string): StockLevel {
    const level = levels.get(sku);
    if (!level) throw new UnlockedStockError(`the stock level of ${sku} is not locked`);
    return level;
  }

  const outcomes = commands.map((command) => (command.kind === 'hold' ? holdLines(command) : end(command)));
  const changedLevels = [...levels.values()].filter((level) => level !== before.get(level.sku));
  return {
    outcomes,
    created: [...reservations.values()].filter(({ id }) => !known.has(id)),
    ended: [...reservations.values()].filter((one) => known.has(one.id) && one !== known.get(one.id)),
    levels: changedLevels,
    movements,
    depletions: changedLevels.flatMap((level) => {
      const cause = lastHold.get(level.sku);
      return cause && isDepletion(before.get(level.sku) ?? level, level) ? { level, cause } : [];
    }),
  };
}

function shortageOf({ sku, quantity }: Line, level: StockLevel | undefined): Shortage | undefined {
  if (!level) return { sku, requested: quantity, available: 0, reason: 'unknown-sku' };
  if (available(level) >= quantity) return undefined;
  return { sku, requested: quantity, available: available(level), reason: 'insufficient-stock' };
}
