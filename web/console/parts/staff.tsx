import { useInfiniteQuery } from '@tanstack/react-query';
import { api } from '../../shared/api/client.ts';
import { Button } from '../../shared/components/button.tsx';
import { Copyable } from '../../shared/components/copyable.tsx';
import { ErrorPanel } from '../../shared/components/error-panel.tsx';
import { Loading } from '../../shared/components/page.tsx';
import { Panel } from '../../shared/components/panel.tsx';
import { type Column, Table } from '../../shared/components/table.tsx';
import { Time } from '../../shared/components/time.tsx';
import { words } from '../../shared/words/locale.ts';
import type { AccountRecord } from '../stories/accounts.ts';
import { AccountLink } from './account-link.tsx';
import { AccountStatus } from './account-status.tsx';
import styles from './staff.module.css';

const PAGE_SIZE = 50;

/** Who is staff, and how people become it. Only a command changes roles, so that no session of the console can. */
export function Staff() {
  const staff = useInfiniteQuery({
    queryKey: ['staff'],
    queryFn: ({ pageParam, signal }) => api.accounts.staff({ limit: PAGE_SIZE }, { signal }).page(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor,
  });
  const rows = staff.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Panel title={words.accounts.staff}>
      {staff.isError && <ErrorPanel error={staff.error} onRetry={() => void staff.refetch()} />}
      {staff.isPending && <Loading />}
      {rows.length > 0 && <Table label={words.accounts.staff} columns={columns} rows={rows} rowKey={({ id }) => id} />}
      {staff.hasNextPage && (
        <p className="more">
          <Button isBusy={staff.isFetchingNextPage} onPress={() => void staff.fetchNextPage()}>
            {words.accounts.moreStaff}
          </Button>
        </p>
      )}
      <Commands />
    </Panel>
  );
}

const columns: readonly Column<AccountRecord>[] = [
  {
    title: words.accounts.email,
    cell: ({ id, email }) => <AccountLink account={id}>{email}</AccountLink>,
  },
  { title: words.accounts.name, isWide: true, isExtra: true, cell: ({ name }) => name },
  { title: words.accounts.roles, isExtra: true, cell: ({ roles }) => roles.join(', ') },
  { title: words.accounts.status, cell: ({ status }) => <AccountStatus status={status} /> },
  { title: words.accounts.since, align: 'end', isExtra: true, cell: ({ createdAt }) => <Time at={createdAt} /> },
];

const commands: readonly [what: string, command: string][] = [
  [words.accounts.inviteCommand, 'npm run staff -- add kim@example.org --role backoffice --role operations'],
  [words.accounts.removeCommand, 'npm run staff -- remove kim@example.org'],
];

function Commands() {
  return (
    <>
      <p className={styles.text}>{words.accounts.staffText}</p>
      <dl className={styles.commands}>
        {commands.map(([what, command]) => (
          <div key={command}>
            <dt>{what}</dt>
            <dd>
              <Copyable value={command} what={words.accounts.command} isWhole />
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}
