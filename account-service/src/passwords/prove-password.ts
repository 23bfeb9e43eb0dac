import type { Connections } from '@shop/chassis/base/db/pool.ts';
import { type Claim, countAttempt, takeBack } from '../attempts/attempts.ts';

/**
 * What `judge` makes of a password, which counts as a failed attempt unless it proves right: undefined is wrong. One that could
 * not be judged is no failure.
 */
export async function provePassword<Proof>(
  pool: Connections,
  claim: Claim,
  now: Date,
  judge: () => Promise<Proof | undefined>,
): Promise<Proof | undefined> {
  const attempt = await countAttempt(pool, claim, now);
  let isWrong = false;
  try {
    const proof = await judge();
    isWrong = proof === undefined;
    return proof;
  } finally {
    if (!isWrong) await takeBack(pool, attempt);
  }
}
