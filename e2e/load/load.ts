/** What the load generator is asked for and what it tells; generator.ts is the process. */

export interface Load {
  /** Base URLs of order-service's processes, used in turn. */
  targets: readonly string[];
  /** What the gateway would add, and the content type. */
  headers: Record<string, string>;
  /** Each order takes one unit of one of these, in turn. */
  skus: readonly string[];
  /** Keys are this and a number, so that no two loads share one. */
  keyPrefix: string;
  seconds: number;
  /**
   * Closed: so many clients that wait for their answer. Open: requests come at a rate, whatever the answers do. One that
   * `grows` is raised by a quarter after each few seconds in which nearly all were accepted: what it began with was no overload.
   */
  arrivals: { clients: number } | { perSecond: number; grows?: boolean };
}

export interface LoadReport {
  sent: number;
  /** From the first request to the last. */
  sendingSeconds: number;
  /** How many of each: `201`, `503 overloaded`, `ECONNRESET`. */
  answers: Record<string, number>;
  /** 503 without Retry-After. */
  withoutRetryAfter: number;
  /** How long the accepted ones (201, 202, 409) took, from their send. */
  acceptedMs: { median: number; p99: number; most: number };
  refusedMs: { median: number; p99: number; most: number };
  /** The keys that were answered so. */
  confirmedKeys: string[];
  acceptedKeys: string[];
  overloadedKeys: string[];
}
