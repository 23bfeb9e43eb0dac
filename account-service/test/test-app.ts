import { join } from 'node:path';
import type { Pool } from '@shop/chassis/base/db/pool.ts';
import { createRequestShare, type RequestShare } from '@shop/chassis/base/db/request-share.ts';
import { createLogger } from '@shop/chassis/base/telemetry/log.ts';
import { createMetrics } from '@shop/chassis/base/telemetry/metrics.ts';
import { LOAD_LIMITS } from '@shop/chassis/edge/load-shedding/limits.ts';
import { createPeople, type People } from '@shop/chassis/edge/people/people.ts';
import type { SigningKeys } from '@shop/chassis/edge/people/signing-keys.ts';
import type { Role } from '@shop/chassis/edge/principal.ts';
import { createReconciler } from '@shop/chassis/operations/reconciliation/reconciler.ts';
import { startReplayCounter } from '@shop/chassis/reliable/idempotency/replay-counter.ts';
import { createLifecycle } from '@shop/chassis/service/lifecycle.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { createTestDatabase, type TestDatabase } from '@shop/chassis/testing/database.ts';
import { createTokenIssuer, type TokenChanges } from '@shop/chassis/testing/token-issuer.ts';
import { type CryptoKey, importJWK } from 'jose';
import request from 'supertest';
import { buildApp } from '../src/app.ts';
import { type EmailPurpose, toToken } from '../src/email-tokens/email-token.ts';
import { createMasterKey, type MasterKey } from '../src/master-key.ts';
import { withAccountMetrics } from '../src/metrics.ts';
import { createPasswordHasher, type PasswordHasher } from '../src/passwords/password-hasher.ts';
import { publishedKeys } from '../src/signing-keys/rotate-keys.ts';
import { toJwk } from '../src/signing-keys/signing-key.ts';

const GATEWAY_TOKEN = 'g'.repeat(32);
const KEYLESS_TOKEN = 'k'.repeat(32);
/** Signs access tokens that the services of the tests accept beside their own. */
export const issuer = createTokenIssuer();
/** With which notification-service calls. */
export const NOTIFICATION_TOKEN = 'n'.repeat(32);
const log = createLogger('account-service', process.env.TEST_LOG_LEVEL ?? 'silent');

const migrationsDirectory = join(__dirname, '../migrations');
export const masterKey = createMasterKey(['m'.repeat(32)]);

/** A database of account-service's own. */
export function createAccountDatabase(): Promise<TestDatabase> {
  return createTestDatabase('account-service', migrationsDirectory);
}

// For what hangs: on a busy machine the limits of the service say nothing of the code.
const PATIENCE_MS = 60_000;

/** A database for the tests of a file, and a service on it; both end with them. */
export async function startOnOwnDatabase(): Promise<{ database: TestDatabase; service: AccountService }> {
  const database = await createAccountDatabase();
  atEnd(() => database.drop());
  return { database, service: startUntilEnd(database.pool) };
}

/** A service that stops at the end of the tests, as another process on the same database. */
export function startUntilEnd(pool: Pool, options: AccountServiceOptions = {}): AccountService {
  const service = startAccountService(pool, options);
  atEnd(() => service.stop());
  return service;
}

export interface AccountServiceOptions {
  publicUrl?: string;
  masterKey?: MasterKey;
  now?: () => Date;
  hasher?: PasswordHasher;
  people?: People;
  /** Instead of a share of the pool. */
  requestPool?: RequestShare;
}

/** An account-service in this process, as one of possibly several on the same database. */
export function startAccountService(pool: Pool, options: AccountServiceOptions = {}) {
  const metrics = withAccountMetrics(createMetrics('account-service', 'test'));
  const replays = startReplayCounter(pool, log);
  // Its own test has one that compares.
  const reconciler = createReconciler({
    ...{ pool, metrics, log, intervalSeconds: 86_400, kinds: [], subjectName: 'orderId' },
    compare: async () => {},
  });
  const lifecycle = createLifecycle();
  lifecycle.enter('ready');
  const http = buildApp({
    pool,
    requestPool: createRequestShare({ pool, connections: 5, ...LOAD_LIMITS.databaseLine, maxWaitMs: PATIENCE_MS }),
    longestTurnMs: PATIENCE_MS,
    broker: { isConnected: () => true, differences: () => [] },
    lifecycle,
    metrics,
    log,
    version: 'test',
    replays,
    gatewayTokens: { keyed: [GATEWAY_TOKEN], keyless: [KEYLESS_TOKEN] },
    people: createPeople({ publicUrl: undefined, keys: keysIn(pool) }),
    publicUrl: undefined,
    keyRetentionHours: 72,
    masterKey,
    hasher: createPasswordHasher(),
    reconciler,
    callers: { 'notification-service': [NOTIFICATION_TOKEN] },
    now: () => new Date(),
    wakeRelay: () => {},
    ...options,
  });
  return { http, metrics, stop: () => replays.stop() };
}
export type AccountService = ReturnType<typeof startAccountService>;

/** The public keys as the service publishes them, and those of {@link issuer}. */
function keysIn(pool: Pool): SigningKeys {
  return {
    async find(kid) {
      const ofIssuer = await issuer.signingKeys.find(kid);
      if (ofIssuer) return ofIssuer;
      const found = (await publishedKeys({ pool, masterKey })).find((key) => key.kid === kid);
      return found && ((await importJWK(toJwk(found), 'EdDSA')) as CryptoKey);
    },
  };
}

/** What the gateway adds to a request of this consumer. */
export function asClient(clientId: string, groups: string): Record<string, string> {
  return { 'x-gateway-token': GATEWAY_TOKEN, 'x-consumer-custom-id': clientId, 'x-consumer-groups': groups };
}
export const OPERATIONS = asClient('operations-1', 'operations');

/** What the gateway and the app of a shopper add. */
export async function asShopper(accountId: string, changes?: TokenChanges): Promise<Record<string, string>> {
  return asPerson('shopper', await issuer.shopper(accountId, changes));
}

/** What the gateway and the console add. */
export async function asStaff(accountId: string, roles: readonly Role[]): Promise<Record<string, string>> {
  return asPerson('staff', await issuer.staff(accountId, roles));
}

function asPerson(kind: 'shopper' | 'staff', token: string): Record<string, string> {
  return { 'x-gateway-token': KEYLESS_TOKEN, 'x-caller': kind, authorization: `Bearer ${token}` };
}

/** A POST of anyone, through the gateway. */
export function post(service: AccountService, path: string, body: object, headers: Record<string, string> = {}) {
  return request(service.http)
    .post(path)
    .set({ 'x-gateway-token': KEYLESS_TOKEN, ...headers })
    .send(body);
}

/** A DELETE of a person, through the gateway. */
export function remove(service: AccountService, path: string, headers: Record<string, string>) {
  return request(service.http)
    .delete(path)
    .set({ 'x-gateway-token': KEYLESS_TOKEN, ...headers });
}

/** A PUT of anyone or, with their headers, of a person. */
export function put(service: AccountService, path: string, body: object, headers: Record<string, string> = {}) {
  return request(service.http)
    .put(path)
    .set({ 'x-gateway-token': KEYLESS_TOKEN, ...headers })
    .send(body);
}

export function get(service: AccountService, path: string, headers: Record<string, string> = {}) {
  return request(service.http)
    .get(path)
    .set({ 'x-gateway-token': KEYLESS_TOKEN, ...headers });
}

/** Give every turn of the hasher to others, and keep its line full, until the returned function is called. */
export function keepBusy(hasher: PasswordHasher): () => Promise<void> {
  let isOver = false;
  const comparing = async () => {
    while (!isOver) await hasher.hash('somebody else');
  };
  // One has the turn, and eight wait.
  const all = Promise.all(Array.from({ length: 9 }, comparing));
  return async () => {
    isOver = true;
    await all;
  };
}

export const PASSWORD = 'correct horse battery staple';

/** The messages in the outbox, oldest first. */
export async function outbox(pool: Pool): Promise<{ type: string; payload: Record<string, string> }[]> {
  const { rows } = await pool.query<{ body: string }>('SELECT body FROM outbox_messages ORDER BY id');
  return rows.map(({ body }) => {
    const { type, payload } = JSON.parse(body);
    return { type, payload };
  });
}

/** The tokens in all mails, in the order in which they were to be sent. */
export async function tokensInMails(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>('SELECT id FROM email_tokens ORDER BY id');
  return rows.map(({ id }) => toToken(masterKey, id));
}

/** The token in the last mail for this purpose. */
export async function tokenOf(pool: Pool, purpose: EmailPurpose): Promise<string> {
  const { rows } = await pool.query('SELECT id FROM email_tokens WHERE purpose = $1 ORDER BY created_at DESC LIMIT 1', [
    purpose,
  ]);
  return toToken(masterKey, rows[0].id);
}

/** Sign up; returns the token in the mail. */
export async function signUp(service: AccountService, pool: Pool, email = 'ada@example.org'): Promise<string> {
  await post(service, '/accounts', { email }).expect(202);
  const { rows } = await pool.query('SELECT id FROM email_tokens WHERE email = $1 ORDER BY id DESC LIMIT 1', [email]);
  return toToken(masterKey, rows[0].id);
}

/** An active account; its id. */
export async function createAccount(service: AccountService, pool: Pool, email = 'ada@example.org'): Promise<string> {
  const token = await signUp(service, pool, email);
  const { body } = await post(service, '/accounts/verification', { token, password: PASSWORD, name: 'Ada' }).expect(
    201,
  );
  return body.account.id;
}
