import type { Client, Product } from '@shop/client';
import { useQueryClient } from '@tanstack/react-query';
import { useDialogWrite } from './use-dialog-write.ts';

/** A change of a product's stock, in a dialog. */
export function useStockWrite<Input>(
  name: string,
  { sku }: Product,
  send: (client: Client, input: Input, options: { key: string }) => Promise<Product>,
) {
  const queries = useQueryClient();
  return useDialogWrite<Input, Product>({
    name: `${name}-${sku}`,
    send,
    onDone(after) {
      queries.setQueryData(['product', sku], after);
      void queries.invalidateQueries({ queryKey: ['products'] });
      void queries.invalidateQueries({ queryKey: ['movements', sku] });
    },
  });
}
