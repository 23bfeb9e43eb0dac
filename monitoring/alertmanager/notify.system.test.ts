/** From an alert to its receivers: a real Alertmanager, with the configuration that start.sh generates from address files. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { closeServer } from '@shop/chassis/testing/close-server.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { choosePorts } from '@shop/local/ports.ts';
import { findAlertmanager } from '@shop/local/servers/monitoring.ts';

const start = join(__dirname, 'start.sh');
const folder = mkdtempSync(join(tmpdir(), 'alertmanager-'));
atEnd(() => rmSync(folder, { recursive: true }));
const print = (addresses: string) => spawnSync(start, ['--print', addresses], { encoding: 'utf8' });

describeNeeding('amtool', spawnSync('amtool', ['--version']).status === 0, 'start.sh', () => {
  const check = (config: string) => {
    writeFileSync(join(folder, 'checked.yml'), config);
    return spawnSync('amtool', ['check-config', join(folder, 'checked.yml')]).status;
  };
  const inFolder = (name: string, files: Record<string, string>) => {
    const path = mkdtempSync(join(folder, name));
    for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
    return print(path);
  };

  it('generates a valid configuration from any of the addresses', () => {
    const webhook = { webhook_url: "http://127.0.0.1:9/it's", pager_url: 'http://127.0.0.1:9/pager' };
    const mail = { mail_to: 'on-call@orders.example', mail_from: 'a@orders.example', mail_smarthost: 'mail:587' };
    const account = { mail_username: 'a', mail_password: '"\\ secret' };
    const all = { slack_url: 'https://hooks.orders.example/x', ...webhook, ...mail, ...account };
    const some: Record<string, string>[] = [{}, { webhook_url: '' }, webhook, mail, all];
    for (const files of some) {
      const { stdout } = inFolder('some', files);
      expect([stdout, check(stdout)]).toEqual([stdout, 0]);
    }
    const { stdout } = inFolder('all', all);
    expect(stdout.match(/slack_configs|email_configs/g)).toHaveLength(4); // for critical, and for warning
    expect(stdout.match(/pager/g)).toHaveLength(1);
  });

  it('refuses an incomplete mail configuration', () => {
    const { status, stderr } = inFolder('half', { mail_to: 'on-call@orders.example' });
    expect(stderr).toContain('no mail_smarthost');
    expect(status).toBe(1);
  });
});

interface Notification {
  receiver: string;
  status: string;
  alerts: { labels: { alertname: string } }[];
}

describeNeeding('Alertmanager', findAlertmanager() !== undefined, 'Alertmanager', () => {
  const notified: { path: string; body: Notification }[] = [];
  let listener: Server;
  let alertmanager: ChildProcess;
  let url: string;

  beforeAll(async () => {
    const { webhook, api } = await choosePorts(['webhook', 'api']);
    url = `http://127.0.0.1:${api}`;
    listener = createServer(async (req, res) => {
      const body = (await json(req)) as Notification;
      notified.push({ path: req.url ?? '', body });
      res.end();
    }).listen(webhook, '127.0.0.1');
    atEnd(() => closeServer(listener));
    writeFileSync(join(folder, 'webhook_url'), `http://127.0.0.1:${webhook}/everything`);
    writeFileSync(join(folder, 'pager_url'), `http://127.0.0.1:${webhook}/pager`);
    // Shorter waits than in production, so that the test is fast.
    const config = print(folder).stdout.replace('group_wait: 30s', 'group_wait: 1s').replace('5m', '1s');
    writeFileSync(join(folder, 'alertmanager.yml'), config);
    const args = [`--config.file=${folder}/alertmanager.yml`, `--storage.path=${folder}/data`];
    args.push(`--web.listen-address=127.0.0.1:${api}`, '--cluster.listen-address=');
    alertmanager = spawn(findAlertmanager() ?? '', args, { stdio: 'ignore' });
    atEnd(() => alertmanager.kill('SIGKILL'));
    await eventually(async () => ((await fetch(`${url}/-/ready`)).ok ? true : undefined));
  });

  const raise = async (severity: string, alertname: string, isOver = false) => {
    const times = isOver ? { endsAt: new Date().toISOString() } : {};
    const body = JSON.stringify([{ labels: { alertname, severity }, annotations: { summary: 'a test' }, ...times }]);
    const headers = { 'content-type': 'application/json' };
    const { status } = await fetch(`${url}/api/v2/alerts`, { method: 'POST', headers, body });
    expect(status).toBe(200);
  };
  const wasNotified = (path: string, alertname: string, status: string) =>
    notified.some(
      (one) => one.path === path && one.body.status === status && one.body.alerts[0]?.labels.alertname === alertname,
    ) || undefined;

  it('pages for the cause, inhibits the consequence, and reports when it is resolved', async () => {
    await raise('critical', 'DatabaseDown');
    await raise('warning', 'ConsumersMissing');
    await raise('warning', 'DeadLettersPresent');
    await eventually(() => wasNotified('/pager', 'DatabaseDown', 'firing'));
    await eventually(() => wasNotified('/everything', 'DatabaseDown', 'firing'));
    await eventually(() => wasNotified('/everything', 'DeadLettersPresent', 'firing'));
    expect(notified.map(({ path }) => path).filter((path) => path === '/pager')).toHaveLength(1);
    expect(wasNotified('/everything', 'ConsumersMissing', 'firing')).toBeUndefined();

    await raise('critical', 'DatabaseDown', true);
    await eventually(() => wasNotified('/pager', 'DatabaseDown', 'resolved'));
    // The cause is resolved, so its consequence is no longer inhibited.
    await eventually(() => wasNotified('/everything', 'ConsumersMissing', 'firing'));
    expect(wasNotified('/pager', 'ConsumersMissing', 'firing')).toBeUndefined();
  });
});
