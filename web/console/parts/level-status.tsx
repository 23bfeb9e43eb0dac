import type { Product } from '@shop/client';
import { Status } from '../../shared/components/status.tsx';
import { words } from '../../shared/words/locale.ts';
import { levelStateOf } from '../stories/units.ts';

/** Whether a product can still be ordered. */
export function LevelStatus({ product }: { product: Product }) {
  switch (levelStateOf(product)) {
    case 'sold-out':
      return (
        <Status mood="bad" mark="✕">
          {words.stock.soldOut}
        </Status>
      );
    case 'low':
      return (
        <Status mood="waiting" mark="◐">
          {words.stock.low}
        </Status>
      );
    case 'in-stock':
      return (
        <Status mood="good" mark="●">
          {words.stock.inStock}
        </Status>
      );
  }
}
