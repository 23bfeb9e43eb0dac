/** The clients' history: every request that was sent, and every response or its absence. */

export type CallKind = 'place' | 'cancel' | 'ship' | 'deliver' | 'adjust' | 'product' | 'read';
/** The clients with an API key. */
export type MachineName = 'storefront' | 'other storefront' | 'back office';
/** `web` places the orders of shoppers, and here also stands for the shoppers themselves. */
export type ClientName = MachineName | 'web';

/** A person with an account. */
export interface Shopper {
  account: string;
  /** Of the newest session. */
  accessToken: string;
}

/** The parts of a response that a retry must repeat byte for byte, and the code, which decides what to do. */
export interface Answer {
  status: number;
  text: string;
  code?: string;
  location?: string;
}

/** One attempt of an operation. Times are milliseconds since the start of the workload. */
export interface Try {
  /** Which of the operation's bodies was sent. */
  variant: number;
  sentAt: number;
  endedAt: number;
  /** Absent if there was no response; then `cause` says why. */
  answer?: Answer;
  cause?: string;
}

export interface Line {
  sku: string;
  quantity: number;
}

/** Everything under one idempotency key. */
export interface Operation {
  kind: CallKind;
  client: ClientName;
  /** With the client `web`: whose order it is. */
  shopper?: Shopper;
  key: string;
  path: string;
  /** The request; a second body is a different payload that a faulty client sends under the same key. */
  bodies: string[];
  /** For `place`: the demand of each body. */
  lines?: Line[][];
  /** For `place`: identifies its order in lists, which do not show keys. */
  customerId?: string;
  /** The order that a step or a read is about. */
  orderId?: string;
  /** For `adjust`: what each body adds. */
  stock?: { sku: string; deltas: number[] };
  /** For `ship`: what each body contains. */
  shipments?: { carrier: string; trackingNumber: string }[];
  /** The client saw it fail and never retried: no response is expected. */
  isForsaken?: boolean;
  /** Called at the first 202. */
  onAccepted?: () => void;
  tries: Try[];
}

export type Verdict = 'final' | 'accepted' | 'reused' | 'again' | 'unexpected';

const businessRefusals = [
  'order-rejected',
  'order-cancelled',
  'illegal-transition',
  'shipment-differs',
  'insufficient-stock',
];

/**
 * The meaning of a response for its request: final; accepted and undecided; the key belongs to another request; retry; or
 * not allowed by the contract.
 */
export function verdictOf({ answer }: Try): Verdict {
  if (!answer) return 'again';
  const { status, code } = answer;
  if (status >= 500 || status === 429 || code === 'request-in-progress') return 'again';
  // A process with a clock that is behind refuses the access tokens of shoppers as long as it has that clock.
  if (code === 'not-signed-in') return 'again';
  if (status === 202) return 'accepted';
  if (status === 200 || status === 201) return 'final';
  if (status === 422 && code === 'idempotency-key-reused') return 'reused';
  if (status === 409 && businessRefusals.includes(code ?? '')) return 'final';
  return 'unexpected';
}

/** The first final response, if any. */
export function finalTryOf(operation: Operation): Try | undefined {
  return operation.tries.find((one) => verdictOf(one) === 'final');
}

/** Whether the operation is complete: it has a final response or, for a read, any response. */
export function isDecided(operation: Operation): boolean {
  return operation.tries.some((one) => verdictOf(one) === 'final' || verdictOf(one) === 'unexpected');
}
