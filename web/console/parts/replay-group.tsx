import type { DeadLetterGroup } from '@shop/client';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useWrite } from '../../shared/api/write.ts';
import { Button } from '../../shared/components/button.tsx';
import { Dialog } from '../../shared/components/dialog.tsx';
import { WriteNotice } from '../../shared/components/write-notice.tsx';
import { words } from '../../shared/words/locale.ts';

/** Sends the open messages of a group to their queue again. The service does a part of many at a time, and says what remains. */
export function ReplayGroup({ service, group: { group, queue, count } }: { service: string; group: DeadLetterGroup }) {
  const queries = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const [answer, setAnswer] = useState<{ replayed: number; remaining: number }>();
  const write = useWrite<{ group: string }, { replayed: number; remaining: number }>({
    name: `replay-${service}-${group}`,
    send: (client, body, options) => client.operations(service).replayGroup(body, options),
    onDone(done) {
      setAnswer(done);
      void queries.invalidateQueries({ queryKey: ['dead-letters', service] });
      void queries.invalidateQueries({ queryKey: ['dead-letter-groups', service] });
      if (done.remaining === 0) setOpen(false);
    },
  });
  const close = () => {
    setOpen(false);
    write.reset();
  };
  const open = () => {
    setAnswer(undefined);
    setOpen(true);
  };
  const left = answer?.remaining ?? count;
  return (
    <>
      <Button kind="main" onPress={open}>
        {words.failures.replay(count)}
      </Button>
      <Dialog
        title={words.failures.replay(left)}
        isOpen={isOpen || write.isBusy || write.state.kind === 'unknown'}
        onClose={close}
        actions={
          <>
            <Button onPress={close}>{words.shell.cancel}</Button>
            <Button kind="main" isBusy={write.isBusy} isDisabled={left === 0} onPress={() => write.run({ group })}>
              {write.state.kind === 'unknown' ? words.shell.checkAgain : words.failures.replay(left)}
            </Button>
          </>
        }
      >
        {answer && <p>{words.failures.replayedSome(answer.replayed, answer.remaining)}</p>}
        <p>{words.failures.replayText(left, queue)}</p>
        <WriteNotice state={write.state} />
      </Dialog>
    </>
  );
}
