import type { components } from './api.ts';

/** All schemas of the services' OpenAPI documents, by name; `PlaceOrderBody` and the like for what an operation takes and gives. */
export type Schemas = components['schemas'];

/** An order. `version` grows with each change of its status. */
export type Order = Schemas['Order'];
/** What is sent to place an order. */
export type NewOrder = Schemas['PlaceOrderBody'];
/** What an order's `status` can be. Treat one that you do not know as not final. */
export type OrderStatus = Schemas['OrderStatus'];
/** A line of an order. */
export type OrderLine = Schemas['OrderLine'];
/** Why a line of a rejected order could not be reserved. */
export type Shortage = Schemas['Shortage'];
/** An entry of an order's story. */
export type TimelineEntry = Schemas['TimelineEntry'];
/** What inventory-service has not answered about an order. */
export type OrderWait = Schemas['OrderWait'];
/** A product with its stock. */
export type Product = Schemas['Product'];
/** What became of each of many adjustments. */
export type AdjustmentResults = Schemas['AdjustmentResults'];
/** An entry of a product's ledger. */
export type Movement = Schemas['Movement'];
/** The units that are set aside for an order. */
export type Reservation = Schemas['Reservation'];
/** A message that could not be handled. */
export type DeadLetter = Schemas['DeadLetter'];
/** A dead letter with its message. */
export type WholeDeadLetter = Schemas['WholeDeadLetter'];
/** Dead letters of one queue, type and reason. */
export type DeadLetterGroup = Schemas['DeadLetterGroup'];
/** The last comparison of a service's books, and what it found. */
export type Reconciliation = Schemas['Reconciliation'];
/** A comparison that was asked for. */
export type ReconciliationRun = Schemas['ReconciliationRunWithMismatches'];
/** A mail that was sent to a person, or is to be. */
export type Notification = Schemas['Notification'];
/** One with its attempts. */
export type WholeNotification = Schemas['WholeNotification'];
/** A person who signs in. */
export type Account = Schemas['Account'];
/** A session of a page, whose tokens are in cookies. */
export type Session = Schemas['Session'];
/** A session of an app: send `accessToken` with each call, and keep `refreshToken` for the next pair. */
export type BearerSession = Session & Required<Pick<Session, 'accessToken' | 'refreshToken'>>;
/** How a service is. */
export type Health = Schemas['Health'];

/** A page of a list. Without `nextCursor` it is the last one; a page may be short, or empty, and not be the last. */
export interface Page<Item> {
  items: Item[];
  nextCursor?: string;
}

type ProblemSchema = {
  [Name in keyof Schemas]: Name extends `${string}Problem` ? Schemas[Name] : never;
}[keyof Schemas];

/** Every `code` that the services' documents know. */
export type ProblemCode = ProblemSchema['code'];

/** The members of the problem with this code: `lines` of an `order-rejected`, for example. */
export type ProblemOf<Code extends ProblemCode> = Extract<ProblemSchema, { code: Code }>;

/** Why a request was refused (RFC 9457). The gateway's own refusals have no `code`: decide by `status`. */
export interface Problem {
  status: number;
  title: string;
  type?: string;
  detail?: string;
  instance?: string;
  /** Stable; new ones may appear. */
  code?: string;
  /** To be quoted to those who run the system. */
  traceId?: string;
  /** What is wrong with the request, by JSON Pointer. */
  errors?: { pointer: string; detail: string }[];
  [member: string]: unknown;
}
