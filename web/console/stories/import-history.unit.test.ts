import { importedAt, rememberImport } from './import-history.ts';

const aLine = (sku: string, delta: number, reason = 'r') => ({ line: 2, sku, delta, reason });
function aStore() {
  const entries = new Map<string, string>();
  return {
    getItem: (key: string) => entries.get(key) ?? null,
    setItem: (key: string, value: string) => void entries.set(key, value),
    removeItem: (key: string) => void entries.delete(key),
  };
}

it('knows the same changes again, whatever their reasons', () => {
  const store = aStore();
  rememberImport(store, [aLine('MUG', 1), aLine('CUP', -2)], '2026-01-05T09:00:00.000Z');
  expect(importedAt(store, [aLine('MUG', 1, 'other'), aLine('CUP', -2)])).toBe('2026-01-05T09:00:00.000Z');
  for (const other of [[aLine('MUG', 1)], [aLine('MUG', 2), aLine('CUP', -2)], [aLine('CUP', -2), aLine('MUG', 1)]]) {
    expect(importedAt(store, other)).toBeUndefined();
  }
});

it('keeps the latest time, and a bounded number', () => {
  const store = aStore();
  for (let n = 0; n < 60; n += 1) rememberImport(store, [aLine('MUG', n + 1)], `at ${n}`);
  rememberImport(store, [aLine('MUG', 60)], 'again');
  expect([1, 60, 59].map((delta) => importedAt(store, [aLine('MUG', delta)]))).toEqual([undefined, 'again', 'at 58']);
});

it('ignores what it cannot read', () => {
  const store = aStore();
  store.setItem('console.stock-imports', '[');
  expect(importedAt(store, [aLine('MUG', 1)])).toBeUndefined();
});
