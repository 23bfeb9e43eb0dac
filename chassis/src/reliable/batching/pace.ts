// Beyond this, older measurements count half. Long enough for several batches, short enough to follow a change.
const WINDOW_MS = 1_000;
// Over a shorter time, a single batch would decide the result.
const SHORTEST_MS = 100;

/**
 * The throughput of a queue. It is measured only while members remain in the queue, because otherwise the arrivals limit it.
 */
export class Pace {
  #backlog: { since: number; started: number } | undefined;
  /** Undefined without a backlog, and at its beginning. */
  #msPerMember: number | undefined;

  /** Record the start of a batch. */
  started(members: number, leftWaiting: number, now: number): void {
    if (leftWaiting === 0) {
      this.#backlog = undefined;
      this.#msPerMember = undefined;
      return;
    }
    if (!this.#backlog) {
      this.#backlog = { since: now, started: 0 };
      return;
    }
    const { since } = this.#backlog;
    const started = this.#backlog.started + members;
    const elapsed = now - since;
    this.#backlog.started = started;
    if (elapsed < SHORTEST_MS || started === 0) return;
    this.#msPerMember = elapsed / started;
    if (elapsed > WINDOW_MS) this.#backlog = { since: now - elapsed / 2, started: started / 2 };
  }

  /** Expected wait behind `waiting` members; 0 while the throughput is unknown. */
  expectedWaitMs(waiting: number): number {
    return waiting * (this.#msPerMember ?? 0);
  }
}
