/** The input and output of the load generator; generator.ts is the process. */

export interface Load {
  /** Base URLs of order-service's processes, used in turn. */
  targets: readonly string[];
  /** The headers that the gateway adds, and the content type. */
  headers: Record<string, string>;
  /** Each order has one unit of one of these SKUs, in turn. */
  skus: readonly string[];
  /** The prefix of all keys, different for each load. */
  keyPrefix: string;
  seconds: number;
  /**
   * Closed: a number of clients that wait for their response. Open: a fixed rate, regardless of the responses. If it
   * `grows`, it is raised by a quarter after each few seconds in which nearly all requests were accepted, because that
   * was no overload.
   */
  arrivals: { clients: number } | { perSecond: number; grows?: boolean };
}

export interface LoadReport {
  sent: number;
  /** From the first request to the last. */
  sendingSeconds: number;
  /** The number of each result: `201`, `503 overloaded`, `ECONNRESET`. */
  answers: Record<string, number>;
  /** 503 without Retry-After. */
  withoutRetryAfter: number;
  /** Response times of accepted requests (201, 202, 409). */
  acceptedMs: { median: number; p99: number; most: number };
  refusedMs: { median: number; p99: number; most: number };
  /** The keys with this result. */
  confirmedKeys: string[];
  acceptedKeys: string[];
  overloadedKeys: string[];
}
