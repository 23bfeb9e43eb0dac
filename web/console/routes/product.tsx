import type { Product } from '@shop/client';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useSession } from '../../shared/api/use-session.ts';
import { EmptyState } from '../../shared/components/empty-state.tsx';
import { ErrorPanel } from '../../shared/components/error-panel.tsx';
import { Facts } from '../../shared/components/facts.tsx';
import { Loading, Page } from '../../shared/components/page.tsx';
import { Panel } from '../../shared/components/panel.tsx';
import { Time } from '../../shared/components/time.tsx';
import { locale, words } from '../../shared/words/locale.ts';
import { AdjustStock } from '../parts/adjust-stock.tsx';
import { CountStock } from '../parts/count-stock.tsx';
import { Ledger } from '../parts/ledger.tsx';
import { LevelStatus } from '../parts/level-status.tsx';
import { findProduct } from '../parts/product.ts';
import thing from '../parts/thing.module.css';
import { unitsText } from '../stories/units.ts';
import styles from './product.module.css';

/** One product: its level, what can be done with it, and its ledger. */
export function ProductPage() {
  const { sku = '' } = useParams({ strict: false }) as { sku?: string };
  const product = useQuery({
    queryKey: ['product', sku],
    queryFn: ({ signal }) => findProduct(sku, signal),
    refetchInterval: 10_000,
  });
  if (product.data) return <ProductStock product={product.data} />;
  return (
    <Page title={sku}>
      {product.isPending && <Loading />}
      {product.data === null && (
        <EmptyState title={words.stock.noneOfSku(sku)}>
          <Link to="/stock">{words.stock.all}</Link>
        </EmptyState>
      )}
      {product.isError && <ErrorPanel error={product.error} onRetry={() => void product.refetch()} />}
    </Page>
  );
}

function ProductStock({ product }: { product: Product }) {
  const session = useSession();
  const mayChange = session.state === 'signed-in' && session.person.roles.includes('backoffice');
  return (
    <Page
      title={product.sku}
      aside={
        mayChange && (
          <>
            <CountStock product={product} />
            <AdjustStock product={product} />
          </>
        )
      }
    >
      <p className={thing.sentence}>
        <LevelStatus product={product} />
        <span>{product.name}</span>
        <Link to="/orders" search={{ sku: product.sku }}>
          {words.orders.ofSku}
        </Link>
      </p>
      <div className={thing.columns}>
        <Panel title={words.stock.level}>
          <Facts
            facts={[
              [words.stock.onHand, <Units key="on-hand" units={product.onHand} />],
              [words.stock.reserved, <Units key="reserved" units={product.reserved} />],
              [words.stock.available, <Units key="available" units={product.available} />],
              [words.stock.since, <Time key="since" at={product.createdAt} />],
            ]}
          />
        </Panel>
        <Ledger product={product} />
      </div>
    </Page>
  );
}

function Units({ units }: { units: number }) {
  return <span className={styles.units}>{unitsText(units, locale)}</span>;
}
