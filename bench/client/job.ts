/** What a load process is asked for and what it tells; client.ts speaks HTTP, ../limit/writer.ts SQL. */

export interface Work {
  /** `place` orders; repeat those that were placed under the same prefix; two of each key at once; one order; a page. */
  kind: 'place' | 'replay' | 'twins' | 'read' | 'list';
  /** Each order takes one unit of each of so many different SKUs, in an order of their own. */
  lines: number;
  skus: readonly string[];
}

export interface Job {
  work: Work;
  /** Base URLs of order-service's processes, used in turn; for the limit, the two databases. */
  targets: readonly string[];
  /** What the gateway would add. */
  headers: Record<string, string>;
  /** Keys are this and a number. */
  keyPrefix: string;
  /** Paths of orders to read. */
  locations: readonly string[];
  /** Closed: so many clients that wait for their answer. Open: requests at their scheduled time, whatever the answers do. */
  arrivals: { clients: number } | { perSecond: number };
  /** Epoch milliseconds, so that the processes that measure together agree. */
  startAt: number;
  endAt: number;
  /** Ends earlier when so many were sent: to prepare something. */
  count?: number;
}

export interface Samples {
  /** What can come: `201`, `409 order-rejected`, `201+409 request-in-progress` for twins, `ECONNRESET`. */
  names: string[];
  /** Index into `names`, for each request. */
  outcome: number[];
  /** Epoch milliseconds: closed, when it was answered; open, when it was due. */
  at: number[];
  /** Closed: from the send. Open: from the time at which it was due, so that a stall counts for all that it delayed. */
  ms: number[];
  /** Location headers, of jobs that have a count. */
  locations: string[];
}
