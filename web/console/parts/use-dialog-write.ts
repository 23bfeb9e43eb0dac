import { useState } from 'react';
import { openIntent } from '../../shared/api/intents.ts';
import { useWrite } from '../../shared/api/write.ts';

/**
 * A write in a dialog that closes when there is an answer. While an answer is missing, only the same write can be sent: another one
 * would be a second effect, and nobody knows yet whether there was a first.
 */
export function useDialogWrite<Input, Result>({ name, send, onDone }: Parameters<typeof useWrite<Input, Result>>[0]) {
  const [isOpen, setOpen] = useState(false);
  const write = useWrite<Input, Result>({
    name,
    send,
    onDone(result) {
      setOpen(false);
      onDone?.(result);
    },
  });
  const unanswered = openIntent<Input>(sessionStorage, name)?.input;
  return {
    ...write,
    /** What was sent and has no answer. */
    unanswered,
    // An answer that was lost brings the question back after a reload.
    isOpen: isOpen || write.isBusy || unanswered !== undefined,
    open: () => setOpen(true),
    close: () => {
      setOpen(false);
      write.reset();
    },
  };
}
