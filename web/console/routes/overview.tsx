import { Link, useRouter } from '@tanstack/react-router';
import { servicePaths, useHealth } from '../../shared/api/health.ts';
import { useSession } from '../../shared/api/use-session.ts';
import { EmptyState } from '../../shared/components/empty-state.tsx';
import { ErrorPanel } from '../../shared/components/error-panel.tsx';
import { Loading, Page } from '../../shared/components/page.tsx';
import { Panel } from '../../shared/components/panel.tsx';
import { type Mood, Status } from '../../shared/components/status.tsx';
import { Time, useNow } from '../../shared/components/time.tsx';
import { useLiveCount, useLiveState } from '../../shared/live/use-live.ts';
import { locale, words } from '../../shared/words/locale.ts';
import { OrdersChart } from '../parts/orders-chart.tsx';
import { CHART_ORDERS, type Overview, useOverview } from '../parts/use-overview.ts';
import { type Matter, needsAPerson } from '../stories/needs-a-person.ts';
import { ordersPerMinute } from '../stories/orders-per-minute.ts';
import styles from './overview.module.css';

/** How the system does, and what it could not settle by itself. */
export function OverviewPage() {
  const session = useSession();
  const isOperations = session.state === 'signed-in' && session.person.roles.includes('operations');
  const overview = useOverview(isOperations);
  const now = useNow();
  const health = useHealth();
  const minutes = ordersPerMinute(overview.recent.data ?? [], now);
  const isCut = overview.recent.data?.length === CHART_ORDERS;
  const matters = needsAPerson(
    {
      groups: overview.groups,
      pending: overview.pending.data ?? [],
      reconciliations: overview.books.map(({ service, query }) => ({ service, reconciliation: query.data })),
      down: servicePaths.filter((service) => health[service].isError || health[service].data?.status === 'down'),
    },
    now,
  );
  return (
    <Page title={words.overview.title} aside={<LiveNote />}>
      <Figures perMinute={minutes.at(-2)} overview={overview} isOperations={isOperations} />
      {overview.recent.isError && <ErrorPanel error={overview.recent.error} />}
      <Panel title={isCut ? words.overview.chartOfMany(CHART_ORDERS) : words.overview.chart}>
        <OrdersChart minutes={minutes} isEmpty={overview.recent.data?.length === 0} />
      </Panel>
      <Panel title={words.overview.needsAPerson} aside={<CheckedAt ms={overview.readAt} />}>
        {overview.readAt === 0 && matters.length === 0 && <Loading />}
        {overview.readAt > 0 && matters.length === 0 ? (
          <EmptyState title={`✓ ${words.overview.nothing}`}>{words.overview.nothingText}</EmptyState>
        ) : (
          <ul className={styles.matters}>
            {matters.map((matter) => (
              <MatterRow key={matter.key} matter={matter} />
            ))}
          </ul>
        )}
      </Panel>
      {isOperations ? (
        <Promises books={overview.books} />
      ) : (
        <p className={styles.note}>{words.overview.needsOperations}</p>
      )}
    </Page>
  );
}

function LiveNote() {
  const { heardAt } = useLiveState();
  if (heardAt === undefined) return <span>{words.overview.notLive}</span>;
  return <span>{words.overview.live(new Date(heardAt).toLocaleTimeString(locale))}</span>;
}

function CheckedAt({ ms }: { ms: number }) {
  if (ms === 0) return null;
  return (
    <span className={styles.note}>
      {words.overview.checked} <Time at={new Date(ms).toISOString()} />
    </span>
  );
}

interface FiguresProps {
  /** The last whole minute. */
  perMinute: ReturnType<typeof ordersPerMinute>[number] | undefined;
  overview: Overview;
  isOperations: boolean;
}

function Figures({ perMinute, overview, isOperations }: FiguresProps) {
  const mismatches = overview.books.map(({ query }) => query.data?.lastFinished?.total);
  const rate = overview.recent.data && perMinute && perMinute.good + perMinute.waiting + perMinute.bad;
  return (
    <dl className={styles.figures}>
      <Figure name={words.overview.ordersPerMinute} value={rate} />
      <Figure name={words.overview.waiting} value={useLiveCount('pending')} alert="waiting" />
      <Figure name={words.overview.deadLetters} value={useLiveCount('deadLetters')} alert="bad" />
      <Figure name={words.overview.unsent} value={useLiveCount('outbox')} />
      {isOperations && (
        <Figure
          name={words.overview.mismatches}
          value={
            mismatches.some((total) => total === undefined)
              ? undefined
              : mismatches.reduce<number>((a, b) => a + (b ?? 0), 0)
          }
          alert="bad"
        />
      )}
    </dl>
  );
}

function Figure({ name, value, alert }: { name: string; value: number | undefined; alert?: 'waiting' | 'bad' }) {
  const isAlert = alert !== undefined && value !== undefined && value > 0;
  return (
    <div>
      <dd className={isAlert ? styles[alert] : ''}>{value?.toLocaleString(locale) ?? '–'}</dd>
      <dt>{name}</dt>
    </div>
  );
}

const looks: Record<Matter['kind'], { mood: Mood; mark: string }> = {
  'dead-letters': { mood: 'bad', mark: '✕' },
  mismatches: { mood: 'bad', mark: '✕' },
  down: { mood: 'bad', mark: '✕' },
  waiting: { mood: 'waiting', mark: '◐' },
};

function MatterRow({ matter }: { matter: Matter }) {
  const { kind, since, to, search } = matter;
  const isThere = to in useRouter().routesByPath;
  return (
    <li>
      <Status {...looks[kind]}>{matterText(matter)}</Status>
      {since !== undefined && (
        <span className={styles.note}>
          <Time at={since} />
        </span>
      )}
      {isThere && (
        <Link to={to} search={search ?? {}}>
          {words.overview.show}
        </Link>
      )}
    </li>
  );
}

function matterText({ kind, count, subject }: Matter): string {
  if (kind === 'dead-letters') return words.overview.aside(count, words.failures.messageType(subject));
  if (kind === 'mismatches') return words.overview.differ(count, subject);
  return kind === 'down' ? words.overview.down(subject) : words.overview.late(count);
}

function Promises({ books }: { books: Overview['books'] }) {
  const texts = [words.overview.noneLost, words.overview.noneOversold];
  return (
    <Panel title={words.overview.promises}>
      <ul className={styles.matters}>
        {books.map(({ service, query }, index) => {
          const last = query.data?.lastFinished;
          const isKept = last?.total === 0;
          return (
            <li key={service}>
              <Status
                mood={last === undefined ? 'quiet' : isKept ? 'good' : 'bad'}
                mark={last === undefined ? '○' : isKept ? '✓' : '✕'}
              >
                {texts[index]}
              </Status>
              <span className={styles.note}>
                {last?.finishedAt === undefined ? (
                  words.overview.notChecked
                ) : (
                  <>
                    {words.overview.checked} <Time at={last.finishedAt} /> {overText(last.checked)}
                  </>
                )}
              </span>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

function overText(checked: Record<string, number | undefined>): string {
  if (checked.orders !== undefined) return words.overview.overOrders(checked.orders.toLocaleString(locale));
  return words.overview.overProducts((checked.products ?? 0).toLocaleString(locale));
}
