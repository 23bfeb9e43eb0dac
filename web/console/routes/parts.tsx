import { servicePaths, useHealth } from '../../shared/api/health.ts';
import { Page } from '../../shared/components/page.tsx';
import { Status } from '../../shared/components/status.tsx';
import { Table } from '../../shared/components/table.tsx';
import { words } from '../../shared/words/locale.ts';

/** The services: how they are, and which version runs. */
export function PartsPage() {
  const health = useHealth();
  const rows = servicePaths.map((service) => ({ service, ...health[service] }));
  return (
    <Page title={words.parts.title}>
      <Table
        label={words.parts.title}
        rows={rows}
        rowKey={({ service }) => service}
        columns={[
          { title: 'Service', cell: ({ service }) => service },
          {
            title: 'Status',
            cell: ({ data, isError }) => (
              <Status mood={data?.status === 'ok' && !isError ? 'good' : 'bad'} mark="●">
                {data?.status ?? '…'}
              </Status>
            ),
          },
          { title: 'Version', cell: ({ data }) => data?.version },
        ]}
      />
    </Page>
  );
}
