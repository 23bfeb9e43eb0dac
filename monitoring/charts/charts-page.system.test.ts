/** A real Prometheus serves the page and answers its queries. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { choosePorts } from '@shop/local/ports.ts';
import { prometheusLaunch } from '@shop/local/servers/monitoring.ts';
import { dashboards } from '../grafana/dashboards.ts';

const there = spawnSync('prometheus', ['--version'], { stdio: 'ignore' }).status === 0;

describeNeeding('Prometheus', there, 'the charts page', () => {
  it('is served with every panel and its legends, and its queries are answered', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'shop-charts-'));
    const { prometheus = 0 } = await choosePorts(['prometheus']);
    const base = `http://127.0.0.1:${prometheus}`;
    const { command, args, env, cwd } = prometheusLaunch(folder, prometheus, {
      prometheus: [`127.0.0.1:${prometheus}`],
    });
    const server = spawn(command, args, { env, cwd, stdio: 'ignore' });
    const ended = new Promise((resolve) => server.once('close', resolve));
    try {
      const page = await eventually(async () => {
        const answer = await fetch(`${base}/consoles/charts.html`);
        return answer.ok ? answer.text() : undefined; // 503 while it starts
      });
      const [, data = ''] = /<script type="application\/json" id="dashboards">(.*?)<\/script>/.exec(page) ?? [];
      const { kong: _, ...shown } = dashboards;
      expect(JSON.parse(data)).toEqual(Object.values(shown));
      const queries = Object.values(shown).flatMap(({ panels }) => panels.flatMap((panel) => panel.queries));
      const refused: string[] = [];
      for (const [, expression] of queries) {
        const query = expression.replaceAll('$__rate_interval', '60s');
        const range = new URLSearchParams({ query, start: '1700000000', end: '1700000600', step: '5' });
        const { status } = (await (await fetch(`${base}/api/v1/query_range?${range}`)).json()) as { status: string };
        if (status !== 'success') refused.push(query);
      }
      expect(refused).toEqual([]);
      expect((await fetch(`${base}/user/ServiceDown.md`)).status).toBe(200);
    } finally {
      server.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
