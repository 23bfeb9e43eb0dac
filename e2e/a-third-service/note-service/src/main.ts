import { createRequire } from 'node:module';
import { deadLetterRoutes } from '@shop/chassis/operations/dead-letters/dead-letters.routes.ts';
import { startDrainer } from '@shop/chassis/reliable/dead-letters/drainer.ts';
import { startConsumer } from '@shop/chassis/reliable/messaging/consume.ts';
import { createApp } from '@shop/chassis/service/app.ts';
import { serve, settingsOrExit, startRuntime } from '@shop/chassis/service/runtime.ts';
import { Router } from 'express';
import { config } from './config.ts';
import { notePlacedOrders } from './notes/notes.messages.ts';
import { notesRoutes } from './notes/notes.routes.ts';
import { describeService, operations } from './openapi.ts';
import { placedOrdersQueue, topology } from './queues.ts';

const name = 'note-service';
const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
const runtime = await startRuntime({ name, version, settings: settingsOrExit(name, config), topology });

// Notes do not store the key that created them.
const findKeptFingerprint = async () => undefined;
const keyed = { ...runtime, pool: runtime.requestPool, findKeptFingerprint };
const routes = Router({ caseSensitive: true, strict: true });
routes.use(notesRoutes(keyed), deadLetterRoutes({ ...keyed, base: '/operations/notes', indispensable: [] }));
const http = createApp({ ...runtime, operations, routes, name: 'notes', describe: () => describeService(runtime) });

const { name: queue, messages: definitions } = placedOrdersQueue;
const consumer = startConsumer({ ...runtime, queue, definitions, handle: notePlacedOrders });
const drainer = startDrainer({ ...runtime, queue });
await serve(runtime, { http, drain: async () => {}, background: [consumer, drainer] });
