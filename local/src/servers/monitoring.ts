/** Prometheus and Alertmanager of the machine (Debian's packages), for `npm start -- --monitoring`. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Fault } from '@shop/chassis/base/fault.ts';
import { parse, stringify } from 'yaml';
import { chartsPage } from '../../../monitoring/charts/charts-page.ts';
import { dashboards } from '../../../monitoring/grafana/dashboards.ts';
import { repositoryRoot } from '../folders.ts';
import type { Launch } from '../processes.ts';

/** Host and port of the targets of Prometheus, by job of monitoring/prometheus/prometheus.yml. */
export type Targets = Record<string, string[]>;

interface ScrapeJob {
  job_name: string;
  static_configs?: { targets: string[] }[];
  dns_sd_configs?: unknown;
}

interface PrometheusConfig {
  alerting: { alertmanagers: { static_configs: { targets: string[] }[] }[] };
  rule_files: string[];
  scrape_configs: ScrapeJob[];
}

/** Checks for missing programs, and says how to install them, before anything is started. */
export function ensureMonitoring(): void {
  const missing = [
    ...(find('prometheus') ? [] : ['prometheus']),
    ...(findAlertmanager() ? [] : ['prometheus-alertmanager']),
  ];
  if (missing.length > 0) {
    throw new Fault(
      `--monitoring needs Prometheus and Alertmanager. Not installed: ${missing.join(', ')}.\n` +
        `On Debian: sudo apt-get install --no-install-recommends ${missing.join(' ')}`,
    );
  }
}

/** Writes the configuration of Prometheus and returns how to start it, on 127.0.0.1. */
export function prometheusLaunch(folder: string, port: number, targets: Targets): Launch {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const config = join(folder, 'prometheus.yml');
  writeFileSync(config, localConfig(targets));
  const consoles = join(folder, 'consoles');
  mkdirSync(consoles, { recursive: true });
  const { kong: _, ...measured } = dashboards; // the local gateway has no metrics
  writeFileSync(join(consoles, 'charts.html'), chartsPage(Object.values(measured)));
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    '--storage.tsdb.retention.time=15d',
    '--storage.tsdb.retention.size=2GB',
    `--web.external-url=http://127.0.0.1:${port}/`,
    `--web.console.templates=${consoles}`,
    `--web.user-assets=${join(repositoryRoot(), 'monitoring', 'runbooks')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-lifecycle', // POST /-/reload, after a change of its file
  ];
  return { command: find('prometheus') ?? 'prometheus', args, env: environment(), cwd: folder, stopSignal: 'SIGTERM' };
}

/** Returns how to start Alertmanager with the production configuration, without receivers. */
export function alertmanagerLaunch(folder: string, port: number): Launch {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const config = join(folder, 'alertmanager.yml');
  writeFileSync(config, readFileSync(join(repositoryRoot(), 'monitoring/alertmanager/alertmanager.yml')));
  const args = [
    `--config.file=${config}`,
    `--storage.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=', // one node: no gossip
  ];
  return { command: findAlertmanager() ?? '', args, env: environment(), cwd: folder, stopSignal: 'SIGTERM' };
}

/** monitoring/prometheus/prometheus.yml with local addresses, and without the jobs that have no target here. */
export function localConfig(targets: Targets): string {
  const folder = join(repositoryRoot(), 'monitoring', 'prometheus');
  const config = parse(readFileSync(join(folder, 'prometheus.yml'), 'utf8')) as PrometheusConfig;
  const alertmanagers = [{ static_configs: [{ targets: targets.alertmanager ?? [] }] }];
  const jobs = config.scrape_configs
    .filter(({ job_name }) => targets[job_name])
    .map(({ dns_sd_configs: _, ...job }) => ({ ...job, static_configs: [{ targets: targets[job.job_name] ?? [] }] }));
  return stringify({
    ...config,
    alerting: { alertmanagers },
    rule_files: config.rule_files.map((path) => join(folder, path)),
    scrape_configs: jobs,
  });
}

/** The machine's Alertmanager, which Debian calls prometheus-alertmanager. */
export function findAlertmanager(): string | undefined {
  return find('prometheus-alertmanager') ?? find('alertmanager');
}

function find(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return [...folders, '/usr/bin', '/usr/local/bin']
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, HOME: process.env.HOME, TZ: 'UTC' };
}
