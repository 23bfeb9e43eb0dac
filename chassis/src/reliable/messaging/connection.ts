import type { Socket } from 'node:net';
import amqplib, { type Channel, type ChannelModel } from 'amqplib';
import type { Logger } from '../telemetry.ts';
import { createPublish, type OutgoingMessage, type Publish, type PublishOutcome } from './publish.ts';
import type { Difference } from './topology.ts';

/*
 * One connection per process, which comes back by itself. amqplib reconnects; everything that lives on a connection
 * (topology, publisher, consumers) is built in its `setup`, at the first connect as at every later one.
 *
 *   away     -> usable    setup has succeeded
 *   usable   -> blocked   the broker has an alarm (disk, memory) and takes no messages
 *   blocked  -> usable    the alarm is over
 *   any      -> away      socket closed, heartbeats missing, a channel broke, or confirms stayed out
 *
 * A channel that breaks takes the connection with it: one way to rebuild things is tested every time.
 */

/** The broker, as far as this process can reach it. */
export interface Broker {
  /** Who we are, to the broker's operators and in the history of failed messages. */
  name: string;
  /** Whether messages can be published now. */
  isConnected(): boolean;
  /** What the broker had with other arguments than ours when we last connected; used as it is. */
  differences(): readonly Difference[];
  /** Publish with confirms. Never throws: what is not `confirmed` was not taken. */
  publish(messages: readonly OutgoingMessage[]): Promise<PublishOutcome[]>;
  /** Build something on the connection, now if there is one and at every later one. Returns how to stop that. */
  onConnection(build: (model: ChannelModel) => Promise<void>): () => void;
  /** Be told whenever publishing becomes possible. */
  onUsable(listener: () => void): void;
  /** Give this connection up and get a new one. */
  reconnect(model: ChannelModel, reason: string): void;
  close(): Promise<void>;
}

export interface BrokerOptions {
  url: string;
  name: string;
  log: Logger;
  /** Declares exchanges and queues, and returns what there is with other arguments; runs at every connect, first of all. */
  setup: (model: ChannelModel) => Promise<readonly Difference[]>;
  /** Called after each setup. */
  onSetup?: (differences: readonly Difference[]) => void;
  /** How long setup and consumers may take; then it is tried on a new connection. */
  setupTimeoutMs?: number;
}

// amqplib gives a silent peer up after two to three intervals: 10 to 15 s for a frozen broker. Shorter intervals would
// take a busy machine for a dead one.
const HEARTBEAT_SECONDS = 5;
// A broker that accepts the connection and then says nothing.
const HANDSHAKE_TIMEOUT_MS = 5_000;
// A broker that sends heartbeats and does not answer, like a cluster that has lost its majority. It takes below a second.
const SETUP_TIMEOUT_MS = 30_000;
// A short outage should be over for us soon after it is over for the broker.
const RECONNECT_MS = { initialDelay: 200, maxDelay: 3_000, factor: 2, jitter: 0.2 };
const CLOSE_TIMEOUT_MS = 2_000;

/** Connect in the background: a broker that is away does not fail this, and a service starts without it. */
export async function connectBroker(options: BrokerOptions): Promise<Broker> {
  const { url, name, log, setup, onSetup, setupTimeoutMs = SETUP_TIMEOUT_MS } = options;
  let differences: readonly Difference[] = [];
  let current: { model: ChannelModel; publish: Publish } | undefined;
  let latest: ChannelModel | undefined;
  let blocked = false;
  const builders = new Set<(model: ChannelModel) => Promise<void>>();
  const listeners: (() => void)[] = [];

  const reconnect = (model: ChannelModel, reason: string) => {
    if (current?.model === model) current = undefined;
    abandon(model, reason);
  };

  const build = async (model: ChannelModel) => {
    latest = model;
    // amqplib watches the connection only after its setup; an 'error' without a listener would end the process.
    model.on('error', (error) => log.warn({ err: error }, 'broker connection failed'));
    const socket = socketOf(model);
    let isClosed = false;
    const closed = new Promise<void>((resolve) => {
      const onClose = () => {
        isClosed = true;
        if (current?.model === model) current = undefined;
        abandon(model, 'closed');
        resolve();
      };
      model.once('close', onClose);
      // A broker that stops may close the connection with the last answer of the handshake: then amqplib has said so before
      // it was ours, and only the socket still has an end to come.
      if (socket.closed) onClose();
      else socket.once('close', onClose);
    });
    const timer = setTimeout(() => abandon(model, 'the setup takes too long'), setupTimeoutMs);
    try {
      // Not every promise of amqplib's is settled when the connection ends: that of a channel's close() is not.
      const publish = await Promise.race([
        buildOn(model),
        closed.then(() => Promise.reject(new Error('the connection closed during its setup'))),
      ]);
      // With the last answer of the setup: amqplib would wait for an end that has been.
      if (isClosed) throw new Error('the connection closed with the end of its setup');
      blocked = false;
      current = { model, publish };
    } catch (error) {
      // amqplib says goodbye to it now and tries again when that is answered, which a frozen broker never does and a cut
      // socket neither; a closed connection it leaves at once.
      abandon(model, 'setup failed');
      await closed;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  };

  const buildOn = async (model: ChannelModel) => {
    differences = await setup(model).catch((error) => {
      if (typeof error.code === 'number')
        log.error({ err: error }, 'broker refused the declaration of exchanges or queues');
      throw error;
    });
    for (const difference of differences)
      log.error(difference, 'queue or exchange exists with different arguments; using it as it is');
    onSetup?.(differences);
    const publisher = await model.createConfirmChannel();
    publisher.on('error', (error) => log.error({ err: error }, 'broker closed the publishing channel'));
    publisher.on('close', () => reconnect(model, 'publishing channel closed'));
    const publish = createPublish(publisher);
    for (const builder of builders) await builder(model);
    return publish;
  };

  const connection = await amqplib.connect(withHeartbeat(url), {
    noDelay: true,
    timeout: HANDSHAKE_TIMEOUT_MS,
    clientProperties: { connection_name: name },
    recovery: { ...RECONNECT_MS, waitForConnect: false, setup: build },
  });
  const tellUsable = () => {
    for (const listener of listeners) listener();
  };
  connection.on('error', () => {}); // logged by the model's own listener
  connection.on('connect', () => {
    log.info('connected to the broker');
    tellUsable();
  });
  connection.on('disconnect', (error) => log.warn({ err: error }, 'broker connection lost'));
  connection.on('connect-failed', (error) => log.warn({ err: error }, 'could not connect to the broker'));
  connection.on('blocked', (reason) => {
    blocked = true;
    log.error({ reason }, 'broker blocked publishers; messages stay in the outbox');
  });
  connection.on('unblocked', () => {
    blocked = false;
    log.info('broker unblocked publishers');
    tellUsable();
  });

  return {
    name,
    isConnected: () => current !== undefined && !blocked,
    differences: () => differences,
    async publish(messages) {
      const via = current;
      if (!via || blocked) return messages.map(() => 'failed' as const);
      const outcomes = await via.publish(messages);
      // While an alarm lasts, a new connection would be blocked as well, and take another batch of messages with it.
      if (outcomes.includes('unanswered') && !blocked) reconnect(via.model, 'no confirms');
      return outcomes;
    },
    onConnection(builder) {
      builders.add(builder);
      const model = current?.model;
      if (model)
        builder(model).catch((error: Error) => {
          log.warn({ err: error }, 'could not start a consumer');
          reconnect(model, error.message);
        });
      return () => builders.delete(builder);
    },
    onUsable: (listener) => listeners.push(listener),
    reconnect,
    async close() {
      current = undefined;
      await withDeadline(connection.close(), CLOSE_TIMEOUT_MS);
      if (latest) abandon(latest, 'closed');
    },
  };
}

function withHeartbeat(url: string): string {
  const address = new URL(url);
  if (!address.searchParams.has('heartbeat')) address.searchParams.set('heartbeat', String(HEARTBEAT_SECONDS));
  return address.href;
}

/** Close a channel. Resolves when it is gone, be it with its connection, of which amqplib's own close() says nothing. */
export async function closeChannel(channel: Channel): Promise<void> {
  const gone = new Promise<void>((resolve) => channel.once('close', resolve));
  await Promise.race([gone, channel.close()]).catch(() => {}); // it was gone already
}

/** Cut the socket. The polite way waits for the broker, and this is for brokers that do not answer. */
function abandon(model: ChannelModel, reason: string): void {
  const socket = socketOf(model);
  if (!socket.destroyed) socket.destroy(new Error(reason));
}

/** What amqplib's types keep to themselves. */
function socketOf(model: ChannelModel): Socket {
  return (model.connection as unknown as { stream: Socket }).stream;
}

async function withDeadline(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work.catch(() => {}), deadline]);
  clearTimeout(timer);
}
