import { isRefusal, type Order } from '@shop/client';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { api } from '../../shared/api/client.ts';
import { Copyable } from '../../shared/components/copyable.tsx';
import { EmptyState } from '../../shared/components/empty-state.tsx';
import { ErrorPanel } from '../../shared/components/error-panel.tsx';
import { Facts } from '../../shared/components/facts.tsx';
import { Money } from '../../shared/components/money.tsx';
import { Loading, Page } from '../../shared/components/page.tsx';
import { Panel } from '../../shared/components/panel.tsx';
import { Table } from '../../shared/components/table.tsx';
import { Time, useNow } from '../../shared/components/time.tsx';
import { words } from '../../shared/words/locale.ts';
import { AccountLink } from '../parts/account-link.tsx';
import { OrderActions } from '../parts/order-actions.tsx';
import { OrderEvents } from '../parts/order-events.tsx';
import { OrderStatus } from '../parts/order-status.tsx';
import thing from '../parts/thing.module.css';
import { type OrderParts, useOrderParts } from '../parts/use-order-parts.ts';
import { isId } from '../stories/accounts.ts';
import { SHOP_CLIENT, totalOf, unitsIn } from '../stories/order-facts.ts';
import { orderSentence } from '../stories/order-sentence.ts';
import styles from './order.module.css';

/** One order as a story. Its address has its number or its id. */
export function OrderPage() {
  const { order: named = '' } = useParams({ strict: false }) as { order?: string };
  const found = useQuery({
    queryKey: ['order', named],
    queryFn: ({ signal }) => findOrder(named, signal),
    refetchInterval: (query) => (query.state.data?.status === 'pending' ? 1_000 : false),
  });
  if (found.data) return <OrderStory order={found.data} />;
  return (
    <Page title={named}>
      {found.isPending && <Loading />}
      {found.data === null && (
        <EmptyState title={words.orders.notFound}>
          {isId(named) ? (
            <AccountLink account={named}>{words.accounts.lookForAccount}</AccountLink>
          ) : (
            <Link to="/orders">{words.orders.all}</Link>
          )}
        </EmptyState>
      )}
      {found.isError && <ErrorPanel error={found.error} onRetry={() => void found.refetch()} />}
    </Page>
  );
}

/** `null` if there is none. */
async function findOrder(named: string, signal: AbortSignal): Promise<Order | null> {
  try {
    if (!named.startsWith('ORD-')) return await api.orders.get(named, { signal });
    const { items } = await api.orders.list({ number: named }, { signal }).page();
    return items[0] ?? null;
  } catch (error) {
    if (isRefusal(error, 'order-not-found') || isRefusal(error, 'validation-failed')) return null;
    throw error;
  }
}

function OrderStory({ order }: { order: Order }) {
  const parts = useOrderParts(order);
  const now = useNow();
  const story = { order, timeline: parts.timeline.data ?? [], reservation: parts.reservation.data ?? undefined };
  return (
    <Page title={order.number} aside={<OrderActions order={order} />}>
      <p className={thing.sentence}>
        <OrderStatus status={order.status} />
        {parts.timeline.isSuccess && <span>{orderSentence(story, words.orders, now)}</span>}
        <span className={styles.units}>{unitsText(order)}</span>
      </p>
      <div className={thing.columns}>
        <div className={styles.facts}>
          <OrderFacts order={order} reservation={parts.reservation} />
          <OrderLines order={order} />
        </div>
        <Panel title={words.orders.story}>
          {parts.timeline.isError && <ErrorPanel error={parts.timeline.error} />}
          {parts.timeline.isSuccess && <OrderEvents {...story} deadLetters={parts.deadLetters} />}
        </Panel>
      </div>
    </Page>
  );
}

/** “3 units of 2 products” */
function unitsText({ lines }: Order): string {
  const { units, skus } = unitsIn(lines);
  const [sku] = skus;
  return skus.length === 1 && sku !== undefined
    ? words.orders.unitsOf(units, sku)
    : words.orders.unitsOfProducts(units, skus.length);
}

function OrderFacts({ order, reservation }: { order: Order; reservation: OrderParts['reservation'] }) {
  const { id, customerId, clientId, createdAt, version, shipment, cancellation } = order;
  return (
    <Panel title={words.orders.facts}>
      <Facts
        facts={[
          [words.orders.id, <Copyable key="id" value={id} what={words.orders.id} />],
          [
            words.orders.customer,
            <Link key="customer" to="/orders" search={{ customerId }}>
              {customerId}
            </Link>,
          ],
          [
            words.orders.account,
            clientId === SHOP_CLIENT ? (
              <AccountLink key="account" account={customerId}>
                {customerId}
              </AccountLink>
            ) : undefined,
          ],
          [
            words.orders.client,
            <Link key="client" to="/orders" search={{ clientId }}>
              {clientId}
            </Link>,
          ],
          [words.orders.placed, <Time key="placed" at={createdAt} />],
          [words.orders.version, version],
          [words.orders.reservation, reservationText(reservation)],
          [words.orders.shipment, shipment && `${shipment.carrier} ${shipment.trackingNumber}`],
          [words.orders.reason, cancellation?.reason],
        ]}
      />
    </Panel>
  );
}

/** Nothing for people who may not see it. */
function reservationText({ data, isError, isForbidden }: OrderParts['reservation']): string | undefined {
  if (data) return words.orders.reservationStates(data.state);
  if (isForbidden) return undefined;
  if (isError) return words.orders.reservationUnknown;
  return data === null ? words.orders.reservationNone : undefined;
}

function OrderLines({ order }: { order: Order }) {
  const total = totalOf(order.lines);
  const hasPrices = order.lines.some(({ unitPrice }) => unitPrice !== undefined);
  return (
    <div>
      <Table
        label={words.orders.lines}
        rows={order.lines}
        rowKey={({ sku, unitPrice }) => `${sku} ${unitPrice}`}
        columns={[
          { title: words.orders.sku, isWide: true, cell: ({ sku }) => sku },
          { title: words.orders.quantity, align: 'end', cell: ({ quantity }) => quantity },
          ...(hasPrices
            ? [
                {
                  title: words.orders.unitPrice,
                  align: 'end' as const,
                  cell: ({ unitPrice }: Order['lines'][number]) =>
                    unitPrice === undefined ? null : <Money amount={unitPrice} currency={order.currency} />,
                },
              ]
            : []),
        ]}
      />
      {total !== undefined && (
        <p className={styles.total}>
          {words.orders.total} <Money amount={total} currency={order.currency} />
        </p>
      )}
    </div>
  );
}
