/** All files that list the services, with the regions that are generated from services.ts, and the Dockerfiles. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toTable } from '../e2e/documentation/table.ts';
import { calls, inOrderOfStart, pages, SERVICE_PORT, serviceKeys, services } from '../services.ts';
import {
  developmentRegions,
  overrideRegions,
  productionRegions,
  replicaNames,
  settingsRegions,
  standInRegions,
} from './compose.ts';
import { dockerfileOf, pagesDockerfile } from './dockerfiles.ts';
import { forEachOf, withRegions } from './regions.ts';
import { readTopologies } from './topologies.ts';

/** A file: its current and its generated text. */
export interface RegisteredFile {
  path: string;
  asItIs: string | undefined;
  text: string;
}

/** The queues that a service consumes, by its folder. */
type Queues = ReadonlyMap<string, readonly string[]>;

export async function registeredFiles(root: string): Promise<RegisteredFile[]> {
  const topologies = await readTopologies(root);
  const queues = new Map(
    topologies.map(({ service, topology }) => [service, topology.queues.map(({ name }) => name)] as const),
  );
  const withParts = Object.entries(regionsByFile(queues)).map(([path, regions]) => {
    const asItIs = readFileSync(join(root, path), 'utf8');
    try {
      return { path, asItIs, text: withRegions(asItIs, regions) };
    } catch (error) {
      throw new Error(`${path}: ${(error as Error).message}`);
    }
  });
  const dockerfiles = services.map(({ folder }) =>
    registered(`${folder}/Dockerfile`, dockerfileOf(folder, root), root),
  );
  return [...withParts, ...dockerfiles, registered(`${pages.folder}/Dockerfile`, pagesDockerfile(root), root)];
}

function registered(path: string, text: string, root: string): RegisteredFile {
  const file = join(root, path);
  return { path, asItIs: existsSync(file) ? readFileSync(file, 'utf8') : undefined, text };
}

function regionsByFile(queues: Queues): Record<string, Record<string, string>> {
  return {
    'docker-compose.yml': developmentRegions(),
    'docker-compose.prod.yml': productionRegions(),
    '.env.example': settingsRegions(),
    'e2e/compose/stand-ins.yml': standInRegions(),
    'deploy/ec2/testing/override.yml': overrideRegions(),
    'deploy/backup/connection.sh': { databases: databasesOfScripts() },
    'deploy/ec2/secrets.sh': { services: databasesOfSecrets() },
    'deploy/ec2/host.sh': { services: servicesOfHost() },
    'monitoring/prometheus/prometheus.yml': scrapeRegions(),
    'monitoring/prometheus/rules/alerts.yml': alertRegions(queues),
    'monitoring/prometheus/tests/alerts.test.yml': alertTestRegions(queues),
    '.github/workflows/release.yml': {
      images: forEachOf([...services, pages], ({ folder }) => `          - ${folder}\n`),
    },
    '.vscode/launch.json': editorRegions(),
    'commands/misplaced-options.mjs': { 'count options': countOptions() },
    'README.md': { services: servicesTable() },
  };
}

/** For the commands whose options npm consumed: they run on a Node that may not read TypeScript. */
function countOptions(): string {
  const names = services.map(({ countOption }) => `'${countOption}'`);
  return `const countOptions = [${names.join(', ')}];\n`;
}

function databasesOfScripts(): string {
  const names = services.map(({ database }) => database.name);
  const variables = services.map(({ variable }) => `${variable}_DB_URL`);
  return `databases=(${names.join(' ')})\nurl_variables=(${variables.join(' ')})\n`;
}

function databasesOfSecrets(): string {
  const databases = services.map(({ name, database }) => `[${name}]=${database.name}`);
  return [
    `services=(${services.map(({ name }) => name).join(' ')})`,
    `declare -A databases=(${databases.join(' ')})`,
    `readonly call_tokens=(${calls.map(({ token }) => token).join(' ')})`,
    `readonly service_keys=(${serviceKeys.map(({ key }) => key).join(' ')})`,
    `readonly given=(${services.flatMap(({ secretSettings }) => secretSettings.map((name) => name.toLowerCase())).join(' ')})\n`,
  ].join('\n');
}

function servicesOfHost(): string {
  return [
    `readonly services=(${services.map(({ name }) => name).join(' ')})`,
    `readonly images=(${[...services, pages].map(({ folder }) => folder).join(' ')})`,
    `readonly paths=(${services.map(({ path }) => path).join(' ')})`,
    `readonly replicas=(${[...inOrderOfStart, pages].flatMap(replicaNames).join(' ')})\n`,
  ].join('\n');
}

function scrapeRegions(): Record<string, string> {
  const jobs = services.map(
    ({ folder }) => `  - job_name: ${folder}
    dns_sd_configs:
      - names: [${folder}]
        type: A
        port: ${SERVICE_PORT}
        refresh_interval: 10s
`,
  );
  const exporters = services.map(({ database }) => `${database.server}-exporter:9187`);
  return {
    jobs: jobs.join('\n'),
    exporters: `      - targets:\n${forEachOf(exporters, (exporter) => `          - ${exporter}\n`)}`,
  };
}

/** A process without a target and a missing queue have no series, so `absent` needs each name. */
function alertRegions(queuesOf: Queues): Record<string, string> {
  const jobs = services.map(({ folder }) => folder);
  const queues = [...queuesOf.values()].flat();
  return {
    'no process': `        expr: |
          sum by (job) (up{job=~"${jobs.join('|')}"}) == 0
${forEachOf(jobs, (job) => `          or absent(up{job="${job}"}) * 0\n`)}`,
    'no consumer': `        expr: |
          rabbitmq_detailed_queue_consumers{queue=~"(${queues.join('|')})(.dead-letter)?"} == 0
${forEachOf(queues, (queue) => `          or absent(rabbitmq_detailed_queue_consumers{queue="${queue}"}) * 0\n`)}`,
  };
}

function servicesTable(): string {
  const rows = services.map(({ folder, path, database, about }) => [
    `[\`${folder}/\`](${folder}/README.md)`,
    about,
    `\`${database.server}\``,
    `\`/health/${path}\`, \`/docs/${path}.json\``,
  ]);
  return `\n${toTable([['Service', 'Responsible for', 'Database', 'Endpoints'], ...rows])}\n`;
}

/** For the tests in which a process or consumer of the first two services is missing: the series of the others. */
function alertTestRegions(queuesOf: Queues): Record<string, string> {
  const further = services.filter(({ name }) => !['order', 'inventory'].includes(name));
  const queues = further.flatMap(({ folder }) => queuesOf.get(folder) ?? []);
  return {
    'further processes': forEachOf(
      further,
      ({ folder }) => `      - series: 'up{job="${folder}",instance="of ${folder}"}'\n        values: 1x40\n`,
    ),
    'further queues': forEachOf(
      queues,
      (queue) =>
        `      - series: 'rabbitmq_detailed_queue_consumers{vhost="/",queue="${queue}"}'\n        values: 2x40\n`,
    ),
  };
}

function editorRegions(): Record<string, string> {
  const attached = services.map(({ folder }) => `${folder} (attach)`);
  return {
    debuggers: forEachOf(
      services,
      ({ folder, inspectorPort }) => `    {
      "name": "${folder} (attach)",
      "type": "node",
      "request": "attach",
      "address": "127.0.0.1",
      "port": ${inspectorPort},
      "restart": true,
      "skipFiles": ["<node_internals>/**", "\${workspaceFolder}/node_modules/**"]
    },
`,
    ),
    debugged: `      "configurations": [\n${attached.map((one) => `        ${JSON.stringify(one)}`).join(',\n')}\n      ],\n`,
  };
}
