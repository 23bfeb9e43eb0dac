/**
 * Selects the process of another service for a call. Each process is a target (`service-target.ts`) at an address of
 * `target-addresses.ts`.
 *
 * A call goes to the target with the fewest calls in progress. This alone keeps most calls away from a frozen process, which
 * accepts connections and does not respond. If a connection failed, nothing was sent, so the next target is called at once. A
 * call that was sent is never retried here.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { orderBy } from '../../reliable/order-by.ts';
import { isUnconnected, type Question, ServiceTarget, type TargetOptions } from './service-target.ts';
import { followAddresses } from './target-addresses.ts';

export interface ServiceTargetsOptions extends TargetOptions {
  /** Base URLs of the service. A host name is resolved, and each of its addresses is a target. */
  urls: readonly string[];
  /** Called when a call for a request was answered after all targets had been unavailable. */
  onRecovered?: () => void;
  /** For tests: resolves a host name. */
  lookup?: (hostname: string) => Promise<string[]>;
}

export interface ServiceTargets {
  /** Make a call for a request, to targets without an open breaker. The result affects the breaker. */
  ask<T>(question: Question<T>): Promise<T>;
  /**
   * Make a call for background work, which has more time and may retry. It does not affect breakers, and uses targets with an
   * open breaker if there is no other. `tried` has the targets of earlier attempts; the target of this one is added.
   */
  read<T>(question: Question<T>, tried?: Set<unknown>): Promise<T>;
  close(): Promise<void>;
}

/** No process of the service was available; nothing was sent. */
export class NoTargetError extends Error {
  constructor(service: string, cause?: unknown) {
    super(`no process of ${service} is available`, { cause });
  }
}

/** The targets of these URLs. Those of IP addresses exist at once, those of host names after the first DNS response. */
export function createServiceTargets(options: ServiceTargetsOptions): ServiceTargets {
  const { service, urls, lookup, metrics, log } = options;
  const addresses = followAddresses<ServiceTarget>({
    urls,
    lookup,
    add: (url, address) => new ServiceTarget(url, address, options),
    remove(target) {
      void target.close();
      metrics?.breakerState.remove({ target: target.name });
    },
    onUnresolved: (host, error) => log.debug({ err: error, host }, `could not resolve the addresses of ${service}`),
  });
  /** No target was available for a request, and no call for a request was answered since. */
  let isCutOff = false;

  /** Call one target after the other while connections fail and there is time. */
  async function inTurn<T>(
    question: Question<T>,
    choose: (untried: ServiceTarget[], timeoutMs: number) => ServiceTarget | undefined,
    call: (target: ServiceTarget, question: Question<T>) => Promise<T>,
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
      if (!target) throw new NoTargetError(service, cause);
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
        return await inTurn(question, chooseForRequest, (target, asked) => target.sendForRequest(asked), new Set());
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

/** Prefers a target on trial if the call has its full time: its probe was answered, so the risk for the request is low. */
function chooseForRequest(untried: ServiceTarget[], timeoutMs: number): ServiceTarget | undefined {
  const trial = untried.find((target) => target.isOnTrial && target.isFullTime(timeoutMs));
  return trial ?? leastBusy(untried.filter(({ isClosed }) => isClosed));
}

function chooseForReading(untried: ServiceTarget[]): ServiceTarget | undefined {
  return leastBusy(untried.filter(({ isClosed }) => isClosed)) ?? leastBusy(untried);
}

/**
 * The target with the fewest calls in progress and, of equals, with the most recent ones. If all targets are leaving, the one
 * that started to leave first, because it will be back first.
 */
function leastBusy(among: readonly ServiceTarget[]): ServiceTarget | undefined {
  return among.toSorted(BY_LOAD)[0];
}

const BY_LOAD = orderBy<ServiceTarget>(
  ({ leavingUntil }) => leavingUntil,
  ({ callsUnderWay }) => callsUnderWay,
  ({ since }) => -since,
  ({ lastUsedAt }) => lastUsedAt,
);
