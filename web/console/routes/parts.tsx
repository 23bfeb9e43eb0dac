import { type ServicePath, servicePaths, useHealth } from '../../shared/api/health.ts';
import { Page } from '../../shared/components/page.tsx';
import { type Mood, Status } from '../../shared/components/status.tsx';
import { type Column, Table } from '../../shared/components/table.tsx';
import { Time } from '../../shared/components/time.tsx';
import { words } from '../../shared/words/locale.ts';
import styles from './parts.module.css';

type Row = { service: ServicePath } & Pick<
  ReturnType<typeof useHealth>[ServicePath],
  'data' | 'isError' | 'dataUpdatedAt'
>;

/** The services: how each is, what it lacks, and which version runs. */
export function PartsPage() {
  const health = useHealth();
  const rows = servicePaths.map((service) => {
    const { data, isError, dataUpdatedAt } = health[service];
    return { service, data, isError, dataUpdatedAt };
  });
  return (
    <Page title={words.parts.title}>
      <Table label={words.parts.title} columns={columns} rows={rows} rowKey={({ service }) => service} />
      <p className={styles.note}>{words.parts.note}</p>
    </Page>
  );
}

const columns: readonly Column<Row>[] = [
  { title: words.parts.service, cell: ({ service }) => <a href={`/docs?of=${service}`}>{service}</a> },
  { title: words.parts.status, cell: (row) => <PartStatus {...row} /> },
  { title: words.parts.database, cell: ({ data }) => <Check isThere={data?.checks.database} /> },
  { title: words.parts.broker, cell: ({ data }) => <Check isThere={data?.checks.broker} /> },
  { title: words.parts.reason, isWide: true, isExtra: true, cell: ({ data }) => data?.reason },
  { title: words.parts.version, align: 'end', isExtra: true, cell: ({ data }) => data?.version },
  {
    title: words.parts.asked,
    align: 'end',
    isExtra: true,
    cell: ({ dataUpdatedAt }) => (dataUpdatedAt === 0 ? null : <Time at={new Date(dataUpdatedAt).toISOString()} />),
  },
];

const looks: Record<string, { mood: Mood; mark: string; text: string }> = {
  ok: { mood: 'good', mark: '●', text: words.parts.ok },
  degraded: { mood: 'waiting', mark: '◐', text: words.parts.degraded },
  down: { mood: 'bad', mark: '✕', text: words.parts.down },
};

function PartStatus({ data, isError }: Row) {
  if (isError) {
    return (
      <Status mood="bad" mark="✕">
        {words.parts.noAnswer}
      </Status>
    );
  }
  const look = looks[data?.status ?? ''];
  if (look === undefined) {
    return (
      <Status mood="quiet" mark="○">
        {words.shell.checkingHealth}
      </Status>
    );
  }
  return (
    <Status mood={look.mood} mark={look.mark}>
      {look.text}
    </Status>
  );
}

function Check({ isThere }: { isThere: boolean | undefined }) {
  if (isThere === undefined) return null;
  return (
    <Status mood={isThere ? 'good' : 'bad'} mark={isThere ? '✓' : '✕'}>
      {isThere ? words.parts.available : words.parts.away}
    </Status>
  );
}
