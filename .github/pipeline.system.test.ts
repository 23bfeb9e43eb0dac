/** The workflows, scripts and settings that the pipeline runs on are clean, and the tools that say so find what is not. */

import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { findDeck } from '../kong/find-deck.ts';

const root = join(__dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const workflows = readdirSync(join(root, '.github/workflows')).filter((name) => name.endsWith('.yml'));

function run(command: string, args: string[] = [], cwd = root) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (error) return { status: undefined, output: error.message };
  return { status, output: stdout + stderr };
}
const script = (name: string) => join(root, '.github/scripts', name);

// Built now, where they are not there: minutes, the first time.
const hasActionlint = run(script('go-tool.sh'), ['actionlint']).status !== 3;
const hasGitleaks = run(script('go-tool.sh'), ['gitleaks']).status !== 3;
const hasShellcheck = run('shellcheck', ['--version']).status === 0;
const deck = findDeck();

const folder = mkdtempSync(join(tmpdir(), 'pipeline-'));
atEnd(() => rmSync(folder, { recursive: true }));

function git(cwd: string, ...args: string[]) {
  const who = ['-c', 'user.name=Somebody', '-c', 'user.email=somebody@orders.example'];
  return execFileSync('git', [...who, ...args], { cwd, encoding: 'utf8', stdio: 'pipe' });
}

/** A repository with the workflows, the scripts and what gitleaks passes over. */
function copyOfPipeline(): string {
  const copy = mkdtempSync(join(folder, 'copy-'));
  for (const path of ['.github/workflows', '.github/scripts', '.gitleaks.toml']) {
    cpSync(join(root, path), join(copy, path), { recursive: true });
  }
  git(copy, 'init', '--quiet', '--initial-branch', 'main');
  return copy;
}

describeNeeding('actionlint (Go) and shellcheck', hasActionlint && hasShellcheck, 'lint-pipeline.sh', () => {
  it('finds nothing in this repository', () => {
    expect(run(script('lint-pipeline.sh'))).toEqual({ status: 0, output: '' });
  });

  it.each([
    ['a key that GitHub does not know', 'timeout-minutes:', 'timeout-minuts:', /unexpected key "timeout-minuts"/],
    ['a job that is not there', 'needs: changed', 'needs: change', /job "change" which does not exist/],
    ['an unknown variable of GitHub', 'github.event_name', 'github.event_nam', /property "event_nam" is not defined/],
    ['an unquoted variable in a step', 'test-changed.sh "$BASE"', 'test-changed.sh $BASE', /SC2086/],
    [
      "what a stranger's branch is called, in a step",
      'npm run check',
      'echo "${'.concat('{ github.head_ref }}"'),
      /potentially untrusted/,
    ],
    ['an action by its tag', /@[0-9a-f]{40} # (v\d+)\S*/, '@$1', /is not pinned/],
    ['an action by an abbreviated commit', /@([0-9a-f]{12})[0-9a-f]{28}/, '@$1', /is not pinned/],
    ['an action without its version', /(@[0-9a-f]{40}) # v\S+/, '$1', /is not pinned/],
  ])('finds %s', (_what, from, to, complaint) => {
    const copy = copyOfPipeline();
    const path = join(copy, '.github/workflows/ci.yml');
    const before = readFileSync(path, 'utf8');
    const after = before.replace(from, to);
    expect(after).not.toBe(before);
    writeFileSync(path, after);
    const { status, output } = run(script('lint-pipeline.sh'), [], copy);
    expect(output).toMatch(complaint);
    expect(status).toBe(1);
  });

  it.each(['deploy/new.sh', '.ci/new'])('finds a fault in a script that is new: %s', (path) => {
    const copy = copyOfPipeline();
    mkdirSync(join(copy, dirname(path)));
    writeFileSync(join(copy, path), '#!/usr/bin/env bash\nrm -rf $1/*\n');
    const { status, output } = run(script('lint-pipeline.sh'), [], copy);
    expect(output).toMatch(/SC2086/);
    expect(output).toContain(`In ${path} line 2`);
    expect(status).toBe(1);
  });
});

describeNeeding('gitleaks (Go)', hasGitleaks, 'scan-secrets.sh', () => {
  // In two parts, or this file would be a finding.
  const secret = `token = "${['ghp', '2mWq8Zt4Xc6Vb0Ny3Lk5Jh7Gf9Ds1Ap4Qr8'].join('_')}"\n`;

  it('finds nothing in the commits of this repository', () => {
    const { status, output } = run(script('scan-secrets.sh'));
    expect({ status, output }).toEqual({ status: 0, output: expect.stringMatching(/no leaks found/) });
  });

  it('passes over what .gitleaks.toml says is none', () => {
    const copy = copyOfPipeline();
    writeFileSync(
      join(copy, 'a.ts'),
      "const key = 'reservation.held.v1';\nconst token = 'development-internal-token-0000000';\n",
    );
    git(copy, 'add', '--all');
    git(copy, 'commit', '--quiet', '--message', 'a change');
    expect(run(script('scan-secrets.sh'), [], copy)).toMatchObject({ status: 0 });
  });

  it('finds a secret that was committed, also when it was removed later, and does not show it', () => {
    const copy = copyOfPipeline();
    writeFileSync(join(copy, 'settings'), secret);
    git(copy, 'add', '--all');
    git(copy, 'commit', '--quiet', '--message', 'a secret');
    rmSync(join(copy, 'settings'));
    git(copy, 'commit', '--quiet', '--all', '--message', 'no secret');
    const { status, output } = run(script('scan-secrets.sh'), [], copy);
    expect(output).toMatch(/File: +settings/);
    expect(output).not.toContain(secret.slice(15, 30));
    expect(status).toBe(1);
  });

  it('finds a secret that is about to be committed', () => {
    const copy = copyOfPipeline();
    git(copy, 'commit', '--quiet', '--allow-empty', '--message', 'the first');
    appendFileSync(join(copy, 'settings'), secret);
    git(copy, 'add', 'settings');
    expect(run(script('scan-secrets.sh'), [], copy).status).toBe(1);
  });
});

describeNeeding('decK', deck !== undefined, 'kong/check.sh', () => {
  it('finds nothing in kong.yml', () => {
    expect(run('env', [`DECK=${deck}`, 'kong/check.sh'])).toMatchObject({ status: 0 });
  });
});

describe('the workflows', () => {
  const texts = workflows.map((name) => ({ name, text: read(join('.github/workflows', name)) }));

  it('are these four', () => {
    expect(workflows.sort()).toEqual(['ci.yml', 'deploy.yml', 'nightly.yml', 'release.yml']);
  });

  it('may read the repository and nothing else, and end by themselves', () => {
    for (const { name, text } of texts) {
      expect([name, text.match(/permissions:\n(?: +.*\n)+/g)]).toEqual([name, ['permissions:\n  contents: read\n']]);
      const jobs = text.match(/runs-on:/g)?.length;
      expect([name, text.match(/timeout-minutes:/g)?.length]).toEqual([name, jobs]);
    }
  });

  it('call only npm scripts and scripts that are there', () => {
    const { scripts } = JSON.parse(read('package.json'));
    for (const { name, text } of texts) {
      for (const [, called = ''] of text.matchAll(/npm run ([\w:-]+)/g)) {
        expect([name, Object.keys(scripts)]).toEqual([name, expect.arrayContaining([called])]);
      }
      for (const [path] of text.matchAll(/(?:\.github|kong|deploy)\/[\w/-]+\.sh/g)) {
        expect([name, run('test', ['-x', path])]).toEqual([name, { status: 0, output: '' }]);
      }
    }
  });

  it('use the same images and the same decK as docker-compose.yml', () => {
    const compose = read('docker-compose.yml');
    const ci = read('.github/workflows/ci.yml');
    for (const name of ['postgres', 'rabbitmq']) {
      const [, image] = new RegExp(`image: (${name}:.+)`).exec(ci) ?? [];
      expect(compose).toContain(`:-${image}}`);
    }
    for (const { text } of texts) {
      for (const [, version] of text.matchAll(/deck-version: (.+)/g))
        expect(compose).toContain(`kong/deck:v${version}`);
    }
  });
});
