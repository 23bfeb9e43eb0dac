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
import { linesText } from '../stories/order-facts.ts';

const PAGE_SIZE = 50;
type FilterName = 'status' | 'customerId' | 'clientId';

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
  const [{ status, customerId, clientId }] = useFilters<FilterName>();
  const query = { status, customerId, clientId } as Parameters<typeof api.orders.list>[0];
  const orders = useInfiniteQuery({
    queryKey: ['orders', query],
    queryFn: ({ pageParam, signal }) => api.orders.list({ ...query, limit: PAGE_SIZE }, { signal }).page(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor,
  });
  const rows = orders.data?.pages.flatMap(({ items }) => items) ?? [];
  const fresh = useNewOrders(orders.dataUpdatedAt);
  const isFiltered = (status ?? customerId ?? clientId) !== undefined;
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
      {orders.isError && <ErrorPanel error={orders.error} onRetry={() => void orders.refetch()} />}
      {orders.isPending && <Loading />}
      {orders.isSuccess && rows.length === 0 && (
        <EmptyState title={isFiltered ? words.orders.noneFiltered : words.orders.none}>
          {isFiltered ? words.orders.noneFilteredText : words.orders.noneText}
        </EmptyState>
      )}
      {rows.length > 0 && <Table label={words.orders.title} columns={columns} rows={rows} rowKey={({ id }) => id} />}
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

const columns: readonly Column<Order>[] = [
  { title: words.orders.number, cell: ({ number }) => <OrderLink number={number} /> },
  { title: words.orders.status, cell: ({ status }) => <OrderStatus status={status} /> },
  { title: words.orders.lines, isWide: true, isExtra: true, cell: ({ lines }) => linesText(lines) },
  { title: words.orders.customer, isExtra: true, cell: ({ customerId }) => customerId },
  { title: words.orders.client, isExtra: true, cell: ({ clientId }) => clientId },
  { title: words.orders.total, align: 'end', cell: (order) => <OrderTotal order={order} /> },
  { title: words.orders.placed, align: 'end', cell: ({ createdAt }) => <Time at={createdAt} /> },
];

/** It keeps the filters, so that the list beside the order, and the way back, stay as they are. */
function OrderLink({ number }: { number: string }) {
  return (
    <Link to="/orders/$order" params={{ order: number }} search={(before: object) => before} resetScroll={false}>
      {number}
    </Link>
  );
}

function OrderFilters() {
  const [filters, change] = useFilters<FilterName>();
  const isFiltered = Object.values(filters).some(Boolean);
  return (
    <Filters onClear={isFiltered ? () => change({ status: '', customerId: '', clientId: '' }) : undefined}>
      <Choice
        label={words.orders.status}
        value={filters.status ?? ''}
        options={[{ value: '', text: words.orders.anyStatus }, ...orderStatuses]}
        onChange={(status) => change({ status })}
      />
      {(['customerId', 'clientId'] as const).map((name) => (
        <TextFilter
          key={`${name} ${filters[name] ?? ''}`}
          label={name === 'customerId' ? words.orders.customer : words.orders.client}
          value={filters[name] ?? ''}
          onChange={(value) => change({ [name]: value })}
        />
      ))}
    </Filters>
  );
}
