/**
 * The processes of inventory-service, each a target of its own: an address with its connections and its breaker. A URL
 * with a name stands for every address that the name resolves to, and DNS is asked again and again: containers that are
 * created again have other addresses.
 *
 * A call goes to the target with the fewest calls under way. That alone keeps most calls away from a frozen process, which
 * accepts connections and answers none. After a connection that could not be made, nothing was sent, so the next target is
 * asked at once. After anything was sent there are no retries here.
 *
 * A process that stops answers for a while with `Connection: close`. Such a target is leaving, and called only when no other
 * is there: a call that arrives while the process closes its sockets is of unknown outcome, and its order is a 202. (That
 * undici makes a new connection after such an answer is no help, for the process still accepts it.)
 *
 * A target's breaker:
 *
 *   closed     it is called
 *     -> open       no connection; no answer within the time of a call; three failures in a row, or half of the latest calls
 *   open       it is left out
 *     -> probed     every second it is asked a question that no order waits for; until that is answered, it stays open
 *   half open  the probe was answered: one order's call is let through
 *     -> closed     that was answered
 *     -> open       it was not
 */

import { lookup as lookupInDns } from 'node:dns/promises';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@shop/chassis/base/telemetry/log.ts';
import { orderBy } from '@shop/chassis/reliable/order-by.ts';
import CircuitBreaker from 'opossum';
import { Pool } from 'undici';
import type { OrderMetrics } from '../metrics.ts';

export interface InventoryTargetsOptions {
  /** Base URLs of inventory-service. A name is resolved, and every address behind it is a target. */
  urls: readonly string[];
  internalToken: string;
  /** The longest time that a call gets. */
  timeoutMs: number;
  metrics: OrderMetrics;
  log: Logger;
  /** An order's call was answered after there was no target left to ask. */
  onRecovered?: () => void;
  /** For tests: addresses of a name. */
  lookup?: (hostname: string) => Promise<string[]>;
}

/** A call to inventory-service, and how its answer is read; an answer that cannot be read is a failed call. */
export interface Question<T> {
  path: string;
  /** With it, a POST. */
  body?: object;
  traceparent?: string;
  timeoutMs: number;
  signal?: AbortSignal;
  read: (answer: unknown) => T;
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

/** No answer in time. */
export class TimedOutError extends Error {
  /** It had too little time, or our event loop was blocked: that says nothing about the target. */
  readonly isOurDoing: boolean;

  constructor(timeoutMs: number, isOurDoing: boolean) {
    super(`no answer of inventory-service within ${timeoutMs} ms`);
    this.isOurDoing = isOurDoing;
  }
}

/** Another answer than 200. */
export class UnexpectedStatusError extends Error {}

interface Target {
  name: string;
  pool: Pool;
  breaker: CircuitBreaker<[() => Promise<unknown>], unknown>;
  /** When each call under way began, oldest first. */
  calls: Set<{ since: number }>;
  lastUsedAt: number;
  /** Until when others are asked before it; 0 for one that is not leaving. */
  leavingUntil: number;
  /** Left out, and its last probe was answered. */
  isProbed: boolean;
  failuresInARow: number;
}

// Long enough not to hammer a service that is coming up, short enough that few orders have to wait for a message.
const PROBE_PAUSE_MS = 1_000;
// Docker's DNS answers from memory. Until a new address is known, the others are asked.
const DNS_PAUSE_MS = 2_000;
const CONNECT_TIMEOUT_MS = 500;
// Longer than a process drains and closes as we deploy (DRAIN_SECONDS is 3 or 4; then 4 s at most). One that drains for
// longer says so again with its next answer; one that is back is asked no later than this.
const LEAVING_MS = 10_000;
// Who fails fast has the fewest calls under way, so it would get most of them until half of its latest calls have failed.
const MOST_FAILURES_IN_A_ROW = 3;
// What waited in our own queue has less time left for its call. Only with nearly all of it does a timeout count.
const FULL_TIME = 0.8;
// A timer that is later than this says that our own event loop was blocked, or the process frozen.
const LATE_MS = 200;
const BREAKER_STATES = { closed: 0, halfOpen: 1, open: 2 };
// No reservation has this id. The question goes through the service's pool to its database, as an order does.
const NIL_ID = '00000000-0000-0000-0000-000000000000';

/** The targets behind these URLs; those that are addresses at once, names with the first answer of DNS. */
export function createInventoryTargets(options: InventoryTargetsOptions): InventoryTargets {
  const { metrics, log, timeoutMs: fullTimeMs, lookup = lookupAll } = options;
  const urls = options.urls.map((url) => new URL(url));
  const names = urls.filter((url) => !isAddress(url));
  const targets = new Map<string, Target>();
  const closing = new AbortController();
  /** There was no target left to ask for an order, and no order was answered since. */
  let isCutOff = false;
  let resolving: Promise<void> | undefined;

  for (const url of urls.filter(isAddress)) addTarget(url, unbracketed(url.hostname));
  const dnsTimer = names.length > 0 ? setInterval(resolveNames, DNS_PAUSE_MS).unref() : undefined;
  void resolveNames();

  /* ------------------------------------------------------------------------------------------------------- targets */

  /** Where DNS does not answer, the addresses stay those that they were. */
  function resolveNames(): Promise<void> {
    resolving ??= Promise.all(names.map(resolveName))
      .then(() => {})
      .finally(() => {
        resolving = undefined;
      });
    return resolving;
  }

  async function resolveName(url: URL): Promise<void> {
    try {
      const addresses = await lookup(url.hostname);
      for (const address of addresses) addTarget(url, address);
      const wanted = new Set(addresses.map((address) => keyOf(url, address)));
      for (const key of targets.keys()) {
        if (key.startsWith(`${url.origin} `) && !wanted.has(key)) removeTarget(key);
      }
    } catch (error) {
      log.debug({ err: error, host: url.hostname }, 'could not resolve the addresses of inventory-service');
    }
  }

  function addTarget(url: URL, address: string): void {
    const key = keyOf(url, address);
    if (targets.has(key)) return;
    const port = url.port || (url.protocol === 'https:' ? '443' : '80');
    const name = isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
    const family = isIP(address);
    const pool = new Pool(url.origin, {
      connections: 8,
      keepAliveTimeout: 60_000,
      connect: {
        timeout: CONNECT_TIMEOUT_MS,
        // The origin keeps the name, for the certificate and the Host header; the connection goes to this address.
        lookup: (_hostname, { all }, done) => (all ? done(null, [{ address, family }]) : done(null, address, family)),
      },
    });
    const breaker = new CircuitBreaker((call: () => Promise<unknown>) => call(), {
      timeout: false,
      errorThresholdPercentage: 50,
      volumeThreshold: 4,
      rollingCountTimeout: 5_000,
      rollingCountBuckets: 5,
      resetTimeout: PROBE_PAUSE_MS,
      // Counted as a success, so it closes a breaker that is half open: rather one order too many than an open breaker.
      errorFilter: isOurDoing,
    });
    const target: Target = {
      name,
      pool,
      breaker,
      calls: new Set(),
      lastUsedAt: 0,
      leavingUntil: 0,
      isProbed: false,
      failuresInARow: 0,
    };
    let isLeftOut = false;
    metrics.breakerState.set({ target: name }, BREAKER_STATES.closed);
    breaker.on('open', () => {
      target.isProbed = false;
      metrics.breakerState.set({ target: name }, BREAKER_STATES.open);
      if (!isLeftOut) log.warn({ target: name }, 'circuit breaker opened for a process of inventory-service');
      isLeftOut = true;
    });
    breaker.on('halfOpen', () => void probe(target));
    breaker.on('close', () => {
      isLeftOut = false;
      metrics.breakerState.set({ target: name }, BREAKER_STATES.closed);
      log.info({ target: name }, 'circuit breaker closed for a process of inventory-service');
    });
    targets.set(key, target);
  }

  function removeTarget(key: string): void {
    const target = targets.get(key);
    if (!target) return;
    targets.delete(key);
    target.breaker.shutdown();
    metrics.breakerState.remove({ target: target.name });
    // Its last calls may still be answered; each has its own time limit.
    void target.pool.close();
  }

  /** Opossum would let an order through now. A frozen process would cost that order its answer, each time. */
  async function probe(target: Target): Promise<void> {
    try {
      await send(target, {
        path: '/reservations/lookup',
        body: { ids: [NIL_ID], lines: false },
        timeoutMs: fullTimeMs,
        signal: closing.signal,
        read: () => undefined,
      });
      if (target.breaker.isShutdown) return;
      target.isProbed = true;
      metrics.breakerState.set({ target: target.name }, BREAKER_STATES.halfOpen);
    } catch {
      if (!target.breaker.isShutdown) target.breaker.open();
    }
  }

  /* --------------------------------------------------------------------------------------------------------- calls */

  /**
   * The one that has the least to do; of those with as much, the one whose calls are the youngest. Of those that are leaving,
   * only when there is no other, the one that said so first: it is the first to be back.
   */
  function leastBusy(among: readonly Target[]): Target | undefined {
    const now = performance.now();
    const leaving = ({ leavingUntil }: Target) => (leavingUntil > now ? leavingUntil : 0);
    const byLoad = orderBy<Target>(
      leaving,
      ({ calls }) => calls.size,
      (target) => -sinceOf(target),
      ({ lastUsedAt }) => lastUsedAt,
    );
    return among.toSorted(byLoad)[0];
  }

  async function send<T>(target: Target, question: Question<T>): Promise<T> {
    const { path, body, timeoutMs, signal, traceparent } = question;
    const call = { since: performance.now() };
    target.calls.add(call);
    target.lastUsedAt = call.since;
    const limit = AbortSignal.timeout(timeoutMs);
    try {
      const response = await target.pool.request({
        path,
        method: body ? 'POST' : 'GET',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${options.internalToken}`,
          ...(traceparent && { traceparent }),
        },
        body: body && JSON.stringify(body),
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      });
      target.leavingUntil = response.headers.connection === 'close' ? performance.now() + LEAVING_MS : 0;
      if (response.statusCode !== 200) {
        await response.body.dump();
        throw new UnexpectedStatusError(`inventory-service answered ${response.statusCode}`);
      }
      return question.read(await response.body.json());
    } catch (error) {
      if (!limit.aborted || signal?.aborted) throw error;
      const isLate = performance.now() - call.since > timeoutMs + LATE_MS;
      throw new TimedOutError(timeoutMs, isLate || !isFull(timeoutMs));
    } finally {
      target.calls.delete(call);
    }
  }

  /** Ask one target after the other, for as long as connections cannot be made and there is time. */
  async function inTurn<T>(
    question: Question<T>,
    choose: (untried: Target[], timeoutMs: number) => Target | undefined,
    call: (target: Target, question: Question<T>) => Promise<T>,
    tried: Set<unknown>,
  ): Promise<T> {
    const until = performance.now() + question.timeoutMs;
    if (targets.size === 0) await Promise.race([resolveNames(), sleep(question.timeoutMs, undefined, { ref: false })]);
    let cause: unknown;
    for (;;) {
      const timeoutMs = Math.floor(until - performance.now());
      const untried = [...targets.values()].filter((target) => !tried.has(target));
      const target = timeoutMs > 0 ? choose(untried, timeoutMs) : undefined;
      if (!target) throw new NoTargetError(cause);
      tried.add(target);
      try {
        return await call(target, { ...question, timeoutMs });
      } catch (error) {
        if (!isUnconnected(error)) throw error;
        target.breaker.open();
        void resolveNames();
        cause = error;
      }
    }
  }

  function isFull(timeoutMs: number): boolean {
    return timeoutMs >= fullTimeMs * FULL_TIME;
  }

  /** One that is on trial first: its probe was answered, so the order risks little. */
  function chooseForOrder(untried: Target[], timeoutMs: number): Target | undefined {
    const trial = untried.find(({ breaker, isProbed }) => breaker.halfOpen && isProbed && breaker.pendingClose);
    return (isFull(timeoutMs) ? trial : undefined) ?? leastBusy(untried.filter(isClosed));
  }

  /** A full time without an answer opens the breaker at once: a stalled process holds a batch's slot all that time. */
  async function sendForOrder<T>(target: Target, question: Question<T>): Promise<T> {
    try {
      const answer = (await target.breaker.fire(() => send(target, question))) as T;
      target.failuresInARow = 0;
      return answer;
    } catch (error) {
      if (!isOurDoing(error)) {
        target.failuresInARow += 1;
        if (error instanceof TimedOutError || target.failuresInARow >= MOST_FAILURES_IN_A_ROW) target.breaker.open();
      }
      throw error;
    }
  }

  return {
    async ask(question) {
      try {
        return await inTurn(question, chooseForOrder, sendForOrder, new Set());
      } finally {
        const wasCutOff = isCutOff;
        isCutOff = ![...targets.values()].some(isClosed);
        if (wasCutOff && !isCutOff) options.onRecovered?.();
      }
    },
    async read(question, tried = new Set()) {
      if ([...targets.values()].every((target) => tried.has(target))) tried.clear();
      const choose = (untried: Target[]) => leastBusy(untried.filter(isClosed)) ?? leastBusy(untried);
      return inTurn(question, choose, send, tried);
    },
    async close() {
      clearInterval(dnsTimer);
      closing.abort();
      const all = [...targets.values()];
      targets.clear();
      for (const { breaker } of all) breaker.shutdown();
      await Promise.all(all.map(({ pool }) => pool.close()));
    },
  };
}

function isClosed({ breaker }: Target): boolean {
  return breaker.closed;
}

/** When its oldest call under way began. */
function sinceOf({ calls }: Target): number {
  const [oldest] = calls;
  return oldest?.since ?? 0;
}

function keyOf(url: URL, address: string): string {
  return `${url.origin} ${address}`;
}

function isAddress({ hostname }: URL): boolean {
  return isIP(unbracketed(hostname)) !== 0;
}

function unbracketed(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** A process that is reachable by both families is one target. */
async function lookupAll(hostname: string): Promise<string[]> {
  const found = await lookupInDns(hostname, { all: true, order: 'ipv4first' });
  return found.filter(({ family }) => family === found[0]?.family).map(({ address }) => address);
}

/** There was no connection, so nothing was sent. */
function isUnconnected(error: unknown): boolean {
  const { code, syscall } = error as { code?: string; syscall?: string };
  return syscall === 'connect' || code === 'UND_ERR_CONNECT_TIMEOUT';
}

function isOurDoing(error: unknown): boolean {
  return error instanceof TimedOutError && error.isOurDoing;
}
