/**
 * One process of another service: an address with its connections and its circuit breaker.
 *
 *   closed     it gets calls
 *     -> open       on a failed connection; a timeout; three consecutive failures, or failure of half of the latest calls
 *   open       it gets no calls, except a probe every second, on which no request depends
 *     -> half open  the probe was answered
 *   half open  it gets one call for a request
 *     -> closed     the call was answered
 *     -> open       the call failed
 *
 * A process that drains sends `Connection: close` with its responses. Such a target is leaving, and is called only if there is
 * no other: a call that arrives while the process closes its sockets has an unknown outcome. (undici opens a new connection
 * after such a response, which does not help, because the process still accepts it.)
 */

import { isIP } from 'node:net';
import CircuitBreaker from 'opossum';
import type { Gauge } from 'prom-client';
import { Pool } from 'undici';
import type { Logger } from '../telemetry/log.ts';

/** A call to another service, and the function that parses its response; if parsing fails, the call has failed. */
export interface Question<T> {
  path: string;
  /** If set, the call is a POST. */
  body?: object;
  traceparent?: string;
  timeoutMs: number;
  signal?: AbortSignal;
  read: (answer: unknown) => T;
}

/** No response in time. */
export class TimedOutError extends Error {
  /** The timeout was too short, or the event loop of this process was blocked: not a failure of the target. */
  readonly isOurDoing: boolean;

  constructor(service: string, timeoutMs: number, isOurDoing: boolean) {
    super(`no response from ${service} within ${timeoutMs} ms`);
    this.isOurDoing = isOurDoing;
  }
}

/** A status other than 200. */
export class UnexpectedStatusError extends Error {
  readonly status: number;

  constructor(service: string, status: number) {
    super(`${service} answered ${status}`);
    this.status = status;
  }
}

export interface TargetOptions {
  /** Name of the called service, for messages. */
  service: string;
  internalToken: string;
  /** Maximum timeout of a call. */
  timeoutMs: number;
  /** A harmless call with which a process shows that it works again. It uses the database, like a call for a request. */
  probe: Pick<Question<unknown>, 'path' | 'body'>;
  metrics?: { breakerState: Gauge<'target'> };
  log: Logger;
}

// Long enough not to overload a service that is starting, short enough that few requests fail meanwhile.
const PROBE_PAUSE_MS = 1_000;
const CONNECT_TIMEOUT_MS = 500;
// Longer than a process takes to drain and close in our deployments (DRAIN_SECONDS of 3 or 4, then at most 4 s). A process that
// drains for longer repeats it with its next response; a restarted process gets calls again after this time at the latest.
const LEAVING_MS = 10_000;
// A target that fails fast has the fewest calls in progress, so it would get most calls until half of its latest ones failed.
const MOST_FAILURES_IN_A_ROW = 3;
// A request that waited in our own queue leaves less time for its call. A timeout counts only if the call had nearly all of it.
const FULL_TIME = 0.8;
// If a timer fires later than this, the event loop was blocked or the process was frozen.
const LATE_MS = 200;
const BREAKER_STATES = { closed: 0, halfOpen: 1, open: 2 };

/** A process at an address of `url`. A host name in it remains in use for the Host header and the certificate check. */
export class ServiceTarget {
  readonly name: string;
  lastUsedAt = 0;
  readonly #options: TargetOptions;
  readonly #pool: Pool;
  readonly #breaker: CircuitBreaker<[() => Promise<unknown>], unknown>;
  /** Start times of the calls in progress, oldest first. */
  readonly #calls = new Set<{ since: number }>();
  readonly #closing = new AbortController();
  #leavingUntil = 0;
  /** The breaker is open, and the last probe was answered. */
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
      // Counted as a success, so it closes a half-open breaker: one more failed call is better than a breaker that stays open.
      errorFilter: isOurDoing,
    });
    this.#followBreaker();
  }

  /** Whether the breaker is closed. */
  get isClosed(): boolean {
    return this.#breaker.closed;
  }

  /** Whether the probe was answered, so that the risk for an order is low. Only the next call is allowed. */
  get isOnTrial(): boolean {
    return this.#breaker.halfOpen && this.#isProbed && this.#breaker.pendingClose;
  }

  get callsUnderWay(): number {
    return this.#calls.size;
  }

  /** Start time of its oldest call in progress. */
  get since(): number {
    const [oldest] = this.#calls;
    return oldest?.since ?? 0;
  }

  /** Time until which others are preferred; 0 if it is not leaving. */
  get leavingUntil(): number {
    return this.#leavingUntil > performance.now() ? this.#leavingUntil : 0;
  }

  /** Whether a timeout of a call with this timeout counts against the target. */
  isFullTime(timeoutMs: number): boolean {
    return timeoutMs >= this.#options.timeoutMs * FULL_TIME;
  }

  /** Make a call that does not affect the breaker. */
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
        throw new UnexpectedStatusError(this.#options.service, response.statusCode);
      }
      return question.read(await response.body.json());
    } catch (error) {
      if (!limit.aborted || signal?.aborted) throw error;
      const isLate = performance.now() - call.since > timeoutMs + LATE_MS;
      throw new TimedOutError(this.#options.service, timeoutMs, isLate || !this.isFullTime(timeoutMs));
    } finally {
      this.#calls.delete(call);
    }
  }

  /** Make a call for a request. A full timeout opens the breaker at once, because a stalled process occupies a batch slot. */
  async sendForRequest<T>(question: Question<T>): Promise<T> {
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

  /** Open the breaker: no more calls for requests until a probe is answered. */
  leaveOut(): void {
    this.#breaker.open();
  }

  /** Make no more calls. Calls in progress may still be answered; each has its own timeout. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#breaker.shutdown();
    await this.#pool.close();
  }

  #followBreaker(): void {
    const { service, metrics, log } = this.#options;
    const target = this.name;
    let isLeftOut = false;
    metrics?.breakerState.set({ target }, BREAKER_STATES.closed);
    this.#breaker.on('open', () => {
      this.#isProbed = false;
      metrics?.breakerState.set({ target }, BREAKER_STATES.open);
      if (!isLeftOut) log.warn({ target }, `circuit breaker opened for a process of ${service}`);
      isLeftOut = true;
    });
    this.#breaker.on('halfOpen', () => void this.#probe());
    this.#breaker.on('close', () => {
      isLeftOut = false;
      metrics?.breakerState.set({ target }, BREAKER_STATES.closed);
      log.info({ target }, `circuit breaker closed for a process of ${service}`);
    });
  }

  /** Without a probe, opossum would send the call of a request now, which times out each time if the process is frozen. */
  async #probe(): Promise<void> {
    try {
      await this.send({
        ...this.#options.probe,
        timeoutMs: this.#options.timeoutMs,
        signal: this.#closing.signal,
        read: () => undefined,
      });
      if (this.#breaker.isShutdown) return;
      this.#isProbed = true;
      this.#options.metrics?.breakerState.set({ target: this.name }, BREAKER_STATES.halfOpen);
    } catch {
      if (!this.#breaker.isShutdown) this.#breaker.open();
    }
  }
}

/** Whether there was no connection, so that nothing was sent. */
export function isUnconnected(error: unknown): boolean {
  const { code, syscall } = error as { code?: string; syscall?: string };
  return syscall === 'connect' || code === 'UND_ERR_CONNECT_TIMEOUT';
}

function isOurDoing(error: unknown): boolean {
  return error instanceof TimedOutError && error.isOurDoing;
}
