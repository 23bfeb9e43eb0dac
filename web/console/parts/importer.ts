/**
 * The import of this browser. It is no part of a page, so that it goes on while people look at other ones, and is kept in the
 * browser, so that it goes on after a reload. Of all tabs one sends.
 *
 *   idle -> running -> idle      every line has an answer
 *   running -> stopped           the person stopped it, or there was no answer; `send` goes on
 *   idle -> elsewhere            another tab sends
 */
import { useSyncExternalStore } from 'react';
import { clientFor } from '../../shared/api/client.ts';
import { batchesOf, type ImportRun, type LineResult, runImport } from '../stories/import-run.ts';
import { createImportStore } from '../stories/import-store.ts';

export type Importing = 'idle' | 'running' | 'stopped' | 'elsewhere';

export interface ImportState {
  /** The import that is kept, until it is put away. */
  run: ImportRun | undefined;
  /** By batch. */
  results: readonly (readonly LineResult[] | undefined)[];
  importing: Importing;
  /** Why it stopped, if the person did not stop it. */
  error?: Error;
}

const store = createImportStore(localStorage, (run) => batchesOf(run).length);
const listeners = new Set<() => void>();
let state: ImportState = { run: store.run(), results: store.results(), importing: 'idle' };
let controller: AbortController | undefined;

// What another tab writes.
addEventListener('storage', ({ key }) => {
  if (key === null || key.startsWith('console.import')) become({ run: store.run(), results: store.results() });
});

/** The import, now and after each change. */
export function useImport(): ImportState {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}

/** Keeps an import and sends its lines. Throws if the browser has no room for it; then nothing is sent. */
export function beginImport(run: ImportRun): void {
  store.begin(run);
  become({ run, results: [], importing: 'idle' });
  void sendImport();
}

/** Sends what has no answer yet; with `repeat`, what was refused and may be decided afresh, too. */
export async function sendImport({ repeat = false } = {}): Promise<void> {
  const { run, importing } = state;
  if (run === undefined || importing === 'running') return;
  controller = new AbortController();
  const { signal } = controller;
  become({ importing: 'running' });
  try {
    const isHere = await inOneTab(() => runHere(run, signal, repeat));
    become({ importing: isHere ? 'idle' : 'elsewhere' });
  } catch (reason) {
    become({ importing: 'stopped', ...(!signal.aborted && { error: reason as Error }) });
  }
}

/** Sends no further batch. The one that is on its way may be made, and is asked for again when the import goes on. */
export function stopImport(): void {
  controller?.abort();
}

/** Forgets the import. Lines that were made stay made. */
export function putImportAway(): void {
  store.remove();
  become({ run: undefined, results: [], importing: 'idle' });
}

async function runHere(run: ImportRun, signal: AbortSignal, repeat: boolean): Promise<void> {
  // Another tab may have gone on with it since this one was loaded.
  become({ results: store.results() });
  const client = clientFor(() => {});
  await runImport(run, {
    adjustAll: (body, options) => client.products.adjustAll(body, options),
    results: state.results,
    keep(batch, results) {
      store.keep(batch, results);
      become({ results: state.results.with(batch, results) });
    },
    signal,
    repeat,
  });
}

/** Whether this tab did it. Two tabs would do no harm, since each line has its key, but each would show half of it. */
async function inOneTab(work: () => Promise<void>): Promise<boolean> {
  if (!('locks' in navigator)) {
    await work();
    return true;
  }
  return navigator.locks.request('console.import', { ifAvailable: true }, async (lock) => {
    if (lock) await work();
    return lock !== null;
  });
}

function become(change: Partial<ImportState>): void {
  const { error: _, ...kept } = state;
  state = { ...kept, ...change };
  for (const listener of listeners) listener();
}
