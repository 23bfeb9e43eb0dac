/** The Compose files and the monitoring's configuration are valid, and the check that says so finds what is not. */

import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { haveBaseImages, startDockerEngine } from '@shop/testing/docker-engine.ts';

const root = join(__dirname, '..');
const copy = mkdtempSync(join(tmpdir(), 'check-compose-'));
atEnd(() => rmSync(copy, { recursive: true }));

describeNeeding('a Docker engine', startDockerEngine(), 'check-compose.sh', () => {
  let images: Record<string, string>;
  beforeAll(() => {
    images = haveBaseImages().variables;
    const paths = ['docker-compose.yml', 'docker-compose.prod.yml', '.env.example', 'monitoring', '.github/scripts'];
    for (const path of paths) cpSync(join(root, path), join(copy, path), { recursive: true });
  }, 600_000);

  function check() {
    const env = { ...process.env, ...images };
    const script = join(copy, '.github/scripts/check-compose.sh');
    const { status, stdout, stderr } = spawnSync(script, { env, encoding: 'utf8' });
    return { status, output: stdout + stderr };
  }

  it('finds nothing, and leaves nothing behind', () => {
    const { status, output } = check();
    expect({ status, output }).toEqual({ status: 0, output: expect.stringMatching(/SUCCESS[\s\S]*SUCCESS/) });
    const filter = ['--filter', 'label=com.docker.compose.project=check-compose', '--quiet'];
    for (const kind of ['network', 'volume']) {
      expect([kind, spawnSync('docker', [kind, 'ls', ...filter], { encoding: 'utf8' }).stdout]).toEqual([kind, '']);
    }
  });

  it.each([
    [
      'a key that Compose does not know',
      'docker-compose.yml',
      '    networks: [data]',
      '    network: [data]',
      /network/,
    ],
    ['a volume that is not there', 'docker-compose.prod.yml', /^volumes:$/m, 'x-volumes:', /undefined volume/],
    [
      'what Prometheus does not read',
      'monitoring/prometheus/prometheus.yml',
      'scrape_interval',
      'scrape_intervall',
      /field scrape_intervall not found/,
    ],
    [
      'a receiver that is not there',
      'monitoring/alertmanager/alertmanager.yml',
      /receiver: .*/,
      'receiver: not-there',
      /not-there/,
    ],
  ])('finds %s', (_what, path, from, to, complaint) => {
    const file = join(copy, path);
    const before = readFileSync(file, 'utf8');
    const after = before.replace(from, to);
    expect(after).not.toBe(before);
    writeFileSync(file, after);
    try {
      const { status, output } = check();
      expect(output).toMatch(complaint);
      expect(status).not.toBe(0);
    } finally {
      writeFileSync(file, before);
    }
  });
});
