import type { ChannelModel } from 'amqplib';
import type { Publish } from './publish.ts';

interface Used {
  model: ChannelModel;
  publish: Publish;
}

/** The states of a process's connection, as connection.ts describes them, without the connection itself. */
export class ConnectionState {
  #current: Used | undefined;
  #isBlocked = false;
  readonly #listeners: (() => void)[] = [];

  /** The connection that is set up, usable or blocked. */
  get current(): Used | undefined {
    return this.#current;
  }

  /** The one that messages can be published on. */
  get usable(): Used | undefined {
    return this.#isBlocked ? undefined : this.#current;
  }

  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** Setup has succeeded on a new connection. */
  established(model: ChannelModel, publish: Publish): void {
    this.#isBlocked = false;
    this.#current = { model, publish };
  }

  /** This connection is not used any more; if it has a successor, that stays. */
  lost(model: ChannelModel): void {
    if (this.#current?.model === model) this.#current = undefined;
  }

  /** No connection is used any more. */
  closing(): void {
    this.#current = undefined;
  }

  blocked(): void {
    this.#isBlocked = true;
  }

  unblocked(): void {
    this.#isBlocked = false;
    this.notifyUsable();
  }

  /** Call the listener whenever publishing becomes possible. */
  onUsable(listener: () => void): void {
    this.#listeners.push(listener);
  }

  notifyUsable(): void {
    for (const listener of this.#listeners) listener();
  }
}
