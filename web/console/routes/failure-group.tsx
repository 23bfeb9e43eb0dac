import type { DeadLetter } from '@shop/client';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
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
import { Time } from '../../shared/components/time.tsx';
import { words } from '../../shared/words/locale.ts';
import { DeadLetterStatus, deadLetterStatuses } from '../parts/dead-letter-status.tsx';
import { ReplayGroup } from '../parts/replay-group.tsx';
import { lastErrorOf, setAsideAt } from '../stories/dead-letters.ts';
import styles from './failures.module.css';

const PAGE_SIZE = 50;
type Status = DeadLetter['status'];

/** The dead letters of a service: of one group, or in one state; without filters all of them. */
export function FailureGroupPage() {
  const { service = '' } = useParams({ strict: false }) as { service?: string };
  const [{ group, status }, change] = useFilters<'group' | 'status'>();
  const query = { ...(group && { group }), ...(status !== 'any' && { status: (status || 'open') as Status }) };
  const letters = useInfiniteQuery({
    queryKey: ['dead-letters', service, query],
    queryFn: ({ pageParam, signal }) =>
      api
        .operations(service)
        .deadLetters({ ...query, limit: PAGE_SIZE }, { signal })
        .page(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor,
  });
  const counted = useQuery({
    queryKey: ['dead-letter-groups', service],
    queryFn: ({ signal }) => api.operations(service).deadLetterGroups({ signal }),
  });
  const open = counted.data?.find((one) => one.group === group);
  const rows = letters.data?.pages.flatMap(({ items }) => items) ?? [];
  const [, type, reason] = group?.split(':') ?? [];
  return (
    <Page
      title={type === undefined ? service : words.failures.messageType(type)}
      aside={open && <ReplayGroup service={service} group={open} />}
    >
      <p className={styles.intro}>
        <Link to="/failures">{words.failures.title}</Link> · {service}
        {reason !== undefined && ` · ${words.failures.why(reason)}`}
      </p>
      <Filters>
        <Choice
          label={words.failures.status}
          value={status || 'open'}
          options={[...deadLetterStatuses, { value: 'any', text: words.failures.anyStatus }]}
          onChange={(status) => change({ status })}
        />
      </Filters>
      {letters.isError && <ErrorPanel error={letters.error} onRetry={() => void letters.refetch()} />}
      {letters.isPending && <Loading />}
      {letters.isSuccess && rows.length === 0 && (
        <EmptyState title={words.failures.noneHere}>{words.failures.noneHereText}</EmptyState>
      )}
      {rows.length > 0 && (
        <Table
          label={words.failures.title}
          columns={
            group ? columnsOf(service).filter(({ title }) => title !== words.failures.message) : columnsOf(service)
          }
          rows={rows}
          rowKey={({ id }) => id}
        />
      )}
      {letters.hasNextPage && (
        <p className="more">
          <Button isBusy={letters.isFetchingNextPage} onPress={() => void letters.fetchNextPage()}>
            {words.shell.older}
          </Button>
        </p>
      )}
    </Page>
  );
}

function columnsOf(service: string): readonly Column<DeadLetter>[] {
  return [
    {
      title: words.failures.id,
      cell: ({ id }) => <Link to={`/failures/${service}/${id}`}>{`…${id.slice(-8)}`}</Link>,
    },
    { title: words.failures.message, cell: ({ type }) => words.failures.messageType(type) },
    { title: words.failures.status, cell: ({ status }) => <DeadLetterStatus status={status} /> },
    {
      title: words.failures.reason,
      isWide: true,
      isExtra: true,
      cell: (letter) => lastErrorOf(letter) ?? words.failures.why(letter.reason),
    },
    { title: words.failures.attempts, align: 'end', isExtra: true, cell: ({ attempts }) => attempts },
    { title: words.failures.arrived, align: 'end', cell: (letter) => <Time at={setAsideAt(letter)} /> },
  ];
}
