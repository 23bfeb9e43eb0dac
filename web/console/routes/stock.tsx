import type { Product } from '@shop/client';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useFilters } from '../../shared/address.ts';
import { api } from '../../shared/api/client.ts';
import { Button } from '../../shared/components/button.tsx';
import { EmptyState } from '../../shared/components/empty-state.tsx';
import { ErrorPanel } from '../../shared/components/error-panel.tsx';
import { Choice } from '../../shared/components/field.tsx';
import { Filters } from '../../shared/components/filters.tsx';
import { Loading, Page } from '../../shared/components/page.tsx';
import { type Column, Table } from '../../shared/components/table.tsx';
import { TextFilter } from '../../shared/components/text-filter.tsx';
import { locale, words } from '../../shared/words/locale.ts';
import { ExportLevels } from '../parts/export-levels.tsx';
import { ImportNotice } from '../parts/import-notice.tsx';
import { LevelStatus } from '../parts/level-status.tsx';
import { unitsText } from '../stories/units.ts';

const PAGE_SIZE = 50;

/** All levels; those that run out first, unless the address says otherwise. */
export function StockPage() {
  const [{ sku, order }] = useFilters<'sku' | 'order'>();
  const query = { ...(sku && { sku }), ...(order !== 'sku' && { sort: 'available' as const }) };
  const products = useInfiniteQuery({
    queryKey: ['products', query],
    queryFn: ({ pageParam, signal }) => api.products.list({ ...query, limit: PAGE_SIZE }, { signal }).page(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor,
  });
  const rows = products.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Page
      title={words.stock.title}
      aside={
        <>
          <ExportLevels />
          <Link to="/stock/import/csv">{words.stock.import}</Link>
        </>
      }
    >
      <ImportNotice />
      <StockFilters />
      {products.isError && <ErrorPanel error={products.error} onRetry={() => void products.refetch()} />}
      {products.isPending && <Loading />}
      {products.isSuccess && rows.length === 0 && (
        <EmptyState title={sku ? words.stock.noneOfSku(sku) : words.stock.none}>
          {sku ? words.stock.noneOfSkuText : words.stock.noneText}
        </EmptyState>
      )}
      {rows.length > 0 && <Table label={words.stock.title} columns={columns} rows={rows} rowKey={({ sku }) => sku} />}
      {products.hasNextPage && (
        <p className="more">
          <Button isBusy={products.isFetchingNextPage} onPress={() => void products.fetchNextPage()}>
            {words.stock.more}
          </Button>
        </p>
      )}
    </Page>
  );
}

const columns: readonly Column<Product>[] = [
  {
    title: words.stock.sku,
    cell: ({ sku }) => (
      <Link to="/stock/$sku" params={{ sku }}>
        {sku}
      </Link>
    ),
  },
  { title: words.stock.name, isWide: true, isExtra: true, cell: ({ name }) => name },
  { title: words.stock.level, cell: (product) => <LevelStatus product={product} /> },
  { title: words.stock.available, align: 'end', cell: ({ available }) => unitsText(available, locale) },
  { title: words.stock.reserved, align: 'end', isExtra: true, cell: ({ reserved }) => unitsText(reserved, locale) },
  { title: words.stock.onHand, align: 'end', isExtra: true, cell: ({ onHand }) => unitsText(onHand, locale) },
];

function StockFilters() {
  const [{ sku, order }, change] = useFilters<'sku' | 'order'>();
  return (
    <Filters onClear={sku ? () => change({ sku: '' }) : undefined}>
      <Choice
        label={words.stock.order}
        value={order === 'sku' ? 'sku' : ''}
        options={[
          { value: '', text: words.stock.lowFirst },
          { value: 'sku', text: words.stock.bySku },
        ]}
        onChange={(order) => change({ order })}
      />
      <TextFilter key={sku ?? ''} label={words.stock.findSku} value={sku ?? ''} onChange={(sku) => change({ sku })} />
    </Filters>
  );
}
