/** What the clients remember: every request that they sent, and every answer that they got or did not get. */

export type CallKind = 'place' | 'cancel' | 'ship' | 'deliver' | 'adjust' | 'product' | 'read';
export type ClientName = 'storefront' | 'other storefront' | 'back office';

/** The parts of an answer that a repeat has to give again, byte for byte; and the code, for decisions. */
export interface Answer {
  status: number;
  text: string;
  code?: string;
  location?: string;
}

/** One sending of an operation's request. Times are milliseconds since the workload began. */
export interface Try {
  /** Which of the operation's bodies was sent. */
  variant: number;
  sentAt: number;
  endedAt: number;
  /** Absent when nothing came back; then `cause` says why. */
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
  key: string;
  path: string;
  /** The request; a second one, if there is, is the other payload that a careless client sends under the same key. */
  bodies: string[];
  /** For `place`: the demand of each body. */
  lines?: Line[][];
  /** For `place`: makes its order recognisable in lists, that do not show keys. */
  customerId?: string;
  /** The order that a step or a read is about. */
  orderId?: string;
  /** For `adjust`: what each body adds. */
  stock?: { sku: string; deltas: number[] };
  /** For `ship`: what each body says. */
  shipments?: { carrier: string; trackingNumber: string }[];
  /** Its client saw it fail and never came back: an answer is owed to nobody. */
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
 * What an answer means for its request: it stands for ever; it is accepted and undecided; the key belongs to another
 * request; it has to be sent again; or it should never have come.
 */
export function verdictOf({ answer }: Try): Verdict {
  if (!answer) return 'again';
  const { status, code } = answer;
  if (status >= 500 || status === 429 || code === 'request-in-progress') return 'again';
  if (status === 202) return 'accepted';
  if (status === 200 || status === 201) return 'final';
  if (status === 422 && code === 'idempotency-key-reused') return 'reused';
  if (status === 409 && businessRefusals.includes(code ?? '')) return 'final';
  return 'unexpected';
}

/** The first answer that stands, if there is one. */
export function finalTryOf(operation: Operation): Try | undefined {
  return operation.tries.find((one) => verdictOf(one) === 'final');
}

/** Whether nothing is left to be asked: an answer stands, or (for a read) anything came. */
export function isDecided(operation: Operation): boolean {
  return operation.tries.some((one) => verdictOf(one) === 'final' || verdictOf(one) === 'unexpected');
}
