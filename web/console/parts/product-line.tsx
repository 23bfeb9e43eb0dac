import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { locale, words } from '../../shared/words/locale.ts';
import { unitsText } from '../stories/units.ts';
import { LevelStatus } from './level-status.tsx';
import { findProduct } from './product.ts';
import thing from './thing.module.css';

/** A product in a line, with the way to its stock. */
export function ProductLine({ sku }: { sku: string }) {
  const { data } = useQuery({ queryKey: ['product', sku], queryFn: ({ signal }) => findProduct(sku, signal) });
  if (data === null) return <p className={thing.sentence}>{words.stock.noneOfSku(sku)}</p>;
  return (
    <p className={thing.sentence}>
      {data && <LevelStatus product={data} />}
      {data && <span>{words.stock.availableOf(data.name, unitsText(data.available, locale))}</span>}
      <Link to="/stock/$sku" params={{ sku }}>
        {words.stock.stockOf(sku)}
      </Link>
    </p>
  );
}
