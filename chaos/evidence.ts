import type { Availability } from './availability.ts';
import type { Operation } from './history.ts';

/** The content of databases, lists and broker when the system is quiet. Plain data, so that tests can construct it. */
export interface Evidence {
  operations: Operation[];
  orders: StoredOrder[];
  timeline: TimelineEntry[];
  /** The orders that GET /orders shows to each client. */
  listed: ListedOrder[];
  events: OrderEvent[];
  /** What a client of the stream of orders got, in that order, from before the first order to the end. */
  streamed: { changes: { orderId: string; version: number }[]; resets: number; failures: string[] };
  /** SKUs of the workload, whose stock changes are all known. */
  skus: string[];
  levels: Level[];
  movements: Movement[];
  reservations: Reservation[];
  reservationLines: ReservationLine[];
  deadLetters: { queue: string; messages: number }[];
  /** Stock levels that were wrong at some time during the run. */
  samples: { checked: number; findings: string[] };
  /** Unfinished work at the deadline. */
  unfinished: Unfinished;
  /** Processes that exited without a fault. */
  crashes: string[];
  connections: ConnectionCount[];
  memory: ProcessMemory[];
  availability: Availability[];
  /** The accounts of the shoppers. */
  shoppers: string[];
  sessions: SessionRecord[];
  /** What a shopper saw, or tried to see. */
  sightings: Sighting[];
  /** The orders that a shopper finds when everything is quiet, in both places. */
  shown: { shopper: string; where: '/orders' | '/accounts/me/orders'; id: string; status: string; version: number }[];
  /** The order histories in account-service. */
  histories: HistoryRow[];
  /** Those of order-service and of account-service. */
  digests: { orders: string[]; histories: string[] };
}

/** A session of a shopper, with all that was asked of it. */
export interface SessionRecord {
  /** The account. */
  shopper: string;
  calls: SessionCall[];
}

export interface SessionCall {
  /** `again`: a refresh after the session has ended; `stolen`: one with an old copy of a token. */
  what: 'sign-in' | 'refresh' | 'sign-out' | 'again' | 'stolen';
  /** The beginning of the refresh token. */
  token: string;
  sentAt: number;
  endedAt: number;
  /** Absent if there was no answer. */
  status?: number;
  code?: string;
  /** The beginning of the next refresh token. */
  gave?: string;
}

export interface Sighting {
  shopper: string;
  where: string;
  /** Absent if no order was seen. */
  orderId?: string;
}

export interface HistoryRow {
  id: string;
  account: string | null;
  status: string;
  version: number;
}

export interface StoredOrder {
  id: string;
  /** The client that placed it: keys belong to a client, and another client may use the same key. */
  client: string;
  customerId: string;
  key: string;
  status: string;
  firstOutcome: string | null;
  version: number;
  carrier: string | null;
  trackingNumber: string | null;
  awaiting: string | null;
  lines: { sku: string; quantity: number }[];
}

export interface TimelineEntry {
  orderId: string;
  type: string;
  at: string;
  correlationId: string;
}

export interface ListedOrder {
  client: string;
  id: string;
  customerId: string;
  status: string;
  version: number;
}

export interface OrderEvent {
  messageId: string;
  orderId: string;
  type: string;
  version: number;
}

export interface Level {
  sku: string;
  onHand: number;
  reserved: number;
}

export interface Movement {
  sku: string;
  kind: string;
  deltaOnHand: number;
  deltaReserved: number;
  causeId: string;
}

export interface Reservation {
  id: string;
  state: string;
}

export interface ReservationLine {
  reservationId: string;
  sku: string;
  quantity: number;
}

export interface Unfinished {
  orders: { id: string; awaiting: string }[];
  places: string[];
}

/** Connections of the services to one server, before the first fault and at the end. */
export interface ConnectionCount {
  place: string;
  before: number;
  after: number;
}

/** Memory of one run of a process. `grownUpMb`: at an age of 10 s; `endMb`: at the end, if it still runs. */
export interface ProcessMemory {
  name: string;
  pid: number;
  ageSeconds: number;
  mostMb: number;
  grownUpMb?: number;
  endMb?: number;
}
