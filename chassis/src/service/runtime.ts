import type { Express } from 'express';
import type { z } from 'zod';
import { acceptedTokens, currentDatabaseUrl, type serviceConfig } from '../base/config/read-config.ts';
import { createPool } from '../base/db/pool.ts';
import { createRequestShare } from '../base/db/request-share.ts';
import { createLogger } from '../base/telemetry/log.ts';
import { createMetrics, type Metrics } from '../base/telemetry/metrics.ts';
import type { Tracing } from '../base/telemetry/tracing.ts';
import { wantsTraces } from '../base/telemetry/tracing-config.ts';
import { subject } from '../contract/subject.ts';
import { LOAD_LIMITS } from '../edge/load-shedding/limits.ts';
import { createPeople } from '../edge/people/people.ts';
import { createSigningKeys } from '../edge/people/signing-keys.ts';
import { publishProblemsAt } from '../edge/problem.ts';
import { listen } from '../edge/server.ts';
import { startReplayCounter } from '../reliable/idempotency/replay-counter.ts';
import { connectBroker } from '../reliable/messaging/connection.ts';
import { assertTopology, type Difference, type Topology } from '../reliable/messaging/topology.ts';
import { startRelay } from '../reliable/outbox/relay.ts';
import { createLifecycle, drainOnSignal } from './lifecycle.ts';
import { startReaper } from './reaper.ts';

/** A background task that runs until stopped. */
export interface Background {
  stop(): Promise<void>;
}

export interface RuntimeOptions {
  name: string;
  version: string;
  settings: z.output<typeof serviceConfig>;
  /** The service's queues and the messages that it publishes. */
  topology: Topology;
}

/** Read the settings; if they are invalid, print the errors to standard error and exit. */
export function settingsOrExit<Settings>(name: string, read: () => Settings): Settings {
  try {
    return read();
  } catch (error) {
    console.error(`${name}: ${(error as Error).message}`);
    process.exit(1);
  }
}

/**
 * The infrastructure of every service: logs, metrics, database, broker, relay, reaper. Database and broker may still be
 * down.
 */
export async function startRuntime({ name, version, settings, topology }: RuntimeOptions) {
  if (settings.PUBLIC_URL) publishProblemsAt(settings.PUBLIC_URL);
  const metrics = createMetrics(name, version);
  const log = createLogger(name, settings.LOG_LEVEL, { onDrop: () => metrics.logLinesDropped.inc() });
  const tracing = await tracingIfWanted(name, version, settings);
  const pool = createPool(
    {
      connectionString: currentDatabaseUrl(settings.DATABASE_URL),
      applicationName: name,
      max: settings.DATABASE_POOL_SIZE,
    },
    log,
  );
  const now = () => new Date();
  const broker = await connectBroker({
    url: settings.RABBITMQ_URL,
    name,
    log,
    setup: (model) => assertTopology(model, topology),
    onSetup: (differences) => showDifferences(metrics, differences),
  });
  const relay = startRelay({ pool, broker, metrics, now, log, tracing, subject });
  const keyRetentionHours = settings.KEY_RETENTION_HOURS;
  return {
    settings,
    version,
    now,
    log,
    metrics,
    tracing,
    lifecycle: createLifecycle(),
    subject,
    pool,
    requestPool: createRequestShare({
      pool,
      connections: Math.floor(settings.DATABASE_POOL_SIZE / 2),
      ...LOAD_LIMITS.databaseLine,
    }),
    broker,
    relay,
    wakeRelay: relay.wake,
    replays: startReplayCounter(pool, log),
    keyRetentionHours,
    reaper: startReaper({ pool, log, keyRetentionHours }),
    gatewayTokens: {
      keyed: acceptedTokens(settings.GATEWAY_TOKEN, settings.GATEWAY_TOKEN_PREVIOUS),
      keyless: acceptedTokens(settings.GATEWAY_KEYLESS_TOKEN, settings.GATEWAY_KEYLESS_TOKEN_PREVIOUS),
    },
    people: createPeople({
      publicUrl: settings.PUBLIC_URL,
      keys: createSigningKeys({ urls: settings.JWKS_URL ?? [], log }),
    }),
  };
}

function showDifferences(metrics: Metrics, differences: readonly Difference[]): void {
  metrics.topologyDifferences.reset();
  for (const { name } of differences) metrics.topologyDifferences.set({ queue: name }, 1);
}

/** Loads the OpenTelemetry packages only if tracing is enabled. */
async function tracingIfWanted(
  name: string,
  version: string,
  settings: RuntimeOptions['settings'],
): Promise<Tracing | undefined> {
  if (!wantsTraces(settings)) return undefined;
  const { startTracing } = await import('../base/telemetry/open-telemetry.ts');
  return startTracing(name, version, settings);
}

export type Runtime = Awaited<ReturnType<typeof startRuntime>>;

export interface Served {
  http: Express;
  /** Resolves when all running batches have finished. */
  drain(): Promise<void>;
  /** The service's own background work. */
  background: readonly Background[];
  /** Closes the service's own connections, before those of broker and database. */
  close?: () => Promise<void>;
}

/** Listen; on a signal stop accepting, finish running work, drain and close. */
export async function serve(runtime: Runtime, served: Served): Promise<void> {
  const { settings, log, lifecycle, pool, broker, relay, replays, reaper, tracing } = runtime;
  const server = await listen(served.http, settings.HOST, settings.PORT);
  lifecycle.enter('ready');
  log.info({ port: server.port, version: runtime.version }, 'ready');
  const background = [...served.background, relay, reaper, replays];
  drainOnSignal(lifecycle, log, settings.DRAIN_SECONDS, [
    { name: 'server', run: server.close },
    { name: 'batches', run: served.drain },
    // In parallel, because each may have to wait for the broker. Messages that the relay does not send now are sent by
    // another process.
    { name: 'background', run: () => Promise.all(background.map((part) => part.stop())) },
    { name: 'connections', run: async () => served.close?.() },
    { name: 'broker', run: broker.close },
    { name: 'database', run: () => pool.end() },
    { name: 'traces', run: async () => tracing?.stop() },
  ]);
}
