import { isRefusal, type Order } from '@shop/client';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { api } from '../../shared/api/client.ts';
import { Copyable } from '../../shared/components/copyable.tsx';
import { EmptyState } from '../../shared/components/empty-state.tsx';
import { ErrorPanel } from '../../shared/components/error-panel.tsx';
import { Facts } from '../../shared/components/facts.tsx';
import { Loading, Page } from '../../shared/components/page.tsx';
import { Panel } from '../../shared/components/panel.tsx';
import { type Column, Table } from '../../shared/components/table.tsx';
import { Time } from '../../shared/components/time.tsx';
import { words } from '../../shared/words/locale.ts';
import { AccountStatus } from '../parts/account-status.tsx';
import { OrderStatus } from '../parts/order-status.tsx';
import { OrderTotal } from '../parts/order-total.tsx';
import thing from '../parts/thing.module.css';
import { type AccountRecord, accountSentence, accountTitle } from '../stories/accounts.ts';
import { SHOP_CLIENT } from '../stories/order-facts.ts';

/** One account, by its id: who it is, and its orders. */
export function AccountPage() {
  const { account: id = '' } = useParams({ strict: false }) as { account?: string };
  const found = useQuery({ queryKey: ['account', id], queryFn: ({ signal }) => findAccount(id, signal) });
  if (found.data) return <Account account={found.data} />;
  return (
    <Page title={words.accounts.account}>
      {found.isPending && <Loading />}
      {found.data === null && (
        <EmptyState title={words.accounts.noneOfId}>
          <Link to="/accounts">{words.accounts.title}</Link>
        </EmptyState>
      )}
      {found.isError && <ErrorPanel error={found.error} onRetry={() => void found.refetch()} />}
    </Page>
  );
}

/** `null` if there is none. */
async function findAccount(id: string, signal: AbortSignal): Promise<AccountRecord | null> {
  try {
    return await api.accounts.get(id, { signal });
  } catch (error) {
    if (isRefusal(error, 'account-not-found')) return null;
    throw error;
  }
}

function Account({ account }: { account: AccountRecord }) {
  return (
    <Page title={accountTitle(account, words.accounts)}>
      <p className={thing.sentence}>
        <AccountStatus status={account.status} />
        <span>{accountSentence(account, words.accounts)}</span>
      </p>
      <div className={thing.columns}>
        <AccountFacts account={account} />
        <AccountOrders id={account.id} />
      </div>
    </Page>
  );
}

function AccountFacts({ account }: { account: AccountRecord }) {
  const { id, email, name, locale, roles, createdAt, updatedAt, version } = account;
  return (
    <Panel title={words.accounts.facts}>
      <Facts
        facts={[
          [words.accounts.id, <Copyable key="id" value={id} what={words.accounts.id} />],
          [words.accounts.email, email],
          [words.accounts.name, name],
          [words.accounts.language, locale],
          [words.accounts.roles, roles.join(', ')],
          [words.accounts.since, <Time key="since" at={createdAt} />],
          [words.accounts.changed, <Time key="changed" at={updatedAt} />],
          [words.accounts.version, version],
        ]}
      />
    </Panel>
  );
}

const SHOWN_ORDERS = 10;

/** The newest orders that the person placed in the shop; those of other clients belong to no account. */
function AccountOrders({ id }: { id: string }) {
  const query = { customerId: id, clientId: SHOP_CLIENT };
  const orders = useQuery({
    queryKey: ['orders', query, SHOWN_ORDERS],
    queryFn: ({ signal }) => api.orders.list({ ...query, limit: SHOWN_ORDERS }, { signal }).page(),
  });
  const rows = orders.data?.items ?? [];
  return (
    <Panel
      title={words.accounts.orders}
      aside={
        rows.length > 0 && (
          <Link to="/orders" search={query}>
            {words.accounts.allOrders}
          </Link>
        )
      }
    >
      {orders.isPending && <Loading />}
      {orders.isError && <ErrorPanel error={orders.error} onRetry={() => void orders.refetch()} />}
      {orders.isSuccess && rows.length === 0 && (
        <EmptyState title={words.accounts.noOrders}>{words.accounts.noOrdersText}</EmptyState>
      )}
      {rows.length > 0 && <Table label={words.accounts.orders} columns={columns} rows={rows} rowKey={({ id }) => id} />}
    </Panel>
  );
}

const columns: readonly Column<Order>[] = [
  { title: words.orders.number, cell: ({ number }) => <Link to={`/orders/${number}`}>{number}</Link> },
  { title: words.orders.status, cell: ({ status }) => <OrderStatus status={status} /> },
  { title: words.orders.total, align: 'end', isExtra: true, cell: (order) => <OrderTotal order={order} /> },
  { title: words.orders.placed, align: 'end', cell: ({ createdAt }) => <Time at={createdAt} /> },
];
