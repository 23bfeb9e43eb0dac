import { isRefusal, type Product } from '@shop/client';
import { useState } from 'react';
import { Button } from '../../shared/components/button.tsx';
import { Dialog } from '../../shared/components/dialog.tsx';
import { Field } from '../../shared/components/field.tsx';
import { WriteNotice } from '../../shared/components/write-notice.tsx';
import { words } from '../../shared/words/locale.ts';
import { parseUnits } from '../stories/units.ts';
import { RefusalNote } from './refusal-note.tsx';
import { useStockWrite } from './use-stock-write.ts';

interface Adjustment {
  delta: number;
  reason: string;
}

/** Adds units, or removes them, for a reason. */
export function AdjustStock({ product }: { product: Product }) {
  const { sku } = product;
  const [text, setText] = useState('');
  const [reason, setReason] = useState('');
  const write = useStockWrite<Adjustment>('adjust', product, (client, body, options) =>
    client.products.adjust(sku, body, options),
  );
  const { unanswered } = write;
  const delta = unanswered?.delta ?? parseUnits(text, true);
  const isComplete = delta !== undefined && (unanswered !== undefined || reason.trim() !== '');
  const send = () => {
    if (delta === undefined) return;
    write.run(unanswered ?? { delta, reason: reason.trim() });
  };
  const open = () => {
    setText('');
    setReason('');
    write.open();
  };
  return (
    <>
      <Button kind="main" onPress={open}>
        {words.stock.adjust}
      </Button>
      <Dialog
        title={words.stock.adjust}
        isOpen={write.isOpen}
        onClose={write.close}
        actions={
          <>
            <Button onPress={write.close}>{words.shell.cancel}</Button>
            <Button kind="main" isBusy={write.isBusy} isDisabled={!isComplete} onPress={send}>
              {submitText(delta, unanswered !== undefined && !write.isBusy)}
            </Button>
          </>
        }
      >
        <p>{words.stock.adjustText(sku)}</p>
        <Field
          label={words.stock.delta}
          hint={words.stock.deltaHint}
          value={unanswered ? String(unanswered.delta) : text}
          onChange={setText}
          isReadOnly={unanswered !== undefined}
          error={text !== '' && delta === undefined ? words.stock.deltaInvalid : undefined}
          autoFocus
        />
        <Field
          label={words.stock.reason}
          hint={words.stock.reasonHint}
          value={unanswered?.reason ?? reason}
          onChange={setReason}
          isReadOnly={unanswered !== undefined}
          maxLength={200}
        />
        <AdjustNotice state={write.state} />
      </Dialog>
    </>
  );
}

function submitText(delta: number | undefined, isUnanswered: boolean): string {
  if (isUnanswered) return words.shell.checkAgain;
  return delta === undefined ? words.stock.adjust : words.stock.adjustBy(delta);
}

function AdjustNotice({ state }: Parameters<typeof WriteNotice>[0]) {
  if (state.kind !== 'refused' || !isRefusal(state.error, 'insufficient-stock')) return <WriteNotice state={state} />;
  const { requested, available } = state.error.problem;
  return <RefusalNote>{words.stock.tooFew(requested, available)}</RefusalNote>;
}
