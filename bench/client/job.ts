/** The jobs of a load process and their results; client.ts speaks HTTP, ../limit/writer.ts SQL. */

export interface Work {
  /**
   * `place`: orders; `sale`: orders of a real shop; `replay`: orders that were placed with the same prefix; `twins`:
   * two concurrent requests per key. With placed orders: `read` one, `list` a page, `ship` or `cancel` each once. With
   * products:
   * `adjust` the stock, list the `movements`. `scrape`: the metrics.
   */
  kind: 'place' | 'sale' | 'replay' | 'twins' | 'read' | 'list' | 'ship' | 'cancel' | 'adjust' | 'movements' | 'scrape';
  /** Each order has one unit of this many different SKUs, in random order. */
  lines: number;
  skus: readonly string[];
  /** For `sale`; after the last order it continues with the first. */
  sales?: readonly Sale[];
}

/** The body of an order of a real shop. */
export interface Sale {
  body: string;
  lines: number;
}

export interface Job {
  work: Work;
  /** Base URLs, used in turn; for the limit, the two databases. */
  targets: readonly string[];
  headers: Record<string, string>;
  /** The prefix of the keys, followed by a number. */
  keyPrefix: string;
  /** Paths of placed orders. */
  locations: readonly string[];
  /**
   * Closed: a number of clients that wait for their response. Open: requests at scheduled times, regardless of
   * responses.
   */
  arrivals: { clients: number } | { perSecond: number };
  /** Epoch milliseconds, the same for all measuring processes. */
  startAt: number;
  endAt: number;
  /** Ends early after this many requests. */
  count?: number;
  /** Whether to collect the Location headers of the responses. */
  keepsLocations?: boolean;
}

export interface Samples {
  /** The outcomes that occurred: `201`, `409 order-rejected`, `201+409 request-in-progress` for twins, `ECONNRESET`. */
  names: string[];
  /** Index into `names`, for each request. */
  outcome: number[];
  /** Epoch milliseconds. Closed: when the response arrived. Open: when the request was due. */
  at: number[];
  /**
   * Closed: since the request was sent. Open: since it was due, so that a stall counts for all requests that it
   * delayed.
   */
  ms: number[];
  /** The weight of each sample: its number of lines, orders or requests. */
  weight: number[];
  locations: string[];
  /** Epoch milliseconds when the job's count was reached, if before its end. */
  ranOutAt?: number;
}
