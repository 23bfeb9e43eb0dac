/** The parts for each service of the two Compose files, and of the files that override them in tests. */
import type { Service } from '../services.ts';
import {
  calls,
  callsOf,
  inOrderOfStart,
  keysOf,
  pages,
  SERVICE_PORT,
  serviceKeys,
  serviceNamed,
  services,
  upstreamTargets,
} from '../services.ts';
import { blocksOf, forEachOf } from './regions.ts';

/** A service, or the server of the pages. */
type Process = Pick<Service, 'folder' | 'replicas'>;

/** docker-compose.yml: development. */
export function developmentRegions(): Record<string, string> {
  return {
    images: blocksOf(
      services,
      ({ folder, variable }) => `x-${folder}: &${folder}
  <<: *node
  image: \${${variable}_SERVICE_IMAGE:-\${COMPOSE_PROJECT_NAME}-${folder}}
  pull_policy: never
`,
    ),
    databases: blocksOf(
      services,
      (service) => `  ${service.database.server}:
    <<: *postgres
    environment:
      POSTGRES_USER: ${service.database.owner}
      POSTGRES_PASSWORD: ${ownerPassword(service)}
      POSTGRES_DB: ${service.database.name}
      POSTGRES_INITDB_ARGS: --locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C
    volumes: ["${service.database.server}:/var/lib/postgresql/data"]
    networks: [data]
`,
    ),
    migrations: blocksOf(
      services,
      (service) => `  ${service.name}-migrate:
    <<: *${service.folder}
    command: [node, ${service.folder}/src/migrate.ts, up]
    environment:
      DATABASE_OWNER_URL: ${databaseUrl(service, service.database.owner, ownerPassword(service))}
      DATABASE_URL: ${databaseUrl(service, service.database.role, servicePassword(service))}
    healthcheck: { disable: true }
    networks: [data]
    mem_limit: 256m
    depends_on:
      ${service.database.server}: { condition: service_healthy }
`,
    ),
    services: blocksOf(
      services,
      (service) => `  ${service.folder}:
    <<: *${service.folder}
    build:
      context: .
      dockerfile: ${service.folder}/Dockerfile
      args:
        NODE_IMAGE: \${NODE_IMAGE:-node:24.21.0-slim}
        VERSION: \${VERSION:-0.1.0}
        REVISION: \${REVISION:-unknown}
    deploy: { replicas: ${service.replicas} }
    environment:
      <<: *service-environment
      DATABASE_URL: ${databaseUrl(service, service.database.role, servicePassword(service))}
${addresses(service, 6)}${forEachOf([...callsOf(service), ...keysOf(service)], ({ variable }) => `      ${variable}: \${${variable}:-${developmentSecret(variable)}}\n`)}${forEachOf(Object.entries(service.settings), ([name, value]) => `      ${name}: \${${name}:-${value}}\n`)}    networks: [services, data${service.callsOutside ? ', edge' : ''}]
    stop_grace_period: 20s
    mem_limit: 384m
    cpus: 1
    depends_on:
      ${service.name}-migrate: { condition: service_completed_successfully }
      rabbitmq: { condition: service_healthy }
`,
    ),
    pages: developmentPages(),
    'kong waits': healthy(),
    exporters: blocksOf(
      services,
      (service) => `  ${service.database.server}-exporter:
    <<: *exporter
    image: \${POSTGRES_EXPORTER_IMAGE:-prometheuscommunity/postgres-exporter:v0.19.1}
    environment:
      DATA_SOURCE_NAME: ${databaseUrl(service, service.database.role, servicePassword(service))}?sslmode=disable
    networks: [data]
    depends_on:
      ${service.database.server}: { condition: service_healthy }
`,
    ),
    volumes: volumes(),
  };
}

function developmentPages(): string {
  const { name, folder, replicas } = pages;
  return `  ${name}:
    <<: *node
    image: \${WEB_IMAGE:-\${COMPOSE_PROJECT_NAME}-${name}}
    pull_policy: never
    build:
      context: .
      dockerfile: ${folder}/Dockerfile
      args:
        NODE_IMAGE: \${NODE_IMAGE:-node:24.21.0-slim}
        VERSION: \${VERSION:-0.1.0}
        REVISION: \${REVISION:-unknown}
    deploy: { replicas: ${replicas} }
    environment:
      DRAIN_SECONDS: \${DRAIN_SECONDS:-4}
    networks: [services]
    stop_grace_period: 20s
    mem_limit: 128m
    cpus: 0.5
`;
}

/** docker-compose.prod.yml: one host. */
export function productionRegions(): Record<string, string> {
  return {
    migrated: forEachOf(services, ({ name }) => `    ${name}-migrate: { condition: service_completed_successfully }\n`),
    services: blocksOf(
      services,
      (
        service,
      ) => `x-${service.name}-image: &${service.name}-image \${DOCKERHUB_USER:?set DOCKERHUB_USER}/${service.folder}:\${TAG:?set TAG}

x-${service.folder}: &${service.folder}
  <<: *service
  image: *${service.name}-image
  networks:
    services: { aliases: [${service.folder}] }
    data:
${service.callsOutside ? '    outside:\n' : ''}  environment:
    <<: *service-environment
    DATABASE_URL_FILE: /run/secrets/${service.name}_database_url
${addresses(service, 4)}${forEachOf(ownSecrets(service), (name) => `    ${name.toUpperCase()}_FILE: /run/secrets/${name}\n`)}${forEachOf(openSettings(service), (name) => `    ${name}: \${${name}:-}\n`)}  secrets:
    - ${service.name}_database_url
    - rabbitmq_url
    - gateway_token
    - gateway_token_previous
    - gateway_keyless_token
    - gateway_keyless_token_previous
${forEachOf(ownSecrets(service), (name) => `    - ${name}\n`)}`,
    ),
    'secrets to check': forEachOf(services.flatMap(secretNames), (name) => `      - ${name}\n`),
    databases: blocksOf(
      services,
      ({ name, database }) => `  ${database.server}:
    <<: *postgres
    environment:
      POSTGRES_USER: ${database.owner}
      POSTGRES_PASSWORD_FILE: /run/secrets/${name}_db_password
      POSTGRES_DB: ${database.name}
      POSTGRES_INITDB_ARGS: --data-checksums --locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C
    secrets: [${name}_db_password]
    volumes: ["${database.server}:/var/lib/postgresql/data"]
`,
    ),
    migrations: blocksOf(
      services,
      ({ name, folder, database }) => `  ${name}-migrate:
    <<: *once
    image: *${name}-image
    command: [node, ${folder}/src/migrate.ts, up]
    environment:
      DATABASE_OWNER_URL_FILE: /run/secrets/${name}_database_owner_url
      DATABASE_URL_FILE: /run/secrets/${name}_database_url
    secrets: [${name}_database_owner_url, ${name}_database_url]
    networks: [data]
    depends_on:
      ${database.server}: { condition: service_healthy }
`,
    ),
    replicas: forEachOf(
      [...inOrderOfStart, pages].flatMap(replicaNames),
      (name) => `  ${name}: *${name.replace(/-\d+$/, '')}\n`,
    ),
    'databases to back up': forEachOf(
      services,
      ({ name, variable }) => `      ${variable}_DB_URL_FILE: /run/secrets/${name}_database_owner_url\n`,
    ),
    'secrets for backups': forEachOf(services, ({ name }) => `      - ${name}_database_owner_url\n`),
    'backup waits': forEachOf(
      services,
      ({ name }) => `      ${name}-migrate: { condition: service_completed_successfully }\n`,
    ),
    exporters: blocksOf(
      services,
      ({ name, database }) => `  ${database.server}-exporter:
    <<: *exporter
    image: \${POSTGRES_EXPORTER_IMAGE:-prometheuscommunity/postgres-exporter:v0.19.1}
    environment:
      DATA_SOURCE_URI: ${database.server}:5432/${database.name}?sslmode=disable
      DATA_SOURCE_USER: ${database.role}
      DATA_SOURCE_PASS_FILE: /run/secrets/${name}_service_password
    secrets: [${name}_service_password]
    networks: [data]
`,
    ),
    volumes: volumes(),
    secrets: forEachOf(services.flatMap(secretNames), (name) => `  ${name}: { file: ./secrets/${name} }\n`),
  };
}

/** e2e/compose/stand-ins.yml: docker-compose.yml on a machine without access to a registry. */
export function standInRegions(): Record<string, string> {
  const processes = ({ folder, replicas }: Process) =>
    Array.from({ length: replicas }, (_, n) => `\${COMPOSE_PROJECT_NAME}-${folder}-${n + 1}`);
  return {
    upstreams: upstreams(processes),
    'kong waits': healthy(),
    exporters: forEachOf(services, ({ database }) => `  ${database.server}-exporter:\n    profiles: [left-out]\n`),
  };
}

/** deploy/ec2/testing/override.yml: the same for docker-compose.prod.yml. */
export function overrideRegions(): Record<string, string> {
  return { upstreams: upstreams(replicaNames) };
}

/** .env.example: the settings of docker-compose.yml. */
export function settingsRegions(): Record<string, string> {
  return {
    tokens: forEachOf([...calls, ...serviceKeys], ({ variable }) => `${variable}=${developmentSecret(variable)}\n`),
    passwords: forEachOf(
      services,
      ({ name, variable }) =>
        `${variable}_DB_OWNER_PASSWORD=development-${name}-owner\n${variable}_DB_PASSWORD=development-${name}-service\n`,
    ),
    settings: forEachOf(
      services.flatMap(({ settings }) => Object.entries(settings)),
      ([name, value]) => `${name}=${value}\n`,
    ),
    images: `${forEachOf(services, ({ variable }) => `${variable}_SERVICE_IMAGE=\n`)}WEB_IMAGE=\n`,
  };
}

/** In production each process is a Compose service, so that they can be replaced one after the other. */
export function replicaNames({ folder, replicas }: Process): string[] {
  return Array.from({ length: replicas }, (_, n) => `${folder}-${n + 1}`);
}

function ownerPassword({ name, variable }: Service): string {
  return `\${${variable}_DB_OWNER_PASSWORD:-development-${name}-owner}`;
}

function servicePassword({ name, variable }: Service): string {
  return `\${${variable}_DB_PASSWORD:-development-${name}-service}`;
}

function databaseUrl({ database }: Service, user: string, password: string): string {
  return `postgres://${user}:${password}@${database.server}:5432/${database.name}`;
}

/** The host name resolves to the addresses of all processes; each address has its own circuit breaker. */
function addresses({ asks }: Service, indentation: number): string {
  return forEachOf(
    asks.map(serviceNamed),
    ({ variable, folder }) => `${' '.repeat(indentation)}${variable}_URL: http://${folder}:${SERVICE_PORT}\n`,
  );
}

/** The tokens that it sends, those that it accepts, and its own keys; the last two include their previous values. */
function tokenSecrets(service: Service): string[] {
  const tokens = callsOf(service).flatMap(({ callee, token }) =>
    callee === service.name ? [token, `${token}_previous`] : [token],
  );
  return [...tokens, ...keysOf(service).flatMap(({ key }) => [key, `${key}_previous`])];
}

/** The files that it reads besides those that every service has. */
function ownSecrets(service: Service): string[] {
  return [...tokenSecrets(service), ...settingSecrets(service)];
}

/** The settings that hold a password. */
function settingSecrets({ secretSettings }: Pick<Service, 'secretSettings'>): string[] {
  return secretSettings.map((name) => name.toLowerCase());
}

/** The settings that stand in the environment. */
function openSettings({ settings, secretSettings }: Service): string[] {
  return Object.keys(settings).filter((name) => !secretSettings.includes(name));
}

function developmentSecret(variable: string): string {
  return `development-${variable.toLowerCase().replaceAll('_', '-')}-0000000`;
}

function secretNames({ name, secretSettings }: Service): string[] {
  return [
    ...[`${name}_db_password`, `${name}_service_password`, `${name}_database_owner_url`, `${name}_database_url`],
    ...calls.filter(({ caller }) => caller === name).flatMap(({ token }) => [token, `${token}_previous`]),
    ...keysOf({ name }).flatMap(({ key }) => [key, `${key}_previous`]),
    ...settingSecrets({ secretSettings }),
  ];
}

function healthy(): string {
  return forEachOf([...services, pages], ({ folder }) => `      ${folder}: { condition: service_healthy }\n`);
}

function volumes(): string {
  return forEachOf(services, ({ database }) => `  ${database.server}:\n`);
}

/** For the local gateway in place of Kong, which needs the name of each process, while Kong resolves one name for all. */
function upstreams(processes: (of: Process) => string[]): string {
  const addresses = (service: Process) => processes(service).map((name) => `"${name}:${SERVICE_PORT}"`);
  const targets = Object.entries(upstreamTargets(services, addresses)).map(
    ([upstream, quoted]) => `"${upstream}": [${quoted.join(', ')}]`,
  );
  return `      UPSTREAMS: >-\n        {${targets.join(',\n        ')}}\n`;
}
