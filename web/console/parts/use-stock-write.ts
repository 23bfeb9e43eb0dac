import type { Client, Product } from '@shop/client';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { openIntent } from '../../shared/api/intents.ts';
import { useWrite } from '../../shared/api/write.ts';

/**
 * A change of a product's stock, in a dialog that closes when there is an answer. While an answer is missing, only the same change
 * can be sent: another one would be a second change, and nobody knows yet whether the first was made.
 */
export function useStockWrite<Input>(
  name: string,
  { sku }: Product,
  send: (client: Client, input: Input, options: { key: string }) => Promise<Product>,
) {
  const queries = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const write = useWrite<Input, Product>({
    name: `${name}-${sku}`,
    send,
    onDone: (after) => {
      queries.setQueryData(['product', sku], after);
      void queries.invalidateQueries({ queryKey: ['products'] });
      void queries.invalidateQueries({ queryKey: ['movements', sku] });
      setOpen(false);
    },
  });
  const unanswered = openIntent<Input>(sessionStorage, `${name}-${sku}`)?.input;
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
