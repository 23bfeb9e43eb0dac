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

interface Count {
  counted: number;
  expected: number;
}

/** Sets what is on hand to what was counted, if it is still what was shown to the person who counted. */
export function CountStock({ product }: { product: Product }) {
  const { sku } = product;
  const [text, setText] = useState('');
  // What was shown when the count began: the page's level may change under the dialog.
  const [shown, setShown] = useState(product.onHand);
  const write = useStockWrite<Count>('count', product, async (client, body, options) => {
    try {
      return await client.products.count(sku, body, options);
    } catch (error) {
      // From here on, the person counts against the present level.
      if (isRefusal(error, 'stock-changed')) {
        setShown(error.problem.onHand);
        setText('');
      }
      throw error;
    }
  });
  const { unanswered } = write;
  const counted = unanswered?.counted ?? parseUnits(text, false);
  const expected = unanswered?.expected ?? shown;
  const send = () => {
    if (counted !== undefined) write.run(unanswered ?? { counted, expected });
  };
  const open = () => {
    setText('');
    setShown(product.onHand);
    write.open();
  };
  return (
    <>
      <Button onPress={open}>{words.stock.count}</Button>
      <Dialog
        title={words.stock.count}
        isOpen={write.isOpen}
        onClose={write.close}
        actions={
          <>
            <Button onPress={write.close}>{words.shell.cancel}</Button>
            <Button kind="main" isBusy={write.isBusy} isDisabled={counted === undefined} onPress={send}>
              {submitText(counted, expected, unanswered !== undefined && !write.isBusy)}
            </Button>
          </>
        }
      >
        <p>{words.stock.countText(sku, expected)}</p>
        <CountNotice state={write.state} expected={expected} />
        <Field
          label={words.stock.countedUnits}
          value={unanswered ? String(unanswered.counted) : text}
          onChange={setText}
          isReadOnly={unanswered !== undefined}
          inputMode="numeric"
          error={text !== '' && counted === undefined ? words.stock.countInvalid : undefined}
          autoFocus
        />
      </Dialog>
    </>
  );
}

function submitText(counted: number | undefined, expected: number, isUnanswered: boolean): string {
  if (isUnanswered) return words.shell.checkAgain;
  return counted === undefined ? words.stock.count : words.stock.setTo(counted, expected);
}

function CountNotice({ state, expected }: Parameters<typeof WriteNotice>[0] & { expected: number }) {
  if (state.kind !== 'refused') return <WriteNotice state={state} />;
  if (isRefusal(state.error, 'stock-changed')) {
    const { problem } = state.error;
    return <RefusalNote>{words.stock.stockChanged(problem.expected, problem.onHand)}</RefusalNote>;
  }
  if (isRefusal(state.error, 'insufficient-stock')) {
    // The units on hand were as expected, or the answer were another one.
    const reserved = expected - state.error.problem.available;
    return <RefusalNote>{words.stock.belowReserved(reserved)}</RefusalNote>;
  }
  return <WriteNotice state={state} />;
}
