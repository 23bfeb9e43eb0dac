/**
 * Passwords are hashed by argon2id, which is slow and takes memory on purpose. So that a flood of sign-ins slows nothing else,
 * only a quarter of the processors hash at the same time, a few requests wait, and further ones are refused.
 */
import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { overloaded } from '@shop/chassis/reliable/refusal.ts';
import { MAX_SLOWED } from '../attempts/attempts.ts';

export interface HashParameters {
  memoryKib: number;
  passes: number;
  parallelism: number;
}

/** A hashed password, with all that is needed to compare another one with it. */
export interface PasswordHash extends HashParameters {
  hash: Buffer;
  salt: Buffer;
}

// OWASP, Password Storage Cheat Sheet: 19 MiB, 2 iterations, 1 degree of parallelism.
const PARAMETERS: HashParameters = { memoryKib: 19 * 1024, passes: 2, parallelism: 1 };
const HASH_BYTES = 32;
const SALT_BYTES = 16;
const NO_PASSWORD = { ...PARAMETERS, salt: Buffer.alloc(SALT_BYTES) };
// A hash takes some 50 ms: whoever waits for more than these would wait for longer than half a second.
const WAITING_PER_PLACE = 8;

export interface PasswordHasher {
  hash(password: string): Promise<PasswordHash>;
  /** Whether this is the password. Without a stored one it is not, and that takes the same time. */
  matches(password: string, stored: PasswordHash | undefined): Promise<boolean>;
  /**
   * Do what asks the database first and compares a password then. Of a flood, only so many get that far as can have a turn; the
   * others are refused at once, so that they cost the database nothing.
   */
  admit<T>(work: () => Promise<T>): Promise<T>;
}

/** Whether it was hashed with other parameters than a new password. */
export function isOutdated({ memoryKib, passes, parallelism }: HashParameters): boolean {
  return memoryKib !== PARAMETERS.memoryKib || passes !== PARAMETERS.passes || parallelism !== PARAMETERS.parallelism;
}

/** One for each process. */
export function createPasswordHasher(places = Math.max(1, Math.floor(availableParallelism() / 4))): PasswordHasher {
  const inTurn = createTurns(places, places * WAITING_PER_PLACE);
  // Those that are slowed down wait before their turn, and must not keep out the others.
  const most = places * (1 + WAITING_PER_PLACE) + MAX_SLOWED;
  let admitted = 0;
  return {
    async hash(password) {
      const salt = randomBytes(SALT_BYTES);
      return { ...PARAMETERS, salt, hash: await inTurn(() => derive(password, salt, PARAMETERS)) };
    },
    async matches(password, stored) {
      const compared = stored ?? NO_PASSWORD;
      const hash = await inTurn(() => derive(password, compared.salt, compared));
      return stored !== undefined && hash.length === stored.hash.length && timingSafeEqual(hash, stored.hash);
    },
    async admit(work) {
      if (admitted >= most) throw overloaded();
      admitted += 1;
      try {
        return await work();
      } finally {
        admitted -= 1;
      }
    },
  };
}

/** The same password may be typed in several forms of Unicode; NFC makes them one (RFC 8265, 4.2). */
function derive(password: string, salt: Buffer, { memoryKib, passes, parallelism }: HashParameters): Promise<Buffer> {
  const message = password.normalize('NFC');
  const parameters: Argon2Parameters = {
    ...{ message, nonce: salt, memory: memoryKib, passes, parallelism },
    tagLength: HASH_BYTES,
  };
  return new Promise((resolve, reject) => {
    argon2('argon2id', parameters, (error, hash) => (error ? reject(error) : resolve(hash)));
  });
}

/** Runs so many at the same time; as many as `maxWaiting` wait for their turn, and more are refused with 503. */
function createTurns(places: number, maxWaiting: number) {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running < places) running += 1;
    else if (waiting.length >= maxWaiting) throw overloaded();
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next)
        next(); // takes over this place
      else running -= 1;
    }
  };
}
