import type { Movement, Product } from '@shop/client';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api } from '../../shared/api/client.ts';
import { Button } from '../../shared/components/button.tsx';
import { EmptyState } from '../../shared/components/empty-state.tsx';
import { ErrorPanel } from '../../shared/components/error-panel.tsx';
import { Loading } from '../../shared/components/page.tsx';
import { type Column, Table } from '../../shared/components/table.tsx';
import { Time } from '../../shared/components/time.tsx';
import { locale, words } from '../../shared/words/locale.ts';
import { changeText } from '../stories/units.ts';
import { Actor } from './actor.tsx';
import styles from './ledger.module.css';

const PAGE_SIZE = 50;

/** What changed a product's stock, newest first. It is read again when the level changes. */
export function Ledger({ product: { sku, onHand, reserved } }: { product: Product }) {
  const movements = useInfiniteQuery({
    queryKey: ['movements', sku, onHand, reserved],
    queryFn: ({ pageParam, signal }) => api.products.movements(sku, { limit: PAGE_SIZE }, { signal }).page(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor,
    placeholderData: (before) => before,
  });
  const rows = movements.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <div>
      <h2 className={styles.title}>{words.stock.ledger}</h2>
      <p className={styles.text}>{words.stock.ledgerText}</p>
      {movements.isError && <ErrorPanel error={movements.error} onRetry={() => void movements.refetch()} />}
      {movements.isPending && <Loading />}
      {movements.isSuccess && rows.length === 0 && (
        <EmptyState title={words.stock.noMovements}>{words.stock.noMovementsText}</EmptyState>
      )}
      {rows.length > 0 && <Table label={words.stock.ledger} columns={columns} rows={rows} rowKey={({ id }) => id} />}
      {movements.hasNextPage && (
        <p className="more">
          <Button isBusy={movements.isFetchingNextPage} onPress={() => void movements.fetchNextPage()}>
            {words.shell.older}
          </Button>
        </p>
      )}
    </div>
  );
}

const columns: readonly Column<Movement>[] = [
  { title: words.stock.change, cell: (movement) => <Cause {...movement} /> },
  { title: words.stock.onHand, align: 'end', cell: ({ deltaOnHand }) => changeText(deltaOnHand, locale) },
  { title: words.stock.reserved, align: 'end', cell: ({ deltaReserved }) => changeText(deltaReserved, locale) },
  { title: words.stock.why, isWide: true, isExtra: true, cell: (movement) => <Reason {...movement} /> },
  { title: words.stock.who, isExtra: true, cell: ({ actor }) => <Actor actor={actor} /> },
  { title: words.stock.when, align: 'end', cell: ({ at }) => <Time at={at} /> },
];

/** The order that caused it, by the end of its id (those of one day begin alike), or what the person gave. */
function Reason({ kind, causeId, reason }: Movement) {
  if (kind === 'adjusted') return reason === 'count' ? '' : reason;
  return (
    <Link to={`/orders/${causeId}`} title={causeId}>
      {words.stock.ofOrder(`…${causeId.slice(-8)}`)}
    </Link>
  );
}

/** What happened; an order's leads to the order. */
function Cause({ kind, causeId, reason }: Movement) {
  if (kind === 'adjusted') return reason === 'count' ? words.stock.counted : words.stock.adjusted;
  return <Link to={`/orders/${causeId}`}>{words.stock[kind]}</Link>;
}
