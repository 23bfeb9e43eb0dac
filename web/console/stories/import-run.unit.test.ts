import { type AdjustAll, batchesOf, type ImportRun, type LineResult, progressOf, runImport } from './import-run.ts';
import { createImportStore, type ImportStore } from './import-store.ts';

const aRun = (lines: number): ImportRun => ({
  id: 'import-1',
  accountId: 'account-1',
  fileName: 'delivery.csv',
  startedAt: '2026-01-05T09:00:00.000Z',
  adjustments: Array.from({ length: lines }, (_, index) => ({
    line: index + 2,
    sku: `SKU-${index}`,
    delta: 1,
    reason: 'r',
  })),
});

/** A server that makes each key's adjustment once, and answers as `codeOf` says. */
function aServer(codeOf: (key: string, call: number) => string | undefined = () => undefined) {
  const made = new Map<string, number>();
  const calls: { key: string; size: number }[] = [];
  const adjustAll: AdjustAll = async ({ adjustments }, { key }) => {
    calls.push({ key, size: adjustments.length });
    const results = adjustments.map(({ key: line }): LineResult => {
      if (made.has(line)) return { onHand: made.get(line) };
      const code = codeOf(line, calls.length);
      if (code) return { code };
      made.set(line, made.size + 1);
      return { onHand: made.get(line) };
    });
    return { results };
  };
  return { made, calls, adjustAll };
}

function aStore(): { store: ImportStore; entries: Map<string, string> } {
  const entries = new Map<string, string>();
  const store = createImportStore(
    {
      getItem: (key) => entries.get(key) ?? null,
      setItem: (key, value) => void entries.set(key, value),
      removeItem: (key) => void entries.delete(key),
    },
    (run) => batchesOf(run).length,
  );
  return { store, entries };
}

const { signal } = new AbortController();
const send = (store: ImportStore, adjustAll: AdjustAll, repeat = false) =>
  runImport(store.run() as ImportRun, {
    adjustAll,
    results: store.results(),
    keep: store.keep,
    signal,
    repeat,
    pauseMs: 0,
  });
const progress = (store: ImportStore) => progressOf(store.run() as ImportRun, store.results());

describe('runImport', () => {
  it('sends batches of at most 1,000 lines, each line and each call under its own key', async () => {
    const { store } = aStore();
    const { made, calls, adjustAll } = aServer();
    store.begin(aRun(2_001));
    await send(store, adjustAll);
    expect(calls).toEqual([0, 1, 2].map((n) => ({ key: `import-1-batch-${n}`, size: n < 2 ? 1_000 : 1 })));
    expect([made.size, made.has('import-1-2'), made.has('import-1-2002')]).toEqual([2_001, true, true]);
    expect(progress(store)).toEqual({ total: 2_001, made: 2_001, refused: 0, repeatable: 0 });
  });

  it('sends no body that is larger than the gateway takes', () => {
    const run = aRun(1_000);
    for (const adjustment of run.adjustments) adjustment.reason = '貨'.repeat(200 * 2);
    const batches = batchesOf(run);
    expect(batches.length).toBeGreaterThan(1);
    expect(batches.flat()).toEqual(run.adjustments);
    for (const batch of batches)
      expect(new TextEncoder().encode(JSON.stringify(batch)).length + batch.length * 60).toBeLessThan(2 ** 20);
  });

  it('goes on behind the last answer, and makes no line twice whose answer was lost', async () => {
    const { store } = aStore();
    const { made, calls, adjustAll } = aServer();
    store.begin(aRun(2_500));
    const losing: AdjustAll = async (body, options) => {
      const answer = await adjustAll(body, options);
      if (options.key.endsWith('-1')) throw new Error('the answer was lost');
      return answer;
    };
    await expect(send(store, losing)).rejects.toThrow('lost');
    expect(progress(store)).toMatchObject({ made: 1_000 });
    await send(store, adjustAll);
    expect(calls.map(({ key }) => key)).toEqual([0, 1, 1, 2].map((n) => `import-1-batch-${n}`));
    expect(made.size).toBe(2_500);
    expect(progress(store)).toMatchObject({ made: 2_500 });
  });

  it('waits for lines that another transaction keeps locked', async () => {
    const { store } = aStore();
    const { calls, adjustAll } = aServer((key, call) => (key === 'import-1-3' && call < 3 ? 'unavailable' : undefined));
    store.begin(aRun(3));
    await send(store, adjustAll);
    expect([calls.length, progress(store).made]).toEqual([3, 3]);
  });

  it('leaves lines that stay locked for a repeat, under the same keys', async () => {
    const { store } = aStore();
    const locked = aServer((key) => (key === 'import-1-3' ? 'request-in-progress' : undefined));
    store.begin(aRun(3));
    await send(store, locked.adjustAll);
    expect(progress(store)).toEqual({ total: 3, made: 2, refused: 1, repeatable: 1 });
    const { made, adjustAll } = aServer();
    await send(store, adjustAll, true);
    expect([...made.keys()]).toContain('import-1-3');
  });

  it('repeats what may be decided afresh, only when it is asked to', async () => {
    const { store } = aStore();
    const { calls, adjustAll } = aServer((key, call) => {
      if (key === 'import-1-2') return 'insufficient-stock';
      return key === 'import-1-3' && call === 1 ? 'product-not-found' : undefined;
    });
    store.begin(aRun(3));
    await send(store, adjustAll);
    expect(progress(store)).toEqual({ total: 3, made: 1, refused: 2, repeatable: 1 });
    await send(store, adjustAll);
    expect(calls).toHaveLength(1);
    await send(store, adjustAll, true);
    expect(progress(store)).toEqual({ total: 3, made: 2, refused: 1, repeatable: 0 });
  });
});

describe('createImportStore', () => {
  it('keeps one import over reloads, and leaves nothing behind', async () => {
    const { store, entries } = aStore();
    store.begin(aRun(1_500));
    await send(store, aServer().adjustAll);
    expect(store.results().map((batch) => batch?.length)).toEqual([1_000, 500]);
    store.begin(aRun(1));
    expect(store.results()).toEqual([undefined]);
    store.remove();
    expect([store.run(), entries.size]).toEqual([undefined, 0]);
  });

  it('ignores what it cannot read', () => {
    const { store, entries } = aStore();
    entries.set('console.import', '{"id":');
    expect([store.run(), store.results()]).toEqual([undefined, []]);
  });
});
