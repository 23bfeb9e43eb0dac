// Half as old, half as important. Long enough to hold several batches, short enough to notice a change.
const WINDOW_MS = 1_000;
// Before that, a batch more or less says nothing.
const SHORTEST_MS = 100;

/**
 * How fast a queue moves. It is measured as long as full batches leave others behind, because only then what is started is
 * what is possible.
 */
export class Pace {
  #backlog: { since: number; started: number } | undefined;
  /** Undefined without a backlog, or while it is too young to tell. */
  #msPerMember: number | undefined;

  /** So many members were started now, and so many were left waiting. */
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

  /** How long a newcomer would wait behind so many; 0 while nothing is known. */
  expectedWaitMs(waiting: number): number {
    return waiting * (this.#msPerMember ?? 0);
  }
}
