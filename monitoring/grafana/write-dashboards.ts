/** `npm run dashboards`: generates Grafana's files from dashboards.ts. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dashboards } from './dashboards.ts';
import { toGrafana } from './panel.ts';

for (const [name, dashboard] of Object.entries(dashboards)) {
  writeFileSync(join(import.meta.dirname, 'dashboards', `${name}.json`), toGrafana(dashboard));
}
