import type { ImportRun, LineResult } from './import-run.ts';

/** What of `localStorage` is used. */
export type KeyValueStore = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

const RUN = 'console.import';
const resultsKey = (batch: number) => `${RUN}.${batch}`;

/** The import that this browser keeps; only one at a time. */
export interface ImportStore {
  run(): ImportRun | undefined;
  results(): (LineResult[] | undefined)[];
  /** Throws if the browser has no room for it: then nothing was sent. */
  begin(run: ImportRun): void;
  keep(batch: number, results: LineResult[]): void;
  remove(): void;
}

/** An import in a store of the browser. Each batch's results have an entry of their own, since the lines are large. */
export function createImportStore(store: KeyValueStore, batchCount: (run: ImportRun) => number): ImportStore {
  const run = () => read<ImportRun>(store, RUN);
  const remove = () => {
    const kept = run();
    store.removeItem(RUN);
    for (let batch = 0; kept && batch < batchCount(kept); batch += 1) store.removeItem(resultsKey(batch));
  };
  return {
    run,
    results() {
      const kept = run();
      if (!kept) return [];
      return Array.from({ length: batchCount(kept) }, (_, batch) => read<LineResult[]>(store, resultsKey(batch)));
    },
    begin(begun) {
      remove();
      store.setItem(RUN, JSON.stringify(begun));
    },
    keep: (batch, results) => store.setItem(resultsKey(batch), JSON.stringify(results)),
    remove,
  };
}

function read<T>(store: KeyValueStore, key: string): T | undefined {
  const text = store.getItem(key);
  if (text === null) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    // Somebody else's entry, or half of one.
    return undefined;
  }
}
