import { type Client, type DeadLetter, isRefusal, type WholeDeadLetter } from '@shop/client';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Button } from '../../shared/components/button.tsx';
import { Dialog } from '../../shared/components/dialog.tsx';
import { Field } from '../../shared/components/field.tsx';
import { WriteNotice } from '../../shared/components/write-notice.tsx';
import { words } from '../../shared/words/locale.ts';
import { RefusalNote } from './refusal-note.tsx';
import { useDialogWrite } from './use-dialog-write.ts';

interface LetterProps {
  service: string;
  letter: WholeDeadLetter;
}

/** What can be done with a dead letter in its state. */
export function DeadLetterActions({ service, letter }: LetterProps) {
  if (letter.status !== 'open') return null;
  return (
    <>
      <DiscardLetter service={service} letter={letter} />
      <ReplayLetter service={service} letter={letter} />
    </>
  );
}

type Send<Input> = (client: Client, input: Input, options: { key: string }) => Promise<DeadLetter>;

function useLetterWrite<Input>(name: string, { service, letter }: LetterProps, send: Send<Input>) {
  const queries = useQueryClient();
  return useDialogWrite<Input, DeadLetter>({
    name: `${name}-${letter.id}`,
    send,
    onDone() {
      for (const queryKey of [['dead-letter', service, letter.id], ['dead-letters'], ['dead-letter-groups', service]]) {
        void queries.invalidateQueries({ queryKey });
      }
    },
  });
}

function ReplayLetter({ service, letter }: LetterProps) {
  const write = useLetterWrite<Record<string, never>>('replay', { service, letter }, (client, _body, options) =>
    client.operations(service).replay(letter.id, options),
  );
  return (
    <>
      <Button kind="main" onPress={write.open}>
        {words.failures.replay(1)}
      </Button>
      <Dialog
        title={words.failures.replay(1)}
        isOpen={write.isOpen}
        onClose={write.close}
        actions={
          <>
            <Button onPress={write.close}>{words.shell.cancel}</Button>
            <Button kind="main" isBusy={write.isBusy} onPress={() => write.run({})}>
              {write.state.kind === 'unknown' ? words.shell.checkAgain : words.failures.replay(1)}
            </Button>
          </>
        }
      >
        <p>{words.failures.replayText(1, letter.queue)}</p>
        <LetterNotice state={write.state} type={letter.type} />
      </Dialog>
    </>
  );
}

function DiscardLetter({ service, letter }: LetterProps) {
  const [reason, setReason] = useState('');
  const write = useLetterWrite<{ reason: string }>('discard', { service, letter }, (client, body, options) =>
    client.operations(service).discard(letter.id, body, options),
  );
  const { unanswered } = write;
  return (
    <>
      <Button kind="danger" onPress={write.open}>
        {words.failures.discard}
      </Button>
      <Dialog
        title={words.failures.discard}
        isOpen={write.isOpen}
        onClose={write.close}
        actions={
          <>
            <Button onPress={write.close}>{words.shell.cancel}</Button>
            <Button
              kind="danger"
              isBusy={write.isBusy}
              isDisabled={unanswered === undefined && reason.trim() === ''}
              onPress={() => write.run(unanswered ?? { reason: reason.trim() })}
            >
              {write.state.kind === 'unknown' ? words.shell.checkAgain : words.failures.discard}
            </Button>
          </>
        }
      >
        <p>{words.failures.discardText(letter.type)}</p>
        <Field
          label={words.failures.discardReason}
          value={unanswered?.reason ?? reason}
          onChange={setReason}
          isReadOnly={unanswered !== undefined}
          maxLength={200}
          autoFocus
        />
        <LetterNotice state={write.state} type={letter.type} />
      </Dialog>
    </>
  );
}

function LetterNotice({ state, type }: Parameters<typeof WriteNotice>[0] & { type: string }) {
  if (state.kind !== 'refused' || !isRefusal(state.error, 'illegal-transition')) return <WriteNotice state={state} />;
  const from = String(state.error.problem.from);
  if (from === 'open') return <RefusalNote>{words.failures.cannotDiscard(type)}</RefusalNote>;
  const known = words.failures[from as DeadLetter['status']];
  return <RefusalNote>{words.failures.alreadyDone(known ?? from)}</RefusalNote>;
}
