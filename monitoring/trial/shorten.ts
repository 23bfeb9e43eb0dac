/** The real rules with shorter times: seconds instead of minutes. All thresholds stay, except one. */
import { parse, stringify } from 'yaml';
import type { Alert } from '../rules.ts';

const holds: Record<string, string> = {
  '30s': '5s',
  '1m': '10s',
  '2m': '20s',
  '5m': '50s',
  '10m': '100s',
  '15m': '150s',
};
const ranges: Record<string, string> = {
  '1m': '10s',
  '2m': '20s',
  '5m': '20s',
  '10m': '60s',
  '30m': '30s',
  '1h': '40s',
  '6h': '60s',
  '3d': '90s',
};

/** A rule file with every `for` and every range replaced; throws on one that has no shorter one. */
export function shortenRules(text: string): string {
  const file = parse(text) as { groups: { rules: (Alert & { record?: string })[] }[] };
  for (const { rules } of file.groups) {
    for (const rule of rules) {
      if (rule.for) rule.for = shorter(holds, rule.for);
      rule.expr = rule.expr.replace(/\[(\d+[a-z]+)\]/g, (_, range: string) => `[${shorter(ranges, range)}]`);
      // The only threshold that is a waiting time: a consequence must not fire before its cause here either. Each process
      // checks its database every 5 s.
      rule.expr = rule.expr.replace(/(database_answered_timestamp_seconds\)) > 20/, '$1 > 8');
    }
  }
  return stringify(file);
}

/** prometheus.yml with these rules, scraping every second. */
export function shortenPrometheus(text: string, ruleFiles: string): string {
  const config = parse(text);
  config.global = { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' };
  config.rule_files = [ruleFiles];
  return stringify(config);
}

/** alertmanager.yml with waits in seconds. */
export function shortenAlertmanager(text: string): string {
  return text.replace('group_wait: 30s', 'group_wait: 5s').replace('group_interval: 5m', 'group_interval: 2s');
}

function shorter(map: Record<string, string>, time: string): string {
  const short = map[time];
  if (short === undefined) throw new Error(`No shorter time for ${time}: add it to shorten.ts.`);
  return short;
}
