/**
 * Which process of inventory-service is asked. Each is a target of its own (`inventory-target.ts`), at the addresses of
 * `target-addresses.ts`.
 *
 * A call goes to the target with the fewest calls under way. That alone keeps most calls away from a frozen process, which
 * accepts connections and answers none. After a connection that could not be made, nothing was sent, so the next target is
 * asked at once. After anything was sent there are no retries here.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { orderBy } from '@shop/chassis/reliable/order-by.ts';
import type { OrderMetrics } from '../metrics.ts';
import { InventoryTarget, isUnconnected, type Question, type TargetOptions } from './inventory-target.ts';
import { followAddresses } from './target-addresses.ts';

export interface InventoryTargetsOptions extends TargetOptions {
  /** Base URLs of inventory-service. A name is resolved, and every address behind it is a target. */
  urls: readonly string[];
  metrics: OrderMetrics;
  /** An order's call was answered after there was no target left to ask. */
  onRecovered?: () => void;
  /** For tests: addresses of a name. */
  lookup?: (hostname: string) => Promise<string[]>;
}

export interface InventoryTargets {
  /** Ask for an order: only a target that answers, and what becomes of the call decides whether it still does. */
  ask<T>(question: Question<T>): Promise<T>;
  /**
   * Ask for background work, which has more time and may ask again: those that are left out too, when no other is left,
   * and no slow or failed answer counts against a target. `tried` are the targets of earlier attempts, and is added to.
   */
  read<T>(question: Question<T>, tried?: Set<unknown>): Promise<T>;
  close(): Promise<void>;
}

/** No process of inventory-service could be asked: nothing was sent. */
export class NoTargetError extends Error {
  constructor(cause?: unknown) {
    super('no process of inventory-service can be asked', { cause });
  }
}

/** The targets behind these URLs; those that are addresses at once, names with the first answer of DNS. */
export function createInventoryTargets(options: InventoryTargetsOptions): InventoryTargets {
  const { urls, lookup, metrics, log } = options;
  const addresses = followAddresses<InventoryTarget>({
    urls,
    lookup,
    add: (url, address) => new InventoryTarget(url, address, options),
    remove(target) {
      void target.close();
      metrics.breakerState.remove({ target: target.name });
    },
    onUnresolved: (host, error) =>
      log.debug({ err: error, host }, 'could not resolve the addresses of inventory-service'),
  });
  /** There was no target left to ask for an order, and no order was answered since. */
  let isCutOff = false;

  /** Ask one target after the other, for as long as connections cannot be made and there is time. */
  async function inTurn<T>(
    question: Question<T>,
    choose: (untried: InventoryTarget[], timeoutMs: number) => InventoryTarget | undefined,
    call: (target: InventoryTarget, question: Question<T>) => Promise<T>,
    tried: Set<unknown>,
  ): Promise<T> {
    const until = performance.now() + question.timeoutMs;
    if (addresses.targets().length === 0)
      await Promise.race([addresses.resolve(), sleep(question.timeoutMs, undefined, { ref: false })]);
    let cause: unknown;
    for (;;) {
      const timeoutMs = Math.floor(until - performance.now());
      const untried = addresses.targets().filter((target) => !tried.has(target));
      const target = timeoutMs > 0 ? choose(untried, timeoutMs) : undefined;
      if (!target) throw new NoTargetError(cause);
      tried.add(target);
      try {
        return await call(target, { ...question, timeoutMs });
      } catch (error) {
        if (!isUnconnected(error)) throw error;
        target.leaveOut();
        void addresses.resolve();
        cause = error;
      }
    }
  }

  return {
    async ask(question) {
      try {
        return await inTurn(question, chooseForOrder, (target, asked) => target.sendForOrder(asked), new Set());
      } finally {
        const wasCutOff = isCutOff;
        isCutOff = !addresses.targets().some(({ isClosed }) => isClosed);
        if (wasCutOff && !isCutOff) options.onRecovered?.();
      }
    },
    async read(question, tried = new Set()) {
      if (addresses.targets().every((target) => tried.has(target))) tried.clear();
      return inTurn(question, chooseForReading, (target, asked) => target.send(asked), tried);
    },
    async close() {
      const all = addresses.targets();
      addresses.stop();
      await Promise.all(all.map((target) => target.close()));
    },
  };
}

/** One that is on trial first, if the call has its full time: its probe was answered, so the order risks little. */
function chooseForOrder(untried: InventoryTarget[], timeoutMs: number): InventoryTarget | undefined {
  const trial = untried.find((target) => target.isOnTrial && target.isFullTime(timeoutMs));
  return trial ?? leastBusy(untried.filter(({ isClosed }) => isClosed));
}

function chooseForReading(untried: InventoryTarget[]): InventoryTarget | undefined {
  return leastBusy(untried.filter(({ isClosed }) => isClosed)) ?? leastBusy(untried);
}

/**
 * The one that has the least to do; of those with as much, the one whose calls are the youngest. Of those that are leaving,
 * only when there is no other, the one that said so first: it is the first to be back.
 */
function leastBusy(among: readonly InventoryTarget[]): InventoryTarget | undefined {
  return among.toSorted(BY_LOAD)[0];
}

const BY_LOAD = orderBy<InventoryTarget>(
  ({ leavingUntil }) => leavingUntil,
  ({ callsUnderWay }) => callsUnderWay,
  ({ since }) => -since,
  ({ lastUsedAt }) => lastUsedAt,
);
