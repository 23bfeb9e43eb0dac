/**
 * Selects the process of inventory-service for a call. Each process is a target (`inventory-target.ts`) at an address of
 * `target-addresses.ts`.
 *
 * A call goes to the target with the fewest calls in progress. This alone keeps most calls away from a frozen process, which
 * accepts connections and does not respond. If a connection failed, nothing was sent, so the next target is called at once. A
 * call that was sent is never retried here.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { orderBy } from '@shop/chassis/reliable/order-by.ts';
import type { OrderMetrics } from '../metrics.ts';
import { InventoryTarget, isUnconnected, type Question, type TargetOptions } from './inventory-target.ts';
import { followAddresses } from './target-addresses.ts';

export interface InventoryTargetsOptions extends TargetOptions {
  /** Base URLs of inventory-service. A host name is resolved, and each of its addresses is a target. */
  urls: readonly string[];
  metrics: OrderMetrics;
  /** Called when a call for an order was answered after all targets had been unavailable. */
  onRecovered?: () => void;
  /** For tests: resolves a host name. */
  lookup?: (hostname: string) => Promise<string[]>;
}

export interface InventoryTargets {
  /** Make a call for an order, to targets without an open breaker. The result affects the breaker. */
  ask<T>(question: Question<T>): Promise<T>;
  /**
   * Make a call for background work, which has more time and may retry. It does not affect breakers, and uses targets with an
   * open breaker if there is no other. `tried` has the targets of earlier attempts; the target of this one is added.
   */
  read<T>(question: Question<T>, tried?: Set<unknown>): Promise<T>;
  close(): Promise<void>;
}

/** No process of inventory-service was available; nothing was sent. */
export class NoTargetError extends Error {
  constructor(cause?: unknown) {
    super('no process of inventory-service is available', { cause });
  }
}

/** The targets of these URLs. Those of IP addresses exist at once, those of host names after the first DNS response. */
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
  /** No target was available for an order, and no call for an order was answered since. */
  let isCutOff = false;

  /** Call one target after the other while connections fail and there is time. */
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

/** Prefers a target on trial if the call has its full time: its probe was answered, so the risk for the order is low. */
function chooseForOrder(untried: InventoryTarget[], timeoutMs: number): InventoryTarget | undefined {
  const trial = untried.find((target) => target.isOnTrial && target.isFullTime(timeoutMs));
  return trial ?? leastBusy(untried.filter(({ isClosed }) => isClosed));
}

function chooseForReading(untried: InventoryTarget[]): InventoryTarget | undefined {
  return leastBusy(untried.filter(({ isClosed }) => isClosed)) ?? leastBusy(untried);
}

/**
 * The target with the fewest calls in progress and, of equals, with the most recent ones. If all targets are leaving, the one
 * that started to leave first, because it will be back first.
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
