/** CPU profiles of running processes, by the inspector that each opens on SIGUSR1. */
import { readFileSync } from 'node:fs';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import type { ServiceProcess, Side } from '../sides/side.ts';
import type { CpuProfile } from './cpu-profile.ts';

/** For the NODE_OPTIONS of each process: a free inspector port instead of the same port for all. */
export const INSPECTABLE = '--inspect-port=127.0.0.1:0';

// Short enough to resolve a batch of a few milliseconds.
const SAMPLE_EVERY_US = 250;
const OPENED_WITHIN_MS = 10_000;

export interface Profiler {
  begin(): Promise<void>;
  end(): Promise<void>;
  /** By process name; available after the end. */
  profiles(): Map<string, CpuProfile>;
  close(): void;
}

/** Connects to the processes; they run at full speed until `begin`. */
export async function openProfiler(services: Side['services']): Promise<Profiler> {
  const inspectors = new Map<string, Inspector>();
  const profiles = new Map<string, CpuProfile>();
  const close = () => {
    for (const { close } of inspectors.values()) close();
  };
  try {
    for (const [name, service] of services) {
      inspectors.set(name, await connect(await openInspector(service)));
    }
  } catch (error) {
    close();
    throw error;
  }
  return {
    async begin() {
      const start = async ({ call }: Inspector) => {
        await call('Profiler.enable');
        await call('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_US });
        await call('Profiler.start');
      };
      await Promise.all([...inspectors.values()].map(start));
    },
    async end() {
      const stop = async ([name, { call }]: readonly [string, Inspector]) => {
        const { profile } = (await call('Profiler.stop')) as { profile: CpuProfile };
        profiles.set(name, profile);
      };
      await Promise.all([...inspectors].map(stop));
    },
    profiles: () => profiles,
    close,
  };
}

// A process logs its address only when it opens the inspector, which then stays open.
const addresses = new WeakMap<ServiceProcess, string>();

async function openInspector(service: ServiceProcess): Promise<string> {
  const known = addresses.get(service);
  if (known) return known;
  const said = () => [...readFileSync(service.log, 'utf8').matchAll(/Debugger listening on (ws:\S+)/g)];
  // Ignore addresses of earlier processes in the same log.
  const before = said().length;
  process.kill(service.pid, 'SIGUSR1');
  const address = await eventually(() => said()[before]?.[1], OPENED_WITHIN_MS);
  addresses.set(service, address);
  return address;
}

interface Inspector {
  call(method: string, params?: object): Promise<unknown>;
  close(): void;
}

async function connect(url: string): Promise<Inspector> {
  const socket = new WebSocket(url);
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const failAll = (reason: string) => {
    for (const { reject } of waiting.values()) reject(new Error(reason));
    waiting.clear();
  };
  const opened = Promise.withResolvers<void>();
  socket.addEventListener('open', () => opened.resolve());
  socket.addEventListener('error', () => opened.reject(new Error(`${url} cannot be reached`)));
  socket.addEventListener('close', () => failAll(`${url} was closed`));
  socket.addEventListener('message', ({ data }) => {
    const { id, result, error } = JSON.parse(String(data));
    if (error) waiting.get(id)?.reject(new Error(error.message));
    else waiting.get(id)?.resolve(result);
    waiting.delete(id);
  });
  await opened.promise;
  let calls = 0;
  return {
    call(method, params) {
      const id = ++calls;
      const answer = Promise.withResolvers<unknown>();
      waiting.set(id, answer);
      socket.send(JSON.stringify({ id, method, params }));
      return answer.promise;
    },
    close: () => socket.close(),
  };
}
