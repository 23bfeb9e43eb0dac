/**
 * Shoppers: people with accounts, who sign in, order, cancel, look at their orders and try to see those of others, and sign out,
 * while parts are broken. One of them has a thief, who copies refresh tokens and uses them later.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { toToken } from '@shop/account-service/email-tokens/email-token.ts';
import { createMasterKey } from '@shop/account-service/master-key.ts';
import { Fault } from '@shop/chassis/base/fault.ts';
import { scriptVariables } from '@shop/local/addresses.ts';
import type { System } from '@shop/local/parts.ts';
import type { Gateway } from '@shop/operator/gateway.ts';
import { makeProgressTimeout, untilAnswered } from '@shop/operator/gateway.ts';
import { livePlacement, type Shop } from './clients.ts';
import type { Databases } from './databases.ts';
import type { Evidence, Sighting } from './evidence.ts';
import type { Operation, Shopper } from './history.ts';
import { orderIdOf, placementOf, shopperPlacementOf } from './operations.ts';
import { modeOf } from './performer.ts';
import { makeRandom, type Random } from './random.ts';
import { headersOf } from './sender.ts';
import { makeSessions, PASSWORD, type Session } from './sessions.ts';

export interface Shoppers {
  /** They live until nothing new is to be started; resolves when each has begun the last thing. */
  live: (shop: Shop) => Promise<void>;
  /** When everything is quiet: sign in once more, and look at all orders. */
  collect: () => Promise<Pick<Evidence, 'shoppers' | 'sessions' | 'sightings' | 'shown'>>;
}

type Customer = Shopper & { email: string };

const SIGN_UP_WITHIN_MS = 30_000;
const MAX_UNDER_WAY = 300;
// After this time, a used token whose successor was used too can only be a copy.
const THEFT_AFTER_MS = 32_000;
const PAGE = 100;

/** Sign up this many shoppers, through their mails. */
export async function makeShoppers(
  scene: { system: System; gateway: Gateway; databases: Databases; now: () => number; seed: number },
  count: number,
): Promise<Shoppers> {
  const { gateway, now, seed } = scene;
  const customers: Customer[] = [];
  for (let index = 0; index < count; index += 1) customers.push(await signUp(scene, `shopper-${index}@example.org`));
  const sessions = makeSessions(gateway, now);
  const sightings: Sighting[] = [];
  const placements: Operation[] = [];

  const ask = (shopper: Shopper, path: string) => gateway.attempt({ method: 'GET', path, headers: headersOf(shopper) });

  /** Its own orders in both places, and one of somebody else. */
  async function look(shopper: Customer, foreign: string | undefined): Promise<void> {
    for (const where of ['/orders', '/accounts/me/orders']) {
      const { answer } = await ask(shopper, where);
      if (answer?.status === 200) note(shopper, where, (answer.json as { items: { id: string }[] }).items);
    }
    if (foreign === undefined) return;
    for (const where of [`/orders/${foreign}`, `/orders/${foreign}/timeline`]) {
      const { answer } = await ask(shopper, where);
      sightings.push({ shopper: shopper.account, where, orderId: answer?.status === 200 ? foreign : undefined });
    }
    const { answer } = await gateway.attempt({
      ...{ method: 'POST', path: `/orders/${foreign}/cancellation`, headers: headersOf(shopper) },
      ...{ idempotencyKey: `not-mine-${shopper.account}-${foreign}`, body: '{}' },
    });
    const isSeen = answer !== undefined && answer.status < 400;
    sightings.push({ shopper: shopper.account, where: 'cancellation', orderId: isSeen ? foreign : undefined });
  }

  function note({ account }: Shopper, where: string, items: readonly { id: string }[]): void {
    // A page without orders was looked at too.
    if (items.length === 0) sightings.push({ shopper: account, where });
    for (const { id: orderId } of items) sightings.push({ shopper: account, where, orderId });
  }

  async function visit(shop: Shop, shopper: Customer, random: Random): Promise<void> {
    const session = await sessions.signIn(shopper);
    if (!session) return void (await pause(shop, 1_000));
    const rounds = random.between(2, 6);
    for (let round = 0; round < rounds && !shop.isOver(); round += 1) {
      if (shop.underWay() < MAX_UNDER_WAY) {
        const placement = shopperPlacementOf(shopper, random);
        placements.push(placement);
        await livePlacement(shop, placement, modeOf(random), random);
      }
      await look(shopper, foreignOrder(placements, shopper, random));
      if (!(await sessions.refresh(session, shopper, random))) return;
      await pause(shop, random.between(100, 900));
    }
    if (random.share() < 0.8) await leave(session, shopper);
  }

  /** Nothing of a session works after its sign-out. */
  async function leave(session: Session, shopper: Customer): Promise<void> {
    await sessions.signOut(session, shopper);
    for (const token of session.tokens.slice(-2)) await sessions.useAgain(session, token, 'again');
  }

  /** A thief has the first token, whose successor was used, and uses it so late that it is noticed. */
  async function beRobbed(shop: Shop, shopper: Customer, random: Random): Promise<void> {
    const session = await sessions.signIn(shopper);
    if (!session) return void (await pause(shop, 1_000));
    let lateFrom = Number.POSITIVE_INFINITY;
    while (!shop.isOver() && now() < lateFrom) {
      if (!(await sessions.refresh(session, shopper, random))) return;
      // Two refreshes have used the first token and its successor.
      if (session.tokens.length === 3) lateFrom = now() + THEFT_AFTER_MS;
      await pause(shop, session.tokens.length < 3 ? 10 : 2_000);
    }
    if (shop.isOver()) return;
    await sessions.useAgain(session, session.tokens[0] ?? '', 'stolen');
    await sessions.useAgain(session, session.tokens.at(-1) ?? '', 'again');
  }

  return {
    async live(shop) {
      await Promise.all(
        customers.map(async (shopper, index) => {
          const random = makeRandom(seed + 5_000 * (index + 1));
          // A shop may name any customer: its order is never the shopper's.
          void shop.perform(placementOf('storefront', random, shopper.account), 'once');
          while (!shop.isOver()) await (index === 0 ? beRobbed : visit)(shop, shopper, random);
        }),
      );
    },
    async collect() {
      const shown: Evidence['shown'] = [];
      for (const shopper of customers) {
        await sessions.signIn(shopper);
        for (const where of ['/orders', '/accounts/me/orders'] as const) {
          const items = await listAll(gateway, shopper, where);
          note(shopper, where, items);
          shown.push(
            ...items.map(({ id, status, version }) => ({ shopper: shopper.account, where, id, status, version })),
          );
        }
      }
      return { shoppers: customers.map(({ account }) => account), sessions: sessions.records, sightings, shown };
    },
  };
}

async function pause(shop: Shop, ms: number): Promise<void> {
  await Promise.race([delay(ms), shop.ended]);
}

/** The order of another shopper. */
function foreignOrder(placements: readonly Operation[], shopper: Shopper, random: Random): string | undefined {
  const others = placements.filter((one) => one.shopper !== shopper);
  return others.length === 0 ? undefined : orderIdOf(random.pick(others));
}

async function signUp(
  { system, gateway, databases }: { system: System; gateway: Gateway; databases: Databases },
  email: string,
): Promise<Customer> {
  const post = async (path: string, body: object) => {
    const call = { method: 'POST', path, headers: {}, body: JSON.stringify(body) } as const;
    const answer = await untilAnswered(() => gateway.attempt(call), makeProgressTimeout(SIGN_UP_WITHIN_MS));
    if (answer && answer.status < 300) return answer.json;
    throw new Fault(`POST ${path} was answered with ${answer?.status} ${answer?.text}`);
  };
  await post('/accounts', { email });
  const mails = await databases.accounts.query<{ id: string }>('SELECT id FROM email_tokens WHERE email = $1', [email]);
  const masterKey = createMasterKey([scriptVariables(system.plan, system.secrets).ACCOUNT_MASTER_KEY ?? '']);
  const token = toToken(masterKey, mails.rows[0]?.id ?? '');
  const { account } = (await post('/accounts/verification', { token, password: PASSWORD, name: 'Ada' })) as {
    account: { id: string };
  };
  return { account: account.id, email, accessToken: '' };
}

interface ShownOrder {
  id: string;
  status: string;
  version: number;
}

async function listAll(gateway: Gateway, shopper: Shopper, where: string): Promise<ShownOrder[]> {
  const listed: ShownOrder[] = [];
  const timeout = makeProgressTimeout(SIGN_UP_WITHIN_MS);
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const path: string = `${where}?limit=${PAGE}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`;
    const call = { method: 'GET', path, headers: headersOf(shopper) } as const;
    const answer = await untilAnswered(() => gateway.attempt(call), timeout);
    if (answer?.status !== 200) throw new Error(`GET ${path} failed with ${answer?.status}: ${answer?.text}`);
    const page = answer.json as { items: ShownOrder[]; nextCursor?: string };
    listed.push(...page.items);
    cursor = page.nextCursor;
  }
  return listed;
}
