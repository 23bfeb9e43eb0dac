/**
 * Parts are programs that run independently of their starter. A part's record has its process and the last requested state;
 * the record and the process table are the only source of its state:
 *
 *   requested   process exists   state
 *   running     yes              running         no   crashed
 *   paused      yes              paused          no   crashed
 *   stopped     yes              stopping        no   stopped
 *   killed      yes              killed (dying)  no   killed
 *
 * The request is recorded before the signal is sent, so that a watcher never mistakes a requested stop for a crash.
 */
import { readJson, writeJson } from './json-file.ts';
import type { Launch, ProcessId } from './processes.ts';
import {
  endFamily,
  familyOf,
  isRunning,
  signalFamily,
  signalLeader,
  spawnDetached,
  waitUntilGone,
} from './processes.ts';

export interface Part {
  name: string;
  /** The file with its record. */
  record: string;
  log: string;
  launch: () => Launch;
  /** Whether it responds now. */
  answers: () => Promise<boolean>;
  /** Removes leftovers of a kill. */
  prepare?: () => void;
}

type Request = 'running' | 'paused' | 'stopped' | 'killed';
interface PartRecord {
  process: ProcessId;
  request: Request;
  stopSignal: NodeJS.Signals;
  since: string;
}

export type PartState = 'not started' | 'running' | 'paused' | 'stopping' | 'stopped' | 'killed' | 'crashed';
export interface PartStatus {
  state: PartState;
  process?: ProcessId;
  since?: string;
}

// Longer than the services' own drain time.
const WAIT_TIMEOUT_MS = 15_000;

/** The state of a part, from its record and the process table. */
export function partStatus(part: Part): PartStatus {
  const record = readJson<PartRecord>(part.record);
  if (record === undefined) return { state: 'not started' };
  const { process, request, since } = record;
  if (isRunning(process)) return { state: request === 'stopped' ? 'stopping' : request, process, since };
  return { state: request === 'stopped' || request === 'killed' ? request : 'crashed', process, since };
}

const starts = new Map<string, Promise<unknown>>();

/** Starts a part unless it runs; returns before it is ready. Waits for a previous process that is still stopping. */
export async function startPart(part: Part): Promise<'started' | 'already running'> {
  // Under a lock: two starts would both wait for the previous process to stop, and the second would find its port in use.
  const earlier = starts.get(part.record) ?? Promise.resolve();
  const start = earlier.catch(() => {}).then(() => startNow(part));
  starts.set(part.record, start);
  return start;
}

async function startNow(part: Part): Promise<'started' | 'already running'> {
  const record = readJson<PartRecord>(part.record);
  if (record && isRunning(record.process) && (record.request === 'running' || record.request === 'paused')) {
    return 'already running';
  }
  // The leader may be gone while its children still hold the port.
  if (record && !(await waitUntilGone(record.process, record.request === 'stopped' ? WAIT_TIMEOUT_MS : 1_000))) {
    signalFamily(record.process, 'SIGKILL');
    await waitUntilGone(record.process, 2_000);
  }
  part.prepare?.();
  const launch = part.launch();
  const process = spawnDetached(launch, part.log);
  writeJson(part.record, {
    process,
    request: 'running',
    stopSignal: launch.stopSignal,
    since: now(),
  } satisfies PartRecord);
  return 'started';
}

/** Asks a part to shut down cleanly and returns at once; false if it was not running. */
export function stopPart(part: Part): boolean {
  return request(part, 'stopped', ({ process, stopSignal }) => {
    signalLeader(process, stopSignal);
    signalFamily(process, 'SIGCONT'); // a paused part would not receive the request
  });
}

/** Kills a part like a crash. */
export function killPart(part: Part): boolean {
  return request(part, 'killed', ({ process }) => signalFamily(process, 'SIGKILL'));
}

/** Freezes a part: its connections stay open and nothing responds. */
export function pausePart(part: Part): boolean {
  if (partStatus(part).state !== 'running') return false;
  return request(part, 'paused', ({ process }) => {
    // Repeat until there are no new processes: a child may have been started while the others were listed.
    let seen = 0;
    for (let family = familyOf(process); family.length > seen; family = familyOf(process)) {
      seen = family.length;
      signalFamily(process, 'SIGSTOP');
    }
  });
}

/** Continues a paused part. */
export function resumePart(part: Part): boolean {
  if (partStatus(part).state !== 'paused') return false;
  return request(part, 'running', ({ process }) => signalFamily(process, 'SIGCONT'));
}

/** Stops a part and waits for it; kills it if it takes too long. */
export async function endPart(part: Part, milliseconds: number, signal?: NodeJS.Signals): Promise<void> {
  const record = readJson<PartRecord>(part.record);
  if (record === undefined) return;
  if (isRunning(record.process)) writeJson(part.record, { ...record, request: 'stopped', since: now() });
  await endFamily(record.process, signal ?? record.stopSignal, milliseconds);
}

/** Whether any process of a part is left, even an orphan. */
export function isAlive(part: Part): boolean {
  const record = readJson<PartRecord>(part.record);
  return record !== undefined && familyOf(record.process).length > 0;
}

function request(part: Part, request: Request, act: (record: PartRecord) => void): boolean {
  const record = readJson<PartRecord>(part.record);
  if (record === undefined || !isRunning(record.process)) return false;
  writeJson(part.record, { ...record, request, since: now() });
  act(record);
  return true;
}

function now(): string {
  return new Date().toISOString();
}
