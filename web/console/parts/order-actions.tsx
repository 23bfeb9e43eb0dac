import type { Client, Order } from '@shop/client';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Button } from '../../shared/components/button.tsx';
import { Dialog } from '../../shared/components/dialog.tsx';
import { Field } from '../../shared/components/field.tsx';
import { WriteNotice } from '../../shared/components/write-notice.tsx';
import { words } from '../../shared/words/locale.ts';
import { useDialogWrite } from './use-dialog-write.ts';

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

/** A write on an order, in a dialog. */
function useOrderWrite<Input>(name: string, { id, number }: Order, send: Send<Input>) {
  const queries = useQueryClient();
  return useDialogWrite<Input, Order>({
    name: `${name}-${id}`,
    send,
    onDone(after) {
      queries.setQueryData(['order', number], after);
      queries.setQueryData(['order', id], after);
      void queries.invalidateQueries({ queryKey: ['orders'] });
    },
  });
}

function unitsOf({ lines }: Order): string {
  return lines.map(({ quantity, sku }) => words.orders.unitsOf(quantity, sku)).join(', ');
}

function CancelOrder({ order }: { order: Order }) {
  const [reason, setReason] = useState('');
  const write = useOrderWrite<{ reason?: string }>('cancel', order, (client, body, options) =>
    client.orders.cancel(order.id, body, options),
  );
  const { unanswered } = write;
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
              onPress={() => write.run(unanswered ?? (reason.trim() === '' ? {} : { reason: reason.trim() }))}
            >
              {write.state.kind === 'unknown' ? words.shell.checkAgain : words.orders.cancelOrder}
            </Button>
          </>
        }
      >
        <p>{words.orders.cancelText(unitsOf(order))}</p>
        <Field
          label={words.orders.reason}
          value={unanswered ? (unanswered.reason ?? '') : reason}
          onChange={setReason}
          isReadOnly={unanswered !== undefined}
          maxLength={200}
          autoFocus
        />
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
  const { unanswered } = write;
  const shipment = unanswered ?? { carrier: carrier.trim(), trackingNumber: trackingNumber.trim() };
  const isComplete = shipment.carrier !== '' && shipment.trackingNumber !== '';
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
            <Button kind="main" isBusy={write.isBusy} isDisabled={!isComplete} onPress={() => write.run(shipment)}>
              {write.state.kind === 'unknown' ? words.shell.checkAgain : words.orders.shipOrder}
            </Button>
          </>
        }
      >
        <p>{words.orders.shipText(unitsOf(order))}</p>
        <Field
          label={words.orders.carrier}
          value={unanswered?.carrier ?? carrier}
          onChange={setCarrier}
          isReadOnly={unanswered !== undefined}
          maxLength={64}
          autoFocus
        />
        <Field
          label={words.orders.trackingNumber}
          value={unanswered?.trackingNumber ?? trackingNumber}
          onChange={setTrackingNumber}
          isReadOnly={unanswered !== undefined}
          maxLength={64}
        />
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
              {write.state.kind === 'unknown' ? words.shell.checkAgain : words.orders.deliverOrder}
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
