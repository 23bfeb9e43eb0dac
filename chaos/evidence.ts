import type { Availability } from './availability.ts';
import type { Operation } from './history.ts';

/** What the databases, the lists and the broker say when everything is quiet. Plain data, so that it can be made by hand. */
export interface Evidence {
  operations: Operation[];
  orders: StoredOrder[];
  timeline: TimelineEntry[];
  /** What GET /orders shows to each client. */
  listed: ListedOrder[];
  events: OrderEvent[];
  /** SKUs of the workload: everything about their stock is known. */
  skus: string[];
  levels: Level[];
  movements: Movement[];
  reservations: Reservation[];
  reservationLines: ReservationLine[];
  deadLetters: { queue: string; messages: number }[];
  /** Levels that were wrong at some moment of the run. */
  samples: { checked: number; findings: string[] };
  /** What was not done when the deadline came. */
  unsettled: Unsettled;
  /** Processes that ended although nobody had touched them. */
  crashes: string[];
  connections: ConnectionCount[];
  memory: ProcessMemory[];
  availability: Availability[];
}

export interface StoredOrder {
  id: string;
  /** Who placed it: a key belongs to its client, and another client may use the same one. */
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

export interface Unsettled {
  orders: { id: string; awaiting: string }[];
  places: string[];
}

/** Connections of the services to one place, before the first fault and when all is over. */
export interface ConnectionCount {
  place: string;
  before: number;
  after: number;
}

/** Memory of one life of a process. `grownUpMb`: when it was 10 s old; `endMb`: when all is over, if it lived so long. */
export interface ProcessMemory {
  name: string;
  pid: number;
  ageSeconds: number;
  mostMb: number;
  grownUpMb?: number;
  endMb?: number;
}
