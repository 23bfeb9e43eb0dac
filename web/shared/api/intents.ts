/**
 * What a person wants done and has no answer yet, kept over reloads of the tab: the same intent is sent again with the same key, so
 * that it has one effect.
 */
import { newKey } from '@shop/client';

export interface Intent<Input> {
  key: string;
  input: Input;
}

/** The storage of a tab, or of a test. */
type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** The intent of this name that has no answer yet. */
export function openIntent<Input>(store: Store, name: string): Intent<Input> | undefined {
  const text = store.getItem(pathOf(name));
  return text === null ? undefined : (JSON.parse(text) as Intent<Input>);
}

/** The intent to do this; the open one if it wants the same, because a repeat must not have a second effect. */
export function beginIntent<Input>(store: Store, name: string, input: Input): Intent<Input> {
  const open = openIntent<Input>(store, name);
  if (open !== undefined && JSON.stringify(open.input) === JSON.stringify(input)) return open;
  const intent = { key: newKey(), input };
  store.setItem(pathOf(name), JSON.stringify(intent));
  return intent;
}

/** There is an answer. */
export function endIntent(store: Store, name: string): void {
  store.removeItem(pathOf(name));
}

function pathOf(name: string): string {
  return `console.intent.${name}`;
}
