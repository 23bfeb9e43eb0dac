import type { Reconciliation } from '@shop/client';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api } from '../../shared/api/client.ts';
import { useWrite } from '../../shared/api/write.ts';
import { Button } from '../../shared/components/button.tsx';
import { EmptyState } from '../../shared/components/empty-state.tsx';
import { ErrorPanel } from '../../shared/components/error-panel.tsx';
import { Facts } from '../../shared/components/facts.tsx';
import { Loading } from '../../shared/components/page.tsx';
import { Panel } from '../../shared/components/panel.tsx';
import { Status } from '../../shared/components/status.tsx';
import { Time, useNow } from '../../shared/components/time.tsx';
import { WriteNotice } from '../../shared/components/write-notice.tsx';
import { locale, words } from '../../shared/words/locale.ts';
import { booksSentence, durationOf } from '../stories/books-sentence.ts';
import styles from './service-books.module.css';

/** The services that compare books. */
export type BookKeeper = 'orders' | 'inventory';

type Run = NonNullable<Reconciliation['lastFinished']>;
type Mismatch = Reconciliation['mismatches'][number];

// While a run is on its way, it is looked at by the second.
const RUNNING_MS = 1_000;
const IDLE_MS = 10_000;
const PAGE_SIZE = 50;

/** The last comparison of a service, with what differs, and a button for the next. */
export function ServiceBooks({ service }: { service: BookKeeper }) {
  const now = useNow();
  const books = useInfiniteQuery({
    queryKey: ['reconciliation', service, 'pages'],
    queryFn: ({ pageParam, signal }) =>
      api.operations(service).reconciliation({ limit: PAGE_SIZE, ...(pageParam && { cursor: pageParam }) }, { signal }),
    initialPageParam: '',
    getNextPageParam: ({ nextCursor }) => nextCursor,
    refetchInterval: ({ state }) => (isRunning(state.data?.pages[0]) ? RUNNING_MS : IDLE_MS),
  });
  const [first] = books.data?.pages ?? [];
  const said = first && booksSentence(first, words.books, now, locale);
  const mismatches = books.data?.pages.flatMap((page) => page.mismatches) ?? [];
  return (
    <Panel title={words.books[service]} aside={<CompareAll service={service} isRunning={isRunning(first)} />}>
      {books.isPending && <Loading />}
      {books.isError && <ErrorPanel error={books.error} onRetry={() => void books.refetch()} />}
      {said && (
        <p className={styles.sentence}>
          <Status mood={said.mood} mark={said.mark}>
            {said.word}
          </Status>
          <span>{said.sentence}</span>
        </p>
      )}
      {isRunning(first) && <progress className={styles.progress} aria-label={words.books.isRunning} />}
      {first?.lastFinished && <RunFacts run={first.lastFinished} />}
      {first?.lastFinished && mismatches.length === 0 && (
        <EmptyState title={`✓ ${words.books.none}`}>{words.books.noneText}</EmptyState>
      )}
      {mismatches.length > 0 && (
        <ul className={styles.mismatches} aria-label={words.books.mismatches}>
          {mismatches.map((mismatch) => (
            <MismatchRow key={`${mismatch.kind} ${mismatch.subject}`} service={service} mismatch={mismatch} />
          ))}
        </ul>
      )}
      {books.hasNextPage && (
        <p className="more">
          <Button isBusy={books.isFetchingNextPage} onPress={() => void books.fetchNextPage()}>
            {words.books.more}
          </Button>
        </p>
      )}
    </Panel>
  );
}

function isRunning(books: Reconciliation | undefined): boolean {
  return books?.lastRun?.status === 'running';
}

function RunFacts({ run }: { run: Run }) {
  return (
    <Facts
      facts={[
        [words.books.finished, run.finishedAt && <Time key="finished" at={run.finishedAt} />],
        [words.books.scope, run.full ? words.books.scopeAll : words.books.scopePart],
        [words.books.took, durationOf(run)],
        [words.books.requestedBy, run.requestedBy ?? words.books.schedule],
      ]}
    />
  );
}

/** Its sentences are what an operator needs, so they are not cut as in a table. */
function MismatchRow({ service, mismatch }: { service: BookKeeper; mismatch: Mismatch }) {
  const { kind, subject, expected, found, because, proposal } = mismatch;
  return (
    <li>
      <p className={styles.head}>
        <Subject service={service} subject={subject} />
        <span>{words.books.expectedFound(String(expected), String(found))}</span>
        <span className={styles.quiet}>{kind}</span>
      </p>
      <p className={styles.quiet}>{because}</p>
      <p>{proposal}</p>
    </li>
  );
}

function Subject({ service, subject }: { service: BookKeeper; subject: string }) {
  if (service === 'orders')
    return <Link to={`/orders/${subject}`}>{`${subject.slice(0, 8)}…${subject.slice(-4)}`}</Link>;
  return (
    <Link to="/stock/$sku" params={{ sku: subject }}>
      {subject}
    </Link>
  );
}

/** Starts a full run, or joins the one in progress. */
function CompareAll({ service, isRunning }: { service: BookKeeper; isRunning: boolean }) {
  const queries = useQueryClient();
  const write = useWrite<Record<string, never>, unknown>({
    name: `reconcile-${service}`,
    send: (client, _input, options) => client.operations(service).reconcile(options),
    onDone: () => void queries.invalidateQueries({ queryKey: ['reconciliation', service] }),
  });
  return (
    <div>
      <Button isBusy={write.isBusy || isRunning} onPress={() => write.run({})}>
        {words.books.compareAll}
      </Button>
      <WriteNotice state={write.state} />
    </div>
  );
}
