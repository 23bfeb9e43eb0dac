import { createRequire } from 'node:module';
import { serve, settingsOrExit, startRuntime } from '@shop/chassis/service/runtime.ts';
import { buildApp } from './app.ts';
import { config, masterKeysOf } from './config.ts';
import { createMasterKey } from './master-key.ts';
import { createPasswordHasher } from './passwords/password-hasher.ts';
import { topology } from './queues.ts';
import { startRemovingExpired } from './remove-expired.ts';

const name = 'account-service';
const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
const settings = settingsOrExit(name, config);
const runtime = await startRuntime({ name, version, settings, topology });

const masterKey = createMasterKey(masterKeysOf(settings));
const http = buildApp({
  ...runtime,
  masterKey,
  publicUrl: settings.PUBLIC_URL,
  hasher: createPasswordHasher(),
});
await serve(runtime, { http, drain: async () => {}, background: [startRemovingExpired(runtime)] });
