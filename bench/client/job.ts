/** The jobs of a load process and their results; client.ts speaks HTTP, ../limit/writer.ts SQL. */

export interface Work {
  /**
   * `place` orders, or those of a real shop (`sale`); `replay` those that were placed under the same prefix; `twins` of each
   * key at once. Of placed orders `read` one, `list` a page, `ship` or `cancel` each once. Of a product `adjust` the stock,
   * list its `movements`. Or `scrape` the metrics.
   */
  kind: 'place' | 'sale' | 'replay' | 'twins' | 'read' | 'list' | 'ship' | 'cancel' | 'adjust' | 'movements' | 'scrape';
  /** Each order takes one unit of each of so many different SKUs, in an order of their own. */
  lines: number;
  skus: readonly string[];
  /** For `sale`, again from the first one after the last. */
  sales?: readonly Sale[];
}

/** The body of a real shop's order. */
export interface Sale {
  body: string;
  lines: number;
}

export interface Job {
  work: Work;
  /** Base URLs that are used in turn; for the limit, the two databases. */
  targets: readonly string[];
  headers: Record<string, string>;
  /** Keys are this and a number. */
  keyPrefix: string;
  /** Paths of placed orders. */
  locations: readonly string[];
  /** Closed: so many clients that wait for their answer. Open: requests at their scheduled time, whatever the answers do. */
  arrivals: { clients: number } | { perSecond: number };
  /** Epoch milliseconds, which all measuring processes share. */
  startAt: number;
  endAt: number;
  /** Ends early when this many were sent. */
  count?: number;
  /** Whether to collect the Location headers of the responses. */
  keepsLocations?: boolean;
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
  /** What each counts for: lines, orders or requests. */
  weight: number[];
  locations: string[];
  /** Epoch milliseconds: when the job's count was reached before its time was over. */
  ranOutAt?: number;
}
