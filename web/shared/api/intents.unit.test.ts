import { beginIntent, endIntent, openIntent } from './intents.ts';

function storeOf() {
  const values = new Map<string, string>();
  return {
    getItem: (name: string) => values.get(name) ?? null,
    setItem: (name: string, value: string) => void values.set(name, value),
    removeItem: (name: string) => void values.delete(name),
  };
}

describe('intents', () => {
  it('keep their key until there is an answer, over reloads', () => {
    const store = storeOf();
    const first = beginIntent(store, 'cancel-1', { reason: 'a' });
    expect(beginIntent(store, 'cancel-1', { reason: 'a' })).toEqual(first);
    expect(openIntent(store, 'cancel-1')).toEqual(first);
    endIntent(store, 'cancel-1');
    expect(openIntent(store, 'cancel-1')).toBeUndefined();
    expect(beginIntent(store, 'cancel-1', { reason: 'a' }).key).not.toBe(first.key);
  });

  it('get a new key when something else is wanted, and do not share keys', () => {
    const store = storeOf();
    const first = beginIntent(store, 'cancel-1', { reason: 'a' });
    expect(beginIntent(store, 'cancel-1', { reason: 'b' }).key).not.toBe(first.key);
    expect(beginIntent(store, 'cancel-2', { reason: 'a' }).key).not.toBe(first.key);
  });
});
