/**
 * One process of inventory-service: an address with its connections and its breaker.
 *
 *   closed     it is called
 *     -> open       no connection; no answer within the time of a call; three failures in a row, or half of the latest calls
 *   open       it is left out
 *     -> probed     every second it is asked a question that no order waits for; until that is answered, it stays open
 *   half open  the probe was answered: one order's call is let through
 *     -> closed     that was answered
 *     -> open       it was not
 *
 * A process that stops answers for a while with `Connection: close`. Such a target is leaving, and called only when no other
 * is there: a call that arrives while the process closes its sockets is of unknown outcome, and its order is a 202. (That
 * undici makes a new connection after such an answer is no help, for the process still accepts it.)
 */

import { isIP } from 'node:net';
import type { Logger } from '@shop/chassis/base/telemetry/log.ts';
import CircuitBreaker from 'opossum';
import { Pool } from 'undici';
import type { OrderMetrics } from '../metrics.ts';

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

export interface TargetOptions {
  internalToken: string;
  /** The longest time that a call gets. */
  timeoutMs: number;
  metrics: Pick<OrderMetrics, 'breakerState'>;
  log: Logger;
}

// Long enough not to hammer a service that is coming up, short enough that few orders have to wait for a message.
const PROBE_PAUSE_MS = 1_000;
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

/** A process at an address of `url`, whose host may be a name: it stays in the certificate and the Host header. */
export class InventoryTarget {
  readonly name: string;
  lastUsedAt = 0;
  readonly #options: TargetOptions;
  readonly #pool: Pool;
  readonly #breaker: CircuitBreaker<[() => Promise<unknown>], unknown>;
  /** When each call under way began, oldest first. */
  readonly #calls = new Set<{ since: number }>();
  readonly #closing = new AbortController();
  #leavingUntil = 0;
  /** Left out, and its last probe was answered. */
  #isProbed = false;
  #failuresInARow = 0;

  constructor(url: URL, address: string, options: TargetOptions) {
    const port = url.port || (url.protocol === 'https:' ? '443' : '80');
    const family = isIP(address);
    this.name = family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
    this.#options = options;
    this.#pool = new Pool(url.origin, {
      connections: 8,
      keepAliveTimeout: 60_000,
      connect: {
        timeout: CONNECT_TIMEOUT_MS,
        lookup: (_hostname, { all }, done) => (all ? done(null, [{ address, family }]) : done(null, address, family)),
      },
    });
    this.#breaker = new CircuitBreaker((call: () => Promise<unknown>) => call(), {
      timeout: false,
      errorThresholdPercentage: 50,
      volumeThreshold: 4,
      rollingCountTimeout: 5_000,
      rollingCountBuckets: 5,
      resetTimeout: PROBE_PAUSE_MS,
      // Counted as a success, so it closes a breaker that is half open: rather one order too many than an open breaker.
      errorFilter: isOurDoing,
    });
    this.#followBreaker();
  }

  /** It answers, as far as is known. */
  get isClosed(): boolean {
    return this.#breaker.closed;
  }

  /** Its probe was answered, so that an order risks little; only the next call is let through. */
  get isOnTrial(): boolean {
    return this.#breaker.halfOpen && this.#isProbed && this.#breaker.pendingClose;
  }

  get callsUnderWay(): number {
    return this.#calls.size;
  }

  /** When its oldest call under way began. */
  get since(): number {
    const [oldest] = this.#calls;
    return oldest?.since ?? 0;
  }

  /** Until when others are asked before it; 0 for one that is not leaving. */
  get leavingUntil(): number {
    return this.#leavingUntil > performance.now() ? this.#leavingUntil : 0;
  }

  /** Whether a call with this time that is not answered says something about the target. */
  isFullTime(timeoutMs: number): boolean {
    return timeoutMs >= this.#options.timeoutMs * FULL_TIME;
  }

  /** Ask; what becomes of the call says nothing about whether others are made. */
  async send<T>(question: Question<T>): Promise<T> {
    const { path, body, timeoutMs, signal, traceparent } = question;
    const call = { since: performance.now() };
    this.#calls.add(call);
    this.lastUsedAt = call.since;
    const limit = AbortSignal.timeout(timeoutMs);
    try {
      const response = await this.#pool.request({
        path,
        method: body ? 'POST' : 'GET',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${this.#options.internalToken}`,
          ...(traceparent && { traceparent }),
        },
        body: body && JSON.stringify(body),
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      });
      this.#leavingUntil = response.headers.connection === 'close' ? performance.now() + LEAVING_MS : 0;
      if (response.statusCode !== 200) {
        await response.body.dump();
        throw new UnexpectedStatusError(`inventory-service answered ${response.statusCode}`);
      }
      return question.read(await response.body.json());
    } catch (error) {
      if (!limit.aborted || signal?.aborted) throw error;
      const isLate = performance.now() - call.since > timeoutMs + LATE_MS;
      throw new TimedOutError(timeoutMs, isLate || !this.isFullTime(timeoutMs));
    } finally {
      this.#calls.delete(call);
    }
  }

  /** Ask for an order. A full time without an answer opens the breaker at once: a stalled process holds a batch's slot. */
  async sendForOrder<T>(question: Question<T>): Promise<T> {
    try {
      const answer = (await this.#breaker.fire(() => this.send(question))) as T;
      this.#failuresInARow = 0;
      return answer;
    } catch (error) {
      if (!isOurDoing(error)) {
        this.#failuresInARow += 1;
        if (error instanceof TimedOutError || this.#failuresInARow >= MOST_FAILURES_IN_A_ROW) this.leaveOut();
      }
      throw error;
    }
  }

  /** Make no more calls for orders until a probe is answered. */
  leaveOut(): void {
    this.#breaker.open();
  }

  /** Make no more calls. Those under way may still be answered; each has its own time limit. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#breaker.shutdown();
    await this.#pool.close();
  }

  #followBreaker(): void {
    const { metrics, log } = this.#options;
    const target = this.name;
    let isLeftOut = false;
    metrics.breakerState.set({ target }, BREAKER_STATES.closed);
    this.#breaker.on('open', () => {
      this.#isProbed = false;
      metrics.breakerState.set({ target }, BREAKER_STATES.open);
      if (!isLeftOut) log.warn({ target }, 'circuit breaker opened for a process of inventory-service');
      isLeftOut = true;
    });
    this.#breaker.on('halfOpen', () => void this.#probe());
    this.#breaker.on('close', () => {
      isLeftOut = false;
      metrics.breakerState.set({ target }, BREAKER_STATES.closed);
      log.info({ target }, 'circuit breaker closed for a process of inventory-service');
    });
  }

  /** Opossum would let an order through now. A frozen process would cost that order its answer, each time. */
  async #probe(): Promise<void> {
    try {
      await this.send({
        path: '/reservations/lookup',
        body: { ids: [NIL_ID], lines: false },
        timeoutMs: this.#options.timeoutMs,
        signal: this.#closing.signal,
        read: () => undefined,
      });
      if (this.#breaker.isShutdown) return;
      this.#isProbed = true;
      this.#options.metrics.breakerState.set({ target: this.name }, BREAKER_STATES.halfOpen);
    } catch {
      if (!this.#breaker.isShutdown) this.#breaker.open();
    }
  }
}

/** There was no connection, so nothing was sent. */
export function isUnconnected(error: unknown): boolean {
  const { code, syscall } = error as { code?: string; syscall?: string };
  return syscall === 'connect' || code === 'UND_ERR_CONNECT_TIMEOUT';
}

function isOurDoing(error: unknown): boolean {
  return error instanceof TimedOutError && error.isOurDoing;
}
