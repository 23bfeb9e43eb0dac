/**
 * Base of the problem types when `PUBLIC_URL` is not set. The domain is reserved (RFC 2606), so the address never belongs to
 * another party.
 */
export const UNPUBLISHED_TYPES = 'https://orders.example/problems/';

/**
 * Every `code` that a client can get (RFC 9457), with its documentation. The services' responses, their OpenAPI documents,
 * docs/problems.md (`npm run problems`) and the pages below `/docs/problems` are generated from this table.
 */
import { RefusedError } from '../reliable/refusal.ts';

/** The headings under which codes are listed, each with its introduction. */
export const problemSections = {
  'Callers and paths': undefined,
  'The request': undefined,
  'Idempotency-Key':
    'Every `POST` and `PATCH` needs one: 1 to 255 visible ASCII characters, bare or in double quotes; inside quotes spaces are allowed, and `\\"` and `\\\\` are escapes. Generate a new key (a UUID, for example) for each operation, store it, and send it again with every retry of that request.',
  Versions:
    'A versioned resource is returned with its version in the header `ETag` and in the member `version`. `PUT`, `PATCH` and `DELETE` of it require `If-Match` with that `ETag`, which prevents lost updates.',
  Orders: undefined,
  'Products and stock': undefined,
  Accounts: undefined,
  Notifications: undefined,
  Operations: undefined,
  'The service': undefined,
} as const satisfies Record<string, string | undefined>;

export type ProblemSection = keyof typeof problemSections;

export interface ProblemDefinition {
  status: number;
  title: string;
  section: ProblemSection;
  /** What happened. In this text and in `action`, code is in backquotes; there is no other markup. */
  meaning: string;
  /** What the client should do. */
  action: string;
  /** Whether the same request may be sent again: as it is, corrected with the same key, or with a new key only. */
  repeat: 'as-it-is' | 'corrected' | 'new-key';
  /** The response is stored under the Idempotency-Key, and a retry gets it again. */
  stored?: true;
  header?: 'Retry-After' | 'Link';
  /** An example response, without the members that follow from the rest. */
  example: { instance: string; detail: string; members?: Record<string, unknown> };
}

const ORDER = '0195f0a0-0000-7000-8000-000000000001';

export const problems = {
  'gateway-required': {
    status: 401,
    title: 'Request did not come through the gateway',
    section: 'Callers and paths',
    meaning:
      'The request was sent directly to a service, or its `Connection` header made the gateway drop the headers that it had added.',
    action: 'Send requests to the gateway, and do not list `X-Gateway-Token` or `X-Consumer-*` in `Connection`.',
    repeat: 'corrected',
    example: { instance: '/orders', detail: 'Send requests to the gateway, not to the service.' },
  },
  'not-signed-in': {
    status: 401,
    title: 'Not signed in',
    section: 'Callers and paths',
    meaning:
      'The operation is for people who are signed in, and the request has no valid access token: it is missing, expired, from the future or malformed, is for the other kind of `X-Caller`, or was sent both in a cookie and in `Authorization`.',
    action:
      'Send `X-Caller: shopper` or `X-Caller: staff` with one access token of that kind. Refresh an expired token, or sign in again. Where `detail` says that clocks differ, a new token is refused too: tell the shop.',
    repeat: 'corrected',
    example: { instance: '/orders', detail: 'Sign in first.' },
  },
  forbidden: {
    status: 403,
    title: 'Not allowed for this account',
    section: 'Callers and paths',
    meaning:
      'The account is signed in but may not call the operation: it is not for shoppers, or the account has none of the required roles. Requests from pages of other sites (`Sec-Fetch-Site`) get this response too.',
    action: 'Sign in with an account that has the role.',
    repeat: 'corrected',
    example: { instance: '/orders', detail: 'This account may not call this operation.' },
  },
  'internal-token-required': {
    status: 401,
    title: 'Internal token required',
    section: 'Callers and paths',
    meaning:
      '`/reservations` accepts requests from order-service only. The gateway does not route it, so API clients never get this response.',
    action: 'Operators: set the same `ORDER_TO_INVENTORY_TOKEN` in both services.',
    repeat: 'corrected',
    example: { instance: '/reservations', detail: 'Only services may call this path.' },
  },
  'not-found': {
    status: 404,
    title: 'Not found',
    section: 'Callers and paths',
    meaning: 'The gateway routes this path, but the service has no resource there.',
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
    title: 'Request validation failed',
    section: 'The request',
    meaning:
      'The request is well-formed but not valid. `errors` lists the errors (at most 50) as `{pointer, detail}`, where `pointer` is a JSON Pointer into the body (`/lines/0/quantity`) or to the query parameter (`/limit`). Unknown members are errors too.',
    action:
      'Correct the values that `errors` lists. A `cursor` is valid only for the list and the filters that returned it.',
    repeat: 'corrected',
    example: {
      instance: '/orders',
      detail: '1 value is not valid.',
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
    action: 'Send a smaller body.',
    repeat: 'corrected',
    example: { instance: '/orders', detail: 'The body exceeds the limit.' },
  },
  'idempotency-key-missing': {
    status: 400,
    title: 'Idempotency-Key is missing',
    section: 'Idempotency-Key',
    meaning: 'The request has no `Idempotency-Key`, or an empty one.',
    action: 'Send one: a new key for a new request, the same key for a retry.',
    repeat: 'corrected',
    header: 'Link',
    example: {
      instance: '/orders',
      detail: 'Send an Idempotency-Key header: a new key for a new request, the same key for a retry.',
    },
  },
  'idempotency-key-malformed': {
    status: 400,
    title: 'Idempotency-Key is malformed',
    section: 'Idempotency-Key',
    meaning: 'The header is not a valid key, or the request has more than one.',
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
      'The first request with this key has not been answered yet. For an order this lasts at most 2.5 s: after that a retry gets 202 while the order is pending, even when the process that handled the first request has died.',
    action: 'Retry after `Retry-After` with the same key. The response will be that of the first request.',
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
      'The key was first used for a request with another body, endpoint or target. Nothing was done, and the response of the first request is not shown.',
    action: 'Use a new key for a new request. If this request was meant as a retry, the client has a bug.',
    repeat: 'new-key',
    example: { instance: '/orders', detail: 'Use a new Idempotency-Key for a new request.' },
  },
  'precondition-required': {
    status: 428,
    title: 'If-Match is missing',
    section: 'Versions',
    meaning: 'The request changes a versioned resource and does not name the version that it is based on.',
    action: 'Read the resource and send its `ETag` in `If-Match`.',
    repeat: 'corrected',
    example: { instance: '/accounts/me', detail: 'Send If-Match with the ETag of the last read.' },
  },
  'stale-version': {
    status: 412,
    title: 'Version is not the current one',
    section: 'Versions',
    meaning:
      'The resource has changed since the version in `If-Match` was read. Nothing was done. `current` is its current state.',
    action: 'Base the change on `current`, and send it with that version in `If-Match`.',
    repeat: 'corrected',
    example: {
      instance: '/accounts/me',
      detail: 'The current version is 4.',
      members: { current: { name: 'Ada Lovelace', version: 4 } },
    },
  },
  'order-not-found': {
    status: 404,
    title: 'Order not found',
    section: 'Orders',
    meaning: 'This client has no order with this id. Orders of other clients are not visible.',
    action: 'Check the id, and that the API key belongs to the client that placed the order.',
    repeat: 'corrected',
    example: { instance: `/orders/${ORDER}`, detail: 'This client has no order with this id.' },
  },
  'order-rejected': {
    status: 409,
    title: 'Not enough stock',
    section: 'Orders',
    meaning:
      'At least one line could not be reserved, so no line was. `lines` lists each line that lacks stock, with `requested`, `available` and `reason` (`unknown-sku` or `insufficient-stock`). The order is kept as `rejected` under `orderId`.',
    action:
      'Offer the customer a smaller quantity or another product, and place a new order with a new key. The rejection is final for the old key, even when stock arrives.',
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
    meaning: 'The order (`orderId`) of this `POST /orders` was cancelled before its stock was reserved or rejected.',
    action: 'To order again, use a new key.',
    repeat: 'new-key',
    stored: true,
    example: {
      instance: '/orders',
      detail: 'The order was cancelled before its stock was reserved or rejected.',
      members: { orderId: ORDER },
    },
  },
  'illegal-transition': {
    status: 409,
    title: 'Transition not allowed',
    section: 'Orders',
    meaning:
      'The order or the dead letter is in the state `from` and cannot change to `to`. Requesting the state that an order already has is not an error. Only an open dead letter can be replayed or discarded, and a readable `reservation.release` or `reservation.fulfil` can only be replayed.',
    action: 'Read the order or the dead letter again, and send the request that fits its state with a new key.',
    repeat: 'new-key',
    stored: true,
    example: {
      instance: `/orders/${ORDER}/cancellation`,
      detail: 'The order is rejected and cannot become cancelled.',
      members: { from: 'rejected', to: 'cancelled' },
    },
  },
  'shipment-differs': {
    status: 409,
    title: 'Order was shipped with other data',
    section: 'Orders',
    meaning: 'The order has already been shipped with another carrier or tracking number.',
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
    title: 'Product already exists',
    section: 'Products and stock',
    meaning: 'A product with this SKU already exists.',
    action: 'Read the product. To change its name, use `PATCH`.',
    repeat: 'new-key',
    stored: true,
    example: { instance: '/products', detail: 'To change the product, use PATCH.', members: { sku: 'MUG-BLUE' } },
  },
  'insufficient-stock': {
    status: 409,
    title: 'Not enough units available',
    section: 'Products and stock',
    meaning: 'The adjustment or count would leave fewer units than are reserved.',
    action: 'Cancel orders first, or remove fewer units, with a new key.',
    repeat: 'new-key',
    stored: true,
    example: {
      instance: '/products/MUG-BLUE/adjustments',
      detail: 'Reserved units cannot be removed.',
      members: { sku: 'MUG-BLUE', requested: 100, available: 98 },
    },
  },
  'stock-changed': {
    status: 409,
    title: 'Stock has changed',
    section: 'Products and stock',
    meaning:
      'The units on hand are not those that the count expected: a shipment, an adjustment or another count came first. Nothing was done; `onHand`, `reserved` and `available` are the level at that moment.',
    action: 'Read the product, count again if need be, and send that with a new key.',
    repeat: 'new-key',
    stored: true,
    example: {
      instance: '/products/MUG-BLUE/counts',
      detail: '98 units are on hand.',
      members: { sku: 'MUG-BLUE', expected: 103, onHand: 98, reserved: 2, available: 96 },
    },
  },
  'reservation-not-found': {
    status: 404,
    title: 'Reservation not found',
    section: 'Products and stock',
    meaning: 'No reservation has this id: inventory-service has never received a request for that order.',
    action: 'Check the id. A reservation has the id of its order.',
    repeat: 'corrected',
    example: { instance: `/operations/inventory/reservations/${ORDER}`, detail: 'No reservation has this id.' },
  },
  'token-invalid': {
    status: 400,
    title: 'Link is not valid any more',
    section: 'Accounts',
    meaning:
      'The one-time token is unknown or expired, or it was used for another request. The response does not say which.',
    action: 'Request a new link, for example by signing up again.',
    repeat: 'corrected',
    example: { instance: '/accounts/verification', detail: 'Request a new link.' },
  },
  'invalid-credentials': {
    status: 401,
    title: 'Mail address or password is wrong',
    section: 'Accounts',
    meaning:
      'No account has this mail address and password, or `X-Caller` is `staff` and the account has no role. The response does not say which. It counts as a failed sign-in.',
    action: 'Enter them again, or reset the password.',
    repeat: 'corrected',
    example: { instance: '/sessions', detail: 'The mail address or the password is wrong.' },
  },
  'too-many-attempts': {
    status: 429,
    title: 'Too many failed sign-ins',
    section: 'Accounts',
    meaning:
      'Within 15 minutes there were 10 failed sign-ins to this account from this address, or 100 from this address. Until `Retry-After`, the right password is refused too.',
    action: 'Wait, or reset the password.',
    repeat: 'as-it-is',
    header: 'Retry-After',
    example: { instance: '/sessions', detail: 'Wait before the next attempt, or reset the password.' },
  },
  'session-ended': {
    status: 401,
    title: 'Session has ended',
    section: 'Accounts',
    meaning:
      'The refresh token is unknown, or its session ended: by signing out, by a changed password, by its age, or because an old refresh token was used again. `/accounts/me` also returns it for an access token that is still valid if the account was deleted.',
    action: 'Sign in again.',
    repeat: 'corrected',
    example: { instance: '/sessions/refresh', detail: 'Sign in again.' },
  },
  'account-not-found': {
    status: 404,
    title: 'Account not found',
    section: 'Accounts',
    meaning: 'There is no account with this id or mail address.',
    action:
      'Check the id or the mail address. The address of an account may have changed, and a deleted account has none.',
    repeat: 'corrected',
    example: { instance: '/accounts/lookup', detail: 'There is no account with this mail address.' },
  },
  'email-taken': {
    status: 409,
    title: 'Mail address belongs to another account',
    section: 'Accounts',
    meaning:
      'Another account has the mail address that is to be confirmed. Only a person who reads its mailbox gets this response.',
    action: 'Sign in to the other account, or delete it first.',
    repeat: 'new-key',
    stored: true,
    example: { instance: '/accounts/me/email/confirmation', detail: 'Another account has this mail address.' },
  },
  'address-not-found': {
    status: 404,
    title: 'Address not found',
    section: 'Accounts',
    meaning: 'The account has no address with this id. Addresses of other accounts are not visible.',
    action: 'Check the id, or read the list of addresses.',
    repeat: 'corrected',
    example: {
      instance: '/accounts/me/addresses/0195f0a0-0000-7000-8000-000000000002',
      detail: 'This account has no address with this id.',
    },
  },
  'address-book-full': {
    status: 409,
    title: 'Account has the maximum number of addresses',
    section: 'Accounts',
    meaning: 'The account has 20 addresses already.',
    action: 'Change or delete one of them.',
    repeat: 'new-key',
    stored: true,
    example: { instance: '/accounts/me/addresses', detail: 'An account has at most 20 addresses.' },
  },
  'notification-not-found': {
    status: 404,
    title: 'Notification not found',
    section: 'Notifications',
    meaning: 'There is no notification with this id.',
    action: 'Check the id. What ended is removed after 30 days.',
    repeat: 'corrected',
    example: {
      instance: '/notifications/0195f0a0-0000-7000-8000-00000000000d',
      detail: 'There is no notification with this id.',
    },
  },
  'dead-letter-not-found': {
    status: 404,
    title: 'Dead letter not found',
    section: 'Operations',
    meaning: 'This service has no dead letter with this id or in this group.',
    action: 'Query the other service. Each service stores its own dead letters.',
    repeat: 'corrected',
    example: {
      instance: `/operations/orders/dead-letters/${ORDER}`,
      detail: 'This service has no such dead letter. Each service stores its own.',
    },
  },
  overloaded: {
    status: 503,
    title: 'Service overloaded',
    section: 'The service',
    meaning: 'Too many requests are waiting. Nothing was done.',
    action: 'Retry after `Retry-After` with the same key and exponential backoff.',
    repeat: 'as-it-is',
    header: 'Retry-After',
    example: { instance: '/orders', detail: 'Nothing was done. Retry later.' },
  },
  unavailable: {
    status: 503,
    title: 'Service unavailable',
    section: 'The service',
    meaning:
      'The service cannot reach its own database, the database cannot do its work (it is read-only, its disk is full), or a row was locked for too long. The outcome is unknown, and a retry is safe.',
    action: 'Retry after `Retry-After` with the same key.',
    repeat: 'as-it-is',
    header: 'Retry-After',
    example: { instance: '/orders', detail: 'The outcome is unknown. Retry with the same Idempotency-Key.' },
  },
  internal: {
    status: 500,
    title: 'Internal server error',
    section: 'The service',
    meaning: 'An unexpected error in the service. Its log entry has this `traceId` as its `requestId`.',
    action: 'Retry with the same key, which is safe. Include `traceId` in a support request.',
    repeat: 'as-it-is',
    example: { instance: '/orders', detail: 'The request was not completed. Retry with the same Idempotency-Key.' },
  },
} as const satisfies Record<string, ProblemDefinition>;

export type ProblemCode = keyof typeof problems;

/** The definition of a code; a code that is not in the table is a bug and counts as `internal`. */
export function problemOf(code: string): ProblemDefinition {
  return isProblemCode(code) ? problems[code] : problems.internal;
}

/** Whether the table has this code. */
export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(problems, code);
}

/** A refusal that rolls back its transaction, with a code of the table. */
export function refused(code: ProblemCode, detail: string, members?: Record<string, unknown>): RefusedError {
  return new RefusedError({ code, detail, members });
}

/** The table in its order, for lists. */
export const allProblems = Object.entries(problems) as [ProblemCode, ProblemDefinition][];

/**
 * An error that the gateway returns itself, from one template (kong/error-template.json). All have the same `type` and no
 * `code`.
 */
export interface GatewayRefusal {
  status: number;
  /** Kong's message; some causes have other messages. */
  title: string;
  meaning: string;
  action: string;
  repeat: 'as-it-is' | 'corrected';
  header?: 'Retry-After' | 'WWW-Authenticate' | 'X-Allowed-Groups';
}

/** The `help` member of the template. */
export const GATEWAY_HELP =
  'An API key goes into the header apikey. GET /docs says which groups may make a call, and what each refusal means.';

export const gatewayRefusals = [
  {
    status: 400,
    title: 'Bad request',
    meaning: 'The request is malformed, or its `Idempotency-Key` contains control characters.',
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
    meaning:
      'The groups of the key are not allowed to make this request. `X-Allowed-Groups` lists the groups that are.',
    action: 'Use a key of one of these groups.',
    repeat: 'corrected',
    header: 'X-Allowed-Groups',
  },
  {
    status: 404,
    title: 'no Route matched with those values',
    meaning: 'The API has no such path, the path has no such method, or the path is not UTF-8.',
    action: 'Check the path and the method.',
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
    action: 'Send a smaller body.',
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
      'The client has exceeded its requests per minute, or this address has sent more than 300 requests without a valid key within a minute.',
    action: 'Retry after `Retry-After` with the same key.',
    repeat: 'as-it-is',
    header: 'Retry-After',
  },
  {
    status: 500,
    title: 'An unexpected error occurred',
    meaning: 'An unexpected error in the gateway.',
    action: 'Retry with the same key, which is safe.',
    repeat: 'as-it-is',
  },
  {
    status: 502,
    title: 'An invalid response was received from the upstream server',
    meaning: 'The service closed the connection before it responded. Whether a write took effect is unknown.',
    action: 'Retry with the same key.',
    repeat: 'as-it-is',
  },
  {
    status: 503,
    title: 'failure to get a peer from the ring-balancer',
    meaning: 'No process of the service is ready.',
    action: 'Retry with the same key and exponential backoff.',
    repeat: 'as-it-is',
  },
  {
    status: 504,
    title: 'The upstream server is timing out',
    meaning: 'The service did not respond in time. Whether a write took effect is unknown.',
    action: 'Retry with the same key.',
    repeat: 'as-it-is',
  },
] as const satisfies readonly GatewayRefusal[];
