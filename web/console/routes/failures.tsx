import type { DeadLetterGroup } from '@shop/client';
import { useQueries } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api } from '../../shared/api/client.ts';
import { type ServicePath, servicePaths } from '../../shared/api/health.ts';
import { EmptyState } from '../../shared/components/empty-state.tsx';
import { ErrorPanel } from '../../shared/components/error-panel.tsx';
import { Loading, Page } from '../../shared/components/page.tsx';
import { type Column, Table } from '../../shared/components/table.tsx';
import { Time } from '../../shared/components/time.tsx';
import { locale, words } from '../../shared/words/locale.ts';
import { unitsText } from '../stories/units.ts';
import styles from './failures.module.css';

type Group = DeadLetterGroup & { service: ServicePath };

// A service that is down must not hold up what the others know.
const DEADLINE_MS = 4_000;
const CHECK_EVERY_MS = 5_000;

/** What no service could handle, by what is probably one cause; the oldest first. */
export function FailuresPage() {
  const answers = useQueries({
    queries: servicePaths.map((service) => ({
      queryKey: ['dead-letter-groups', service],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.operations(service).deadLetterGroups({ signal, deadlineMs: DEADLINE_MS }),
      refetchInterval: CHECK_EVERY_MS,
    })),
  });
  const groups = answers
    .flatMap(({ data = [] }, index) => data.map((group) => ({ ...group, service: servicePaths[index] as ServicePath })))
    .sort((one, other) => one.firstAt.localeCompare(other.firstAt));
  const failed = answers.find(({ isError }) => isError);
  return (
    <Page title={words.failures.title}>
      {failed?.error && (
        <ErrorPanel error={failed.error} onRetry={() => answers.forEach((answer) => void answer.refetch())} />
      )}
      {answers.some(({ isPending }) => isPending) && groups.length === 0 && <Loading />}
      {answers.every(({ isSuccess }) => isSuccess) && groups.length === 0 && (
        <EmptyState title={words.failures.none}>{words.failures.noneText}</EmptyState>
      )}
      {groups.length > 0 && (
        <>
          <p className={styles.intro}>{words.failures.intro}</p>
          <Table
            label={words.failures.title}
            columns={columns}
            rows={groups}
            rowKey={({ service, group }) => `${service} ${group}`}
          />
        </>
      )}
    </Page>
  );
}

const columns: readonly Column<Group>[] = [
  {
    title: words.failures.message,
    cell: ({ service, group, type }) => (
      <Link to={`/failures/${service}`} search={{ group }}>
        {words.failures.messageType(type)}
      </Link>
    ),
  },
  { title: words.failures.reason, isWide: true, isExtra: true, cell: ({ reason }) => words.failures.why(reason) },
  { title: words.failures.service, isExtra: true, cell: ({ service }) => service },
  { title: words.failures.count, align: 'end', cell: ({ count }) => unitsText(count, locale) },
  { title: words.failures.first, align: 'end', cell: ({ firstAt }) => <Time at={firstAt} /> },
  { title: words.failures.last, align: 'end', isExtra: true, cell: ({ lastAt }) => <Time at={lastAt} /> },
];
