import type { Order } from '@shop/client';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
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
import { Time } from '../../shared/components/time.tsx';
import { useNewOrders } from '../../shared/live/use-live.ts';
import { words } from '../../shared/words/locale.ts';
import { ListAndDetail } from '../parts/list-and-detail.tsx';
import { OrderStatus, orderStatuses } from '../parts/order-status.tsx';
import { OrderTotal } from '../parts/order-total.tsx';
import { ProductLine } from '../parts/product-line.tsx';
import { linesText, totalOf } from '../stories/order-facts.ts';
import { isSku } from '../stories/search.ts';

const PAGE_SIZE = 50;
type FilterName = 'status' | 'sku' | 'customerId' | 'clientId';

/** All orders, newest first, and beside them the one that is open. The filters are in the address. */
export function OrdersPage() {
  const { order } = useParams({ strict: false }) as { order?: string };
  return (
    <ListAndDetail path="/orders" open={order}>
      <OrderList isBeside={order !== undefined} />
    </ListAndDetail>
  );
}

function OrderList({ isBeside }: { isBeside: boolean }) {
  const [{ status, sku, customerId, clientId }] = useFilters<FilterName>();
  const query = { status, sku, customerId, clientId } as Parameters<typeof api.orders.list>[0];
  const orders = useInfiniteQuery({
    queryKey: ['orders', query],
    queryFn: async ({ pageParam, signal }) =>
      sku !== undefined && !isSku(sku)
        ? { items: [], nextCursor: undefined }
        : api.orders.list({ ...query, limit: PAGE_SIZE }, { signal }).page(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor,
  });
  const rows = orders.data?.pages.flatMap(({ items }) => items) ?? [];
  const fresh = useNewOrders(orders.dataUpdatedAt);
  const isFiltered = (status ?? sku ?? customerId ?? clientId) !== undefined;
  return (
    <Page
      title={words.orders.title}
      isBeside={isBeside}
      aside={
        fresh > 0 && (
          <Button kind="plain" onPress={() => void orders.refetch()}>
            {words.overview.newOrders(fresh)}
          </Button>
        )
      }
    >
      <OrderFilters />
      {sku !== undefined && isSku(sku) && <ProductLine sku={sku} />}
      {orders.isError && <ErrorPanel error={orders.error} onRetry={() => void orders.refetch()} />}
      {orders.isPending && <Loading />}
      {orders.isSuccess && rows.length === 0 && (
        <EmptyState title={isFiltered ? noneFound(orders.hasNextPage) : words.orders.none}>
          {isFiltered ? words.orders.noneFilteredText : words.orders.noneText}
        </EmptyState>
      )}
      {rows.length > 0 && (
        <Table label={words.orders.title} columns={columnsOf(rows)} rows={rows} rowKey={({ id }) => id} />
      )}
      {orders.hasNextPage && (
        <p className="more">
          <Button isBusy={orders.isFetchingNextPage} onPress={() => void orders.fetchNextPage()}>
            {words.shell.older}
          </Button>
        </p>
      )}
    </Page>
  );
}

/** A page of a filter that reads many orders may have none, and yet not be the last. */
function noneFound(hasOlder: boolean): string {
  return hasOlder ? words.orders.noneSoFar : words.orders.noneFiltered;
}

const columns: readonly Column<Order>[] = [
  { title: words.orders.number, cell: ({ number }) => <OrderLink number={number} /> },
  { title: words.orders.status, cell: ({ status }) => <OrderStatus status={status} /> },
  { title: words.orders.lines, isWide: true, isExtra: true, cell: ({ lines }) => linesText(lines) },
  { title: words.orders.customer, isExtra: true, cell: ({ customerId }) => customerId },
  { title: words.orders.client, isExtra: true, cell: ({ clientId }) => clientId },
  { title: words.orders.placed, align: 'end', cell: ({ createdAt }) => <Time at={createdAt} /> },
];

/** With the totals, unless no order has prices. */
function columnsOf(orders: readonly Order[]): readonly Column<Order>[] {
  if (orders.every(({ lines }) => totalOf(lines) === undefined)) return columns;
  return columns.toSpliced(-1, 0, {
    title: words.orders.total,
    align: 'end',
    cell: (order) => <OrderTotal order={order} />,
  });
}

/** It keeps the filters, so that the list beside the order, and the way back, stay as they are. */
function OrderLink({ number }: { number: string }) {
  return (
    <Link to="/orders/$order" params={{ order: number }} search={(before: object) => before} resetScroll={false}>
      {number}
    </Link>
  );
}

const TEXT_FILTERS = {
  sku: words.orders.sku,
  customerId: words.orders.customer,
  clientId: words.orders.client,
};
const NO_FILTERS = { status: '', sku: '', customerId: '', clientId: '' };

function OrderFilters() {
  const [filters, change] = useFilters<FilterName>();
  const isFiltered = Object.values(filters).some(Boolean);
  return (
    <Filters onClear={isFiltered ? () => change(NO_FILTERS) : undefined}>
      <Choice
        label={words.orders.status}
        value={filters.status ?? ''}
        options={[{ value: '', text: words.orders.anyStatus }, ...orderStatuses]}
        onChange={(status) => change({ status })}
      />
      {(Object.keys(TEXT_FILTERS) as (keyof typeof TEXT_FILTERS)[]).map((name) => (
        <TextFilter
          key={`${name} ${filters[name] ?? ''}`}
          label={TEXT_FILTERS[name]}
          value={filters[name] ?? ''}
          onChange={(value) => change({ [name]: value })}
        />
      ))}
    </Filters>
  );
}
