/**
 * A feed of changes that can be resumed at any process, also after one of them was killed: docs/adr/0044.
 *
 *   queue -> log         a change is written to the queue with its effect; the sequencer moves it, once it is committed, behind the
 *                        last position of the log
 *   log -> reader        each process with followers reads the log once, in rounds
 *   reader -> follower   it gets what the reader has read
 *
 * A follower that begins behind the reader reads pages of its own, each when it has taken the one before, and joins once it has
 * reached the reader. It may then be ahead of it, and is passed over until the reader comes to where it is.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connections, Queryable } from '../postgres/connections.ts';
import { unavailable } from '../refusal.ts';
import type { Metrics } from '../telemetry.ts';
import {
  type FeedDefinition,
  type FeedStatus,
  findEndOfEpoch,
  type Numbered,
  readChanges,
  readStatus,
  removeOldChanges,
  sequence,
} from './feed.sql.ts';
import { isGivenOut, type Position } from './position.ts';

export interface Follower<Change> {
  /** In the order of their numbers. The array is shared with other followers. */
  deliver(changes: readonly Numbered<Change>[], epoch: string): void;
  /** Changes are missing: they were removed, or lost with a restore. The next ones come after `position`. */
  reset(position: Position): void;
  /** Resolves when it can take a further page. */
  drained(): Promise<void>;
  /** Aborted when it is gone. */
  readonly gone: AbortSignal;
}

export interface Feed<Change> {
  /** Give positions to waiting changes, and hand new ones to the followers. */
  round(stopping: AbortSignal): Promise<void>;
  /**
   * Deliver every change after `after`, or after now, until the follower is gone. `begin` is called once, before anything else, with
   * the place where it begins. Resolves when the follower has caught up; rejects, and delivers nothing more, when it cannot.
   */
  follow(after: Position | undefined, follower: Follower<Change>, begin: (position: Position) => void): Promise<void>;
}

export interface FeedDeps {
  pool: Connections;
  /** For followers that catch up. */
  requestPool: Queryable;
  metrics: Pick<Metrics, 'feedWaiting'>;
}

/** How often a process looks for changes. It is live for people, and batches the work at a high rate. */
export const ROUND_MS = 200;

/** Of a reader's read, and of a follower's own. */
const PAGE = 500;
const TRIM_BATCH = 1_000;
const TRIM_INTERVAL_MS = 60_000;

interface Reader {
  epoch: string;
  number: number;
}

interface Following<Change> {
  follower: Follower<Change>;
  /** The last change that it has. */
  number: number;
  hasJoined: boolean;
}

/** The feed as one process works on it: call `round` every `ROUND_MS`. */
export function createFeed<Change>(
  definition: FeedDefinition<Change>,
  { pool, requestPool, metrics }: FeedDeps,
): Feed<Change> {
  const followings = new Set<Following<Change>>();
  /** Up to where the changes were read; only while there are followers. */
  let reader: Reader | undefined;
  let lastTrim = performance.now();

  async function round(stopping: AbortSignal): Promise<void> {
    let status = await readStatus(pool, definition);
    metrics.feedWaiting.set(status?.waitingSeconds ?? 0);
    if (!status?.isCurrent || status.waitingSeconds !== undefined) {
      for (let more = true; more && !stopping.aborted; ) more = await sequence(pool, definition);
      // Only a reader needs the new end of the log.
      if (reader) status = await readStatus(pool, definition);
    }
    if (status?.isCurrent) await readNew(status);
    if (performance.now() - lastTrim > TRIM_INTERVAL_MS) {
      lastTrim = performance.now();
      for (let removed = TRIM_BATCH; removed === TRIM_BATCH && !stopping.aborted; ) {
        removed = await removeOldChanges(pool, definition, TRIM_BATCH);
      }
    }
  }

  async function readNew(status: FeedStatus): Promise<void> {
    const mine = reader;
    if (!mine) return;
    if (mine.epoch !== status.epoch) {
      const endsAt = await findEndOfEpoch(pool, definition, mine);
      if (reader === mine) resetBeyond(mine, endsAt ?? -1, status);
    }
    while (reader === mine && mine.number < status.head) {
      const changes = await readChanges(pool, definition, mine.number, PAGE);
      // The last follower has left, and perhaps another has come.
      if (reader !== mine) return;
      if (!changes) resetBeyond(mine, -1, status);
      const last = changes?.at(-1);
      if (!changes || !last) return;
      mine.number = last.position;
      for (const following of followings) if (following.hasJoined) deliver(following, changes, mine.epoch);
    }
  }

  /** The present database does not have what they have read beyond `endsAt`. */
  function resetBeyond(mine: Reader, endsAt: number, status: FeedStatus): void {
    mine.epoch = status.epoch;
    if (mine.number > endsAt) mine.number = status.head;
    for (const following of followings) if (following.number > endsAt) reset(following, status);
  }

  function reset(following: Following<Change>, { epoch, head }: FeedStatus): void {
    following.number = head;
    following.follower.reset({ epoch, number: head });
  }

  function deliver(following: Following<Change>, changes: readonly Numbered<Change>[], epoch: string): void {
    // It may have read the first ones by itself.
    const isAhead = (changes[0]?.position ?? 0) <= following.number;
    const others = isAhead ? changes.filter(({ position }) => position > following.number) : changes;
    const last = others.at(-1);
    if (!last) return;
    following.number = last.position;
    following.follower.deliver(others, epoch);
  }

  async function follow(
    after: Position | undefined,
    follower: Follower<Change>,
    begin: (position: Position) => void,
  ): Promise<void> {
    const endsAt = after && (await findEndOfEpoch(requestPool, definition, after));
    // Read last, so that it has all that the first has.
    const status = await currentStatus();
    if (follower.gone.aborted) return;
    const now = { epoch: status.epoch, number: status.head };
    const place = after && isGivenOut(after, endsAt) ? after : now;
    const following: Following<Change> = { follower, number: place.number, hasJoined: false };
    followings.add(following);
    follower.gone.addEventListener('abort', () => leave(following), { once: true });
    // It begins at the end of the log: nobody else waits for what one follower has to read.
    reader ??= { ...now };
    begin(place);
    if (after && place !== after) reset(following, status);
    try {
      await catchUp(following, status.epoch);
    } catch (error) {
      leave(following);
      throw error;
    }
  }

  async function catchUp(following: Following<Change>, epoch: string): Promise<void> {
    const { follower } = following;
    while (!follower.gone.aborted) {
      // Nothing is awaited between this and the reader's next delivery, so that none is missed.
      if (!reader || following.number >= reader.number) {
        following.hasJoined = true;
        return;
      }
      const from = following.number;
      const changes = await readChanges(requestPool, definition, from, PAGE);
      // Reset meanwhile: the page does not follow its place any more.
      if (following.number !== from) continue;
      if (!changes) reset(following, await currentStatus());
      // The reader is about to find out that the database was restored.
      else if (changes.length === 0) await sleep(ROUND_MS);
      else deliver(following, changes, reader?.epoch ?? epoch);
      await follower.drained();
    }
  }

  function leave(following: Following<Change>): void {
    followings.delete(following);
    if (followings.size === 0) reader = undefined;
  }

  /** Begins an epoch where none is current, unless another process is doing that. */
  async function currentStatus(): Promise<FeedStatus> {
    for (let attempt = 1; attempt <= 10; attempt += 1) {
      const status = await readStatus(requestPool, definition);
      if (status?.isCurrent) return status;
      await sequence(pool, definition);
      await sleep(attempt * 10);
    }
    throw unavailable();
  }

  return { round, follow };
}
