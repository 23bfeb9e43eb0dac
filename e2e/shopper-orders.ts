import { placingForShoppers } from '@shop/chaos/place-for-shopper.ts';
import { v7 as uuidv7 } from 'uuid';
import { INTERNAL_TOKEN, type Services } from './model/services.ts';

/** Places orders of shoppers that are confirmed. */
export function placingOrders({ orderDb: pool, urls }: Services) {
  const shopping = placingForShoppers({
    ...{ pool, inventoryUrls: [urls.inventory], internalToken: INTERNAL_TOKEN, reservationTimeoutMs: 30_000 },
  });
  return {
    /** The id of a confirmed order of this account. */
    async place(accountId: string, quantity = 1): Promise<string> {
      const lines = [{ sku: 'MUG', quantity, unitPrice: 900 }];
      const reply = await shopping.place(`checkout:${uuidv7()}`, { customerId: accountId, currency: 'EUR', lines });
      expect(reply).toMatchObject({ status: 201 });
      return (JSON.parse(reply.body) as { id: string }).id;
    },
    close: shopping.close,
  };
}
