/**
 * The sessions of shoppers, as apps have them: sign-in, refreshes of which some answers are lost or that are sent twice at once,
 * sign-out, and a thief who uses an old token. Every call is repeated until there is an answer with its outcome, and recorded.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Attempt, Gateway } from '@shop/operator/gateway.ts';
import { repeatCause } from '@shop/operator/gateway.ts';
import type { SessionCall, SessionRecord } from './evidence.ts';
import type { Shopper } from './history.ts';
import type { Random } from './random.ts';
import { headersOf } from './sender.ts';

export const PASSWORD = 'correct horse battery staple';

/** A session that its shopper has. */
export interface Session {
  record: SessionRecord;
  /** All refresh tokens, newest last. */
  tokens: string[];
}

export interface Sessions {
  /** All sessions that were begun. */
  records: SessionRecord[];
  signIn: (shopper: Shopper & { email: string }) => Promise<Session | undefined>;
  /** Get the next pair of tokens; false if the session is over. */
  refresh: (session: Session, shopper: Shopper, random: Random) => Promise<boolean>;
  signOut: (session: Session, shopper: Shopper) => Promise<void>;
  /** Use a token of the session again, whatever the answer. */
  useAgain: (session: Session, token: string, what: 'again' | 'stolen') => Promise<void>;
}

const SHOPPER = { 'x-caller': 'shopper' };
const PAUSE_MS = 200;
// A part that was restarted is back by then.
const PATIENCE_MS = 90_000;
const LOST_SHARE = 0.35;
const TWINS_SHARE = 0.2;
// Before, during and after the handling of the request.
const LONGEST_WAIT_MS = 40;

interface Tokens {
  accessToken: string;
  refreshToken: string;
}

/** Sessions over this gateway; `now` is the clock of the history. */
export function makeSessions(gateway: Gateway, now: () => number): Sessions {
  const records: SessionRecord[] = [];

  /** One attempt. */
  async function send(
    { record }: Pick<Session, 'record'>,
    what: SessionCall['what'],
    token: string,
    attempt: () => Promise<Attempt>,
  ): Promise<Attempt> {
    const call: SessionCall = { what, token: nameOf(token), sentAt: now(), endedAt: Number.POSITIVE_INFINITY };
    record.calls.push(call);
    const found = await attempt();
    const next = (found.answer?.json as Partial<Tokens> | undefined)?.refreshToken;
    Object.assign(call, { endedAt: now(), status: found.answer?.status, code: found.answer?.code });
    if (next !== undefined) call.gave = nameOf(next);
    return found;
  }

  const post = (path: string, body: object, giveUpAfterMs?: number) =>
    gateway.attempt({ method: 'POST', path, headers: SHOPPER, body: JSON.stringify(body), giveUpAfterMs });

  function sendRefresh(session: Session, what: SessionCall['what'], token: string, giveUpAfterMs?: number) {
    return send(session, what, token, () => post('/sessions/refresh', { refreshToken: token }, giveUpAfterMs));
  }

  return {
    records,
    async signIn(shopper) {
      const record: SessionRecord = { shopper: shopper.account, calls: [] };
      records.push(record);
      const body = { email: shopper.email, password: PASSWORD, bearer: true };
      const { answer } = await untilAnswered(() => send({ record }, 'sign-in', '', () => post('/sessions', body)));
      if (answer?.status !== 201) return undefined;
      const { accessToken, refreshToken } = answer.json as Tokens;
      shopper.accessToken = accessToken;
      return { record, tokens: [refreshToken] };
    },
    async refresh(session, shopper, random) {
      const token = session.tokens.at(-1) ?? '';
      const share = random.share();
      if (share < LOST_SHARE) await sendRefresh(session, 'refresh', token, random.between(1, LONGEST_WAIT_MS));
      const twin = share > 1 - TWINS_SHARE ? sendRefresh(session, 'refresh', token) : undefined;
      const { answer } = await untilAnswered(() => sendRefresh(session, 'refresh', token));
      // Its successor is used after both have ended.
      await twin;
      if (answer?.status !== 200) return false;
      const { accessToken, refreshToken } = answer.json as Tokens;
      shopper.accessToken = accessToken;
      session.tokens.push(refreshToken);
      return true;
    },
    async signOut(session, shopper) {
      const call = () => gateway.attempt({ method: 'DELETE', path: '/sessions/current', headers: headersOf(shopper) });
      await untilAnswered(() => send(session, 'sign-out', '', call));
    },
    async useAgain(session, token, what) {
      await untilAnswered(() => sendRefresh(session, what, token));
    },
  };
}

async function untilAnswered(attempt: () => Promise<Attempt>): Promise<Attempt> {
  for (const deadline = performance.now() + PATIENCE_MS; ; ) {
    const found = await attempt();
    if (repeatCause(found) === undefined || performance.now() > deadline) return found;
    await delay(PAUSE_MS);
  }
}

/** Enough of a token to tell it from others. */
function nameOf(token: string): string {
  return token.slice(0, 12);
}
