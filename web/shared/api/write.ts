import { type Client, NoAnswerError, ShopError } from '@shop/client';
import { useCallback, useEffect, useRef, useState } from 'react';
import { clientFor } from './client.ts';
import { beginIntent, endIntent, openIntent } from './intents.ts';

// From then on the person is told that the answer is late.
const LATE_MS = 4_000;

/** How far a write is. `checking`: an answer was lost or is late, and the same request is sent again. */
export type WriteState =
  | { kind: 'idle' }
  | { kind: 'working' }
  | { kind: 'checking' }
  /** The deadline is over without an answer; `run` of the same checks again, under the same key. */
  | { kind: 'unknown'; error: Error }
  | { kind: 'refused'; error: Error }
  | { kind: 'done' };

interface Writing<Input, Result> {
  /** Names the thing and what is done with it, such as `cancel-<order>`: one of each at a time. */
  name: string;
  /** Sends it. The client repeats it, under this key, until there is an answer. */
  send: (client: Client, input: Input, options: { key: string }) => Promise<Result>;
  /** There is an answer. */
  onDone?: (result: Result) => void;
}

interface Write<Input> {
  state: WriteState;
  /** Whether it is on its way, so that its button cannot be pressed again. */
  isBusy: boolean;
  run: (input: Input) => void;
  /** Forgets a refusal. */
  reset: () => void;
}

/**
 * A write that takes effect once: the key is made when the person decides, and kept until there is an answer. After a reload, an
 * intent without an answer is sent again by itself.
 */
export function useWrite<Input, Result>({ name, send, onDone }: Writing<Input, Result>): Write<Input> {
  const [state, setState] = useState<WriteState>({ kind: 'idle' });
  const isRunning = useRef(false);
  const callbacks = useRef({ send, onDone });
  callbacks.current = { send, onDone };

  const run = useCallback(
    async (input: Input) => {
      if (isRunning.current) return;
      isRunning.current = true;
      const { key } = beginIntent(sessionStorage, name, input);
      setState({ kind: 'working' });
      const checking = () => setState((now) => (now.kind === 'working' ? { kind: 'checking' } : now));
      const late = setTimeout(checking, LATE_MS);
      const client = clientFor((_isFirst, request) => {
        request.then(({ status }) => status >= 500 && checking(), checking);
      });
      try {
        const result = await callbacks.current.send(client, input, { key });
        endIntent(sessionStorage, name);
        setState({ kind: 'done' });
        callbacks.current.onDone?.(result);
      } catch (error) {
        const isUnknown = error instanceof NoAnswerError || (error instanceof ShopError && error.outcome === 'unknown');
        if (!isUnknown) endIntent(sessionStorage, name);
        setState({ kind: isUnknown ? 'unknown' : 'refused', error: error as Error });
      } finally {
        clearTimeout(late);
        isRunning.current = false;
      }
    },
    [name],
  );

  useEffect(() => {
    const open = openIntent<Input>(sessionStorage, name);
    if (open !== undefined) void run(open.input);
  }, [name, run]);

  return {
    state,
    isBusy: state.kind === 'working' || state.kind === 'checking',
    run: (input) => void run(input),
    reset: () => setState({ kind: 'idle' }),
  };
}
