import type { Client, Order } from '@shop/client';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useWrite } from '../../shared/api/write.ts';
import { Button } from '../../shared/components/button.tsx';
import { Dialog } from '../../shared/components/dialog.tsx';
import { Field } from '../../shared/components/field.tsx';
import { WriteNotice } from '../../shared/components/write-notice.tsx';
import { words } from '../../shared/words/locale.ts';

/** What can be done with the order in its state. */
export function OrderActions({ order }: { order: Order }) {
  const { status } = order;
  return (
    <>
      {status === 'shipped' && <DeliverOrder order={order} />}
      {(status === 'pending' || status === 'confirmed') && <CancelOrder order={order} />}
      {status === 'confirmed' && <ShipOrder order={order} />}
    </>
  );
}

type Send<Input> = (client: Client, input: Input, options: { key: string }) => Promise<Order>;

/** A write on an order, in a dialog that closes when there is an answer. */
function useOrderWrite<Input>(name: string, order: Order, send: Send<Input>) {
  const queries = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const write = useWrite<Input, Order>({
    name: `${name}-${order.id}`,
    send,
    onDone: (after) => {
      queries.setQueryData(['order', order.number], after);
      queries.setQueryData(['order', order.id], after);
      void queries.invalidateQueries({ queryKey: ['orders'] });
      setOpen(false);
    },
  });
  const close = () => {
    setOpen(false);
    write.reset();
  };
  // An answer that was lost brings the question back after a reload.
  return {
    ...write,
    isOpen: isOpen || write.isBusy || write.state.kind === 'unknown',
    open: () => setOpen(true),
    close,
  };
}

function unitsOf({ lines }: Order): string {
  return lines.map(({ quantity, sku }) => words.orders.unitsOf(quantity, sku)).join(', ');
}

function CancelOrder({ order }: { order: Order }) {
  const [reason, setReason] = useState('');
  const write = useOrderWrite<{ reason?: string }>('cancel', order, (client, body, options) =>
    client.orders.cancel(order.id, body, options),
  );
  return (
    <>
      <Button onPress={write.open}>{words.orders.cancelOrder}</Button>
      <Dialog
        title={words.orders.cancelTitle(order.number)}
        isOpen={write.isOpen}
        onClose={write.close}
        actions={
          <>
            <Button onPress={write.close}>{words.shell.cancel}</Button>
            <Button
              kind="danger"
              isBusy={write.isBusy}
              onPress={() => write.run(reason.trim() === '' ? {} : { reason: reason.trim() })}
            >
              {words.orders.cancelOrder}
            </Button>
          </>
        }
      >
        <p>{words.orders.cancelText(unitsOf(order))}</p>
        <Field label={words.orders.reason} value={reason} onChange={setReason} maxLength={200} autoFocus />
        <WriteNotice state={write.state} />
      </Dialog>
    </>
  );
}

function ShipOrder({ order }: { order: Order }) {
  const [carrier, setCarrier] = useState('');
  const [trackingNumber, setTrackingNumber] = useState('');
  const write = useOrderWrite<{ carrier: string; trackingNumber: string }>('ship', order, (client, body, options) =>
    client.orders.ship(order.id, body, options),
  );
  const isComplete = carrier.trim() !== '' && trackingNumber.trim() !== '';
  return (
    <>
      <Button kind="main" onPress={write.open}>
        {words.orders.shipOrder}
      </Button>
      <Dialog
        title={words.orders.shipTitle(order.number)}
        isOpen={write.isOpen}
        onClose={write.close}
        actions={
          <>
            <Button onPress={write.close}>{words.shell.cancel}</Button>
            <Button
              kind="main"
              isBusy={write.isBusy}
              isDisabled={!isComplete}
              onPress={() => write.run({ carrier: carrier.trim(), trackingNumber: trackingNumber.trim() })}
            >
              {words.orders.shipOrder}
            </Button>
          </>
        }
      >
        <p>{words.orders.shipText(unitsOf(order))}</p>
        <Field label={words.orders.carrier} value={carrier} onChange={setCarrier} maxLength={64} autoFocus />
        <Field label={words.orders.trackingNumber} value={trackingNumber} onChange={setTrackingNumber} maxLength={64} />
        <WriteNotice state={write.state} />
      </Dialog>
    </>
  );
}

function DeliverOrder({ order }: { order: Order }) {
  const write = useOrderWrite<Record<string, never>>('deliver', order, (client, _body, options) =>
    client.orders.deliver(order.id, options),
  );
  return (
    <>
      <Button kind="main" onPress={write.open}>
        {words.orders.deliverOrder}
      </Button>
      <Dialog
        title={words.orders.deliverTitle(order.number)}
        isOpen={write.isOpen}
        onClose={write.close}
        actions={
          <>
            <Button onPress={write.close}>{words.shell.cancel}</Button>
            <Button kind="main" isBusy={write.isBusy} onPress={() => write.run({})}>
              {words.orders.deliverOrder}
            </Button>
          </>
        }
      >
        <p>{words.orders.deliverText}</p>
        <WriteNotice state={write.state} />
      </Dialog>
    </>
  );
}
