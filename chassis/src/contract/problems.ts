/**
 * What identifies a problem where nobody has said under which address the documentation is served: reserved (RFC 2606), so
 * that it never leads a client to somebody else.
 */
export const UNPUBLISHED_TYPES = 'https://orders.example/problems/';

/**
 * Every `code` that a client can get (RFC 9457), with all that is said about it. The services' answers, their OpenAPI
 * documents, docs/problems.md (`npm run problems`) and the pages below `/docs/problems` are made from this table.
 */
import { RefusedError } from '../reliable/refusal.ts';

/** The headings under which codes are listed, with what is said there first. */
export const problemSections = {
  'Callers and paths': undefined,
  'The request': undefined,
  'Idempotency-Key':
    'Every `POST` and `PATCH` needs one: 1 to 255 visible ASCII characters, bare or in double quotes; inside quotes spaces are allowed, and `\\"` and `\\\\` are escapes. Make a new one (a UUID, for example) for each thing to be done, keep it, and send it again with each repeat of that request.',
  Versions:
    'A read of something that has versions carries its version as `ETag`, and in the member `version`. `PUT`, `PATCH` and `DELETE` of it need `If-Match` with that `ETag`, so that no change is lost under another one.',
  Orders: undefined,
  'Products and stock': undefined,
  Operations: undefined,
  'The service': undefined,
} as const satisfies Record<string, string | undefined>;

export type ProblemSection = keyof typeof problemSections;

export interface ProblemDefinition {
  status: number;
  title: string;
  section: ProblemSection;
  /** What happened. Here and in `action`, code stands in backquotes; there is no other markup. */
  meaning: string;
  /** What the client does about it. */
  action: string;
  /** Whether the same request may be sent again: as it is, corrected with the same key, or with a new key only. */
  repeat: 'as-it-is' | 'corrected' | 'new-key';
  /** The answer is final for its Idempotency-Key: a repeat gets it again. */
  stored?: true;
  header?: 'Retry-After' | 'Link';
  /** An answer, beside the members that follow from the rest. */
  example: { instance: string; detail: string; members?: Record<string, unknown> };
}

const ORDER = '0195f0a0-0000-7000-8000-000000000001';

export const problems = {
  'gateway-required': {
    status: 401,
    title: 'Call did not come through the gateway',
    section: 'Callers and paths',
    meaning:
      'The call went to a service directly, or its `Connection` header made the gateway drop the headers that it had added.',
    action: 'Call the address of the gateway, and do not name `X-Gateway-Token` or `X-Consumer-*` in `Connection`.',
    repeat: 'corrected',
    example: { instance: '/orders', detail: 'Call the gateway, not the service.' },
  },
  'internal-token-required': {
    status: 401,
    title: 'Internal token required',
    section: 'Callers and paths',
    meaning:
      '`/reservations` is for order-service only. The gateway does not route it, so a client of the gateway never gets this answer.',
    action: 'Operators: both services need the same `ORDER_TO_INVENTORY_TOKEN`.',
    repeat: 'corrected',
    example: { instance: '/reservations', detail: 'This call is for the other service only.' },
  },
  'not-found': {
    status: 404,
    title: 'Not found',
    section: 'Callers and paths',
    meaning: 'The service has nothing at this path, although the gateway routes it.',
    action: 'Check the path.',
    repeat: 'corrected',
    example: { instance: '/orders/%ff', detail: 'The path is malformed.' },
  },
  'invalid-json': {
    status: 400,
    title: 'Body is not valid JSON',
    section: 'The request',
    meaning: 'The body is empty, not JSON, or not UTF-8.',
    action: 'Correct the body.',
    repeat: 'corrected',
    example: { instance: '/orders', detail: 'The body is empty.' },
  },
  'validation-failed': {
    status: 400,
    title: 'Request is not valid',
    section: 'The request',
    meaning:
      'The request is well-formed but not valid. `errors` lists each fault (at most 50) as `{pointer, detail}`, where `pointer` is a JSON Pointer into the body (`/lines/0/quantity`) or to the query parameter (`/limit`). Unknown members are faults too.',
    action: 'Correct what `errors` points at. A `cursor` is valid only for the list and the filters that returned it.',
    repeat: 'corrected',
    example: {
      instance: '/orders',
      detail: 'One member is not valid.',
      members: { errors: [{ pointer: '/lines/0/quantity', detail: 'Too small: expected number to be >=1' }] },
    },
  },
  'unsupported-media-type': {
    status: 415,
    title: 'Body is not application/json',
    section: 'The request',
    meaning: 'The body is not `application/json`, or it is compressed.',
    action: 'Send `Content-Type: application/json` and no `Content-Encoding`.',
    repeat: 'corrected',
    example: { instance: '/orders', detail: 'Send application/json.' },
  },
  'payload-too-large': {
    status: 413,
    title: 'Body is too large',
    section: 'The request',
    meaning: 'The body is larger than 1 MiB (8 MiB between the services).',
    action: 'Send less at a time.',
    repeat: 'corrected',
    example: { instance: '/orders', detail: 'The body exceeds the limit.' },
  },
  'idempotency-key-missing': {
    status: 400,
    title: 'Idempotency-Key is missing',
    section: 'Idempotency-Key',
    meaning: 'The request has no `Idempotency-Key`, or an empty one.',
    action: 'Send one: a new key for a new request, the same key for a repeat.',
    repeat: 'corrected',
    header: 'Link',
    example: {
      instance: '/orders',
      detail: 'Send a header Idempotency-Key: a new one for a new request, the same one for a repeat.',
    },
  },
  'idempotency-key-malformed': {
    status: 400,
    title: 'Idempotency-Key is malformed',
    section: 'Idempotency-Key',
    meaning: 'The header is not a valid key, or the request has two of it.',
    action: 'Send one key of 1 to 255 visible ASCII characters, bare or in double quotes.',
    repeat: 'corrected',
    header: 'Link',
    example: {
      instance: '/orders',
      detail: 'Send one Idempotency-Key of 1 to 255 visible ASCII characters, bare or in double quotes.',
    },
  },
  'request-in-progress': {
    status: 409,
    title: 'First request with this key is still in progress',
    section: 'Idempotency-Key',
    meaning:
      'The first request with this key has not been answered yet. For an order this lasts at most 2.5 s: after that a repeat gets 202 while the order is pending, even when the process that handled the first request has died.',
    action: 'Repeat after `Retry-After`, with the same key. The answer will be that of the first request.',
    repeat: 'as-it-is',
    header: 'Retry-After',
    example: {
      instance: '/orders',
      detail: 'The first request with this Idempotency-Key has not been answered yet.',
    },
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'Idempotency-Key was used for another request',
    section: 'Idempotency-Key',
    meaning:
      'The key belongs to another request: another body, endpoint or target. Nothing was done, and nothing of the first request is shown.',
    action: 'Use a new key for a new request. A key that was meant for a repeat shows a bug of the client.',
    repeat: 'new-key',
    example: { instance: '/orders', detail: 'Use a new Idempotency-Key for a new request.' },
  },
  'precondition-required': {
    status: 428,
    title: 'If-Match is missing',
    section: 'Versions',
    meaning: 'The request changes something that has versions, and does not say which version it was decided on.',
    action: 'Read it, and send its `ETag` in `If-Match`.',
    repeat: 'corrected',
    example: { instance: '/accounts/me', detail: 'Send If-Match with the ETag of the last read.' },
  },
  'stale-version': {
    status: 412,
    title: 'Version is not the current one',
    section: 'Versions',
    meaning: 'It was changed since the version in `If-Match` was read. Nothing was done; `current` is what it is now.',
    action: 'Decide again on `current`, and send that with its version in `If-Match`.',
    repeat: 'corrected',
    example: {
      instance: '/accounts/me',
      detail: 'This is version 4 now.',
      members: { current: { name: 'Ada Lovelace', version: 4 } },
    },
  },
  'order-not-found': {
    status: 404,
    title: 'Order not found',
    section: 'Orders',
    meaning: 'You have no order with this id. Orders of other clients are not found either.',
    action: 'Check the id, and that the API key is the one that placed the order.',
    repeat: 'corrected',
    example: { instance: `/orders/${ORDER}`, detail: 'You have no such order.' },
  },
  'order-rejected': {
    status: 409,
    title: 'Not enough stock',
    section: 'Orders',
    meaning:
      'At least one line could not be reserved, so nothing was. `lines` names each line that fell short, with `requested`, `available` and `reason` (`unknown-sku` or `insufficient-stock`). The order is kept as `rejected` under `orderId`.',
    action:
      'Offer the customer less or something else, and place that with a new key. Under the old key the refusal stays, even when stock arrives.',
    repeat: 'new-key',
    stored: true,
    example: {
      instance: '/orders',
      detail: 'At least one line could not be reserved.',
      members: {
        orderId: ORDER,
        lines: [{ sku: 'LAST-ONE', requested: 1, available: 0, reason: 'insufficient-stock' }],
      },
    },
  },
  'order-cancelled': {
    status: 409,
    title: 'Order was cancelled',
    section: 'Orders',
    meaning: 'The answer to a `POST /orders` whose order (`orderId`) was cancelled before its stock was decided.',
    action: 'To order again, use a new key.',
    repeat: 'new-key',
    stored: true,
    example: {
      instance: '/orders',
      detail: 'The order was cancelled before its stock was decided.',
      members: { orderId: ORDER },
    },
  },
  'illegal-transition': {
    status: 409,
    title: 'Transition not allowed',
    section: 'Orders',
    meaning:
      'The order, or the dead letter, is in the state `from` and cannot go to `to`. Asking an order for the state that it already has is no error. A dead letter must be open, and a `reservation.release` or `reservation.fulfil` that can be read cannot be discarded, only replayed.',
    action: 'Read the order or the dead letter, decide again, and send that with a new key.',
    repeat: 'new-key',
    stored: true,
    example: {
      instance: `/orders/${ORDER}/cancellation`,
      detail: 'An order that is rejected cannot become cancelled.',
      members: { from: 'rejected', to: 'cancelled' },
    },
  },
  'shipment-differs': {
    status: 409,
    title: 'Order was shipped with other data',
    section: 'Orders',
    meaning: 'The order was shipped already, with another carrier or tracking number.',
    action: 'Read the order: one of the two shipments is wrong.',
    repeat: 'new-key',
    stored: true,
    example: {
      instance: `/orders/${ORDER}/shipment`,
      detail: 'The order was shipped with another carrier or tracking number.',
    },
  },
  'product-not-found': {
    status: 404,
    title: 'Product not found',
    section: 'Products and stock',
    meaning: 'No product has this SKU.',
    action: 'Check the SKU, or create the product.',
    repeat: 'corrected',
    example: { instance: '/products/NO-SUCH-SKU', detail: 'No product has this SKU.' },
  },
  'product-exists': {
    status: 409,
    title: 'Product exists already',
    section: 'Products and stock',
    meaning: 'A product with this SKU exists already.',
    action: 'Read it; change its name with `PATCH`.',
    repeat: 'new-key',
    stored: true,
    example: { instance: '/products', detail: 'Change it with PATCH.', members: { sku: 'MUG-BLUE' } },
  },
  'insufficient-stock': {
    status: 409,
    title: 'Not enough units available',
    section: 'Products and stock',
    meaning: 'The adjustment would leave fewer units than are reserved.',
    action: 'Cancel orders first, or take out less, with a new key.',
    repeat: 'new-key',
    stored: true,
    example: {
      instance: '/products/MUG-BLUE/adjustments',
      detail: 'Units that are reserved cannot be taken away.',
      members: { sku: 'MUG-BLUE', requested: 100, available: 98 },
    },
  },
  'reservation-not-found': {
    status: 404,
    title: 'Reservation not found',
    section: 'Products and stock',
    meaning: 'No reservation has this id: inventory-service was never asked for the stock of that order.',
    action: 'Check the id: a reservation has the id of its order.',
    repeat: 'corrected',
    example: { instance: `/operations/inventory/reservations/${ORDER}`, detail: 'No reservation has this id.' },
  },
  'dead-letter-not-found': {
    status: 404,
    title: 'Dead letter not found',
    section: 'Operations',
    meaning: 'This service has no dead letter with this id, or of this group.',
    action: 'Ask the other service: each keeps its own.',
    repeat: 'corrected',
    example: {
      instance: `/operations/orders/dead-letters/${ORDER}`,
      detail: 'There is no such dead letter here; the other service may have it.',
    },
  },
  overloaded: {
    status: 503,
    title: 'Service overloaded',
    section: 'The service',
    meaning: 'Too many requests are waiting. Nothing was done.',
    action: 'Repeat after `Retry-After`, with the same key, with growing pauses.',
    repeat: 'as-it-is',
    header: 'Retry-After',
    example: { instance: '/orders', detail: 'Nothing was done. Send it again a little later.' },
  },
  unavailable: {
    status: 503,
    title: 'Service unavailable',
    section: 'The service',
    meaning:
      'The service cannot reach its own database, the database cannot do its work (it is read-only, its disk is full), or a row was locked for too long. The outcome is unknown, and repeating is safe.',
    action: 'Repeat after `Retry-After`, with the same key.',
    repeat: 'as-it-is',
    header: 'Retry-After',
    example: { instance: '/orders', detail: 'The outcome is unknown. Retry with the same Idempotency-Key.' },
  },
  internal: {
    status: 500,
    title: 'Internal server error',
    section: 'The service',
    meaning: 'A fault of the service. Its log line has this `traceId` as its `requestId`.',
    action: 'Repeat with the same key: that is safe, and may help. Quote `traceId` when you ask for help.',
    repeat: 'as-it-is',
    example: { instance: '/orders', detail: 'The request was not done. Send it again with the same key.' },
  },
} as const satisfies Record<string, ProblemDefinition>;

export type ProblemCode = keyof typeof problems;

/** What is said about a code; one that is not in the table is a fault of ours. */
export function problemOf(code: string): ProblemDefinition {
  return isProblemCode(code) ? problems[code] : problems.internal;
}

/** Whether the table has this code. */
export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(problems, code);
}

/** A refusal that must undo its transaction, with a code of the table. */
export function refused(code: ProblemCode, detail: string, members?: Record<string, unknown>): RefusedError {
  return new RefusedError({ code, detail, members });
}

/** The table in its order, for what lists it. */
export const allProblems = Object.entries(problems) as [ProblemCode, ProblemDefinition][];

/** What the gateway answers itself, from one template (kong/error-template.json): all have one `type`, and no `code`. */
export interface GatewayRefusal {
  status: number;
  /** Kong's words, as far as they are always the same; some causes have words of their own. */
  title: string;
  meaning: string;
  action: string;
  repeat: 'as-it-is' | 'corrected';
  header?: 'Retry-After' | 'WWW-Authenticate' | 'X-Allowed-Groups';
}

/** What the template says in each. */
export const GATEWAY_HELP =
  'An API key goes into the header apikey. GET /docs says which groups may make a call, and what each refusal means.';

export const gatewayRefusals = [
  {
    status: 400,
    title: 'Bad request',
    meaning: 'The request is malformed, or its `Idempotency-Key` has control characters.',
    action: 'Correct the request.',
    repeat: 'corrected',
  },
  {
    status: 401,
    title: 'No API key found in request',
    meaning: 'The header `apikey` is missing, or no client has this key. `WWW-Authenticate` names the header.',
    action: 'Send a valid API key in `apikey`.',
    repeat: 'corrected',
    header: 'WWW-Authenticate',
  },
  {
    status: 403,
    title: 'You cannot consume this service',
    meaning: 'The group of the key may not make this call. `X-Allowed-Groups` lists the groups that may.',
    action: 'Use a key of one of these groups.',
    repeat: 'corrected',
    header: 'X-Allowed-Groups',
  },
  {
    status: 404,
    title: 'no Route matched with those values',
    meaning: 'The API has no such path, the path has no such method, or the path is not UTF-8.',
    action: 'Check path and method.',
    repeat: 'corrected',
  },
  {
    status: 405,
    title: 'Method not allowed',
    meaning: 'The method is `TRACE` or `CONNECT`.',
    action: 'Use another method.',
    repeat: 'corrected',
  },
  {
    status: 413,
    title: 'Payload too large',
    meaning: 'The body is larger than 1 MiB.',
    action: 'Send less at a time.',
    repeat: 'corrected',
  },
  {
    status: 414,
    title: 'URI too long',
    meaning: 'The request line is longer than 8 KiB.',
    action: 'Shorten the query.',
    repeat: 'corrected',
  },
  {
    status: 429,
    title: 'API rate limit exceeded',
    meaning:
      'Too many requests in this minute; or, without a valid key, more than 300 such calls from this address within a minute.',
    action: 'Repeat after `Retry-After`, with the same key.',
    repeat: 'as-it-is',
    header: 'Retry-After',
  },
  {
    status: 500,
    title: 'An unexpected error occurred',
    meaning: 'A fault of the gateway.',
    action: 'Repeat with the same key: that is safe.',
    repeat: 'as-it-is',
  },
  {
    status: 502,
    title: 'An invalid response was received from the upstream server',
    meaning: 'The service closed the connection before it answered. Whether a write was done is unknown.',
    action: 'Repeat with the same key.',
    repeat: 'as-it-is',
  },
  {
    status: 503,
    title: 'failure to get a peer from the ring-balancer',
    meaning: 'No process of the service is ready.',
    action: 'Repeat with the same key, with growing pauses.',
    repeat: 'as-it-is',
  },
  {
    status: 504,
    title: 'The upstream server is timing out',
    meaning: 'The service did not answer in time. Whether a write was done is unknown.',
    action: 'Repeat with the same key.',
    repeat: 'as-it-is',
  },
] as const satisfies readonly GatewayRefusal[];
