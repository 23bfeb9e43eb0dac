import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';

const folder = mkdtempSync(join(tmpdir(), 'pipeline-'));
atEnd(() => rmSync(folder, { recursive: true }));

/** A repository with these scripts, and with these files in its first commit. */
function repository(files: Record<string, string> = {}) {
  const root = mkdtempSync(join(folder, 'repository-'));
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim();
  const write = (changes: Record<string, string>) => {
    for (const [path, text] of Object.entries(changes)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text, { mode: 0o755 });
    }
  };
  const commit = (changes: Record<string, string>) => {
    write(changes);
    git('add', '--all');
    git('commit', '--quiet', '--allow-empty', '--message', 'a change');
    return git('rev-parse', 'HEAD');
  };
  const run = (script: string, args: string[] = [], variables: Record<string, string> = {}) => {
    const temporary = join(root, '.git/tmp');
    mkdirSync(temporary, { recursive: true });
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: temporary, ...variables };
    const file = join(root, '.github/scripts', script);
    const { status, stdout, stderr } = spawnSync(file, args, { cwd: root, env, encoding: 'utf8' });
    return { status, stdout, stderr, left: readdirSync(temporary) };
  };
  git('init', '--quiet', '--initial-branch', 'main');
  git('config', 'user.name', 'Somebody');
  git('config', 'user.email', 'somebody@orders.example');
  cpSync(__dirname, join(root, '.github/scripts'), { recursive: true });
  return { root, git, write, commit, run, first: commit(files) };
}

describe('changed-workspaces.sh', () => {
  const files = {
    'README.md': '',
    'orders/src/a.ts': 'export const a = 1;\n',
    'orders/src/a.unit.test.ts': '',
    'stock/b.int.test.ts': '',
    'docs/c.md': '',
  };
  const changed = (change: (repo: ReturnType<typeof repository>) => void) => {
    const repo = repository(files);
    change(repo);
    const { status, stdout } = repo.run('changed-workspaces.sh', [repo.first]);
    return { status, folders: stdout.split('\n').slice(0, -1) };
  };

  it.each([
    ['nothing', {}, []],
    ['one workspace', { 'orders/src/a.ts': 'changed' }, ['orders']],
    ['two, one of them by a new file', { 'orders/src/a.ts': 'changed', 'stock/new/file.ts': '' }, ['orders', 'stock']],
    ['what has no tests', { 'docs/c.md': 'changed' }, []],
    ['files that concern everything', { 'README.md': 'changed', 'package-lock.json': '{}' }, []],
    ['a workspace that is new', { 'new/a.unit.test.ts': '' }, ['new']],
    ['the pipeline', { '.github/workflows/ci.yml': '' }, ['.github']],
  ])('names what was changed: %s', (_what, changes, folders) => {
    expect(changed((repo) => repo.commit(changes))).toEqual({ status: 0, folders });
  });

  it('names both ends of a move', () => {
    const folders = ['orders', 'stock'];
    expect(
      changed(({ git, commit }) => {
        git('mv', 'orders/src/a.ts', 'stock/a.ts');
        commit({});
      }),
    ).toEqual({ status: 0, folders });
  });

  it('counts from where the branch left, and not what the base got since', () => {
    const repo = repository(files);
    repo.git('checkout', '--quiet', '-b', 'branch');
    repo.commit({ 'orders/src/a.ts': 'changed' });
    repo.git('checkout', '--quiet', 'main');
    repo.commit({ 'stock/new.ts': '' });
    repo.git('checkout', '--quiet', 'branch');
    expect(repo.run('changed-workspaces.sh', ['main']).stdout).toBe('orders\n');
  });

  it.each([
    ['no commit, as before the first push', '0'.repeat(40)],
    ['a branch that is not here', 'origin/main'],
  ])('names nothing when the base is %s', (_what, base) => {
    const { status, stdout, stderr } = repository(files).run('changed-workspaces.sh', [base]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(stderr).toMatch(/is not part of this history/);
  });

  it('asks for its argument', () => {
    expect(repository().run('changed-workspaces.sh')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/Usage/),
    });
  });
});

describe('test-changed.sh', () => {
  const files = {
    'package.json': JSON.stringify({ scripts: { test: 'printf "[%s]"' } }),
    'orders/a.unit.test.ts': '',
    'orders/a.int.test.ts': '',
    'stock/b.int.test.ts': '',
  };
  const calls = (stdout: string) => stdout.match(/^\[.*/gm) ?? [];

  it('runs each tier for the folders that have tests of it', () => {
    const repo = repository(files);
    repo.commit({ 'orders/new.ts': '', 'stock/new.ts': '' });
    const { status, stdout } = repo.run('test-changed.sh', [repo.first]);
    expect({ status, calls: calls(stdout) }).toEqual({
      status: 0,
      calls: ['[unit][orders/]', '[int][orders/][stock/]'],
    });
  });

  it('runs nothing when nothing is known to have changed', () => {
    const { status, stdout } = repository(files).run('test-changed.sh', ['0'.repeat(40)]);
    expect({ status, calls: calls(stdout) }).toEqual({ status: 0, calls: [] });
  });

  it('fails with the tests', () => {
    const repo = repository({ ...files, 'package.json': JSON.stringify({ scripts: { test: 'exit 3;' } }) });
    repo.commit({ 'orders/new.ts': '' });
    expect(repo.run('test-changed.sh', [repo.first]).status).toBe(3);
  });
});

describe('image-tags.sh', () => {
  const commit = 'c0ffee'.padEnd(40, '0');
  const files = { 'package.json': '{ "version": "1.2.3" }', 'order-service/Dockerfile': '' };
  const tagsOf = (ref: string, service = 'order-service', user = 'acme') =>
    repository(files).run('image-tags.sh', [service], { DOCKERHUB_USER: user, GITHUB_SHA: commit, GITHUB_REF: ref });

  it('names the commit', () => {
    const stdout = `version=1.2.3\ntags<<END\nacme/order-service:${commit}\nEND\n`;
    expect(tagsOf('refs/heads/main')).toMatchObject({ status: 0, stdout });
  });

  it('names the version too where it is tagged', () => {
    const images = `acme/order-service:${commit}\nacme/order-service:1.2.3`;
    expect(tagsOf('refs/tags/v1.2.3')).toMatchObject({
      status: 0,
      stdout: `version=1.2.3\ntags<<END\n${images}\nEND\n`,
    });
  });

  it.each([
    [
      'a tag that is not the version',
      ['refs/tags/v1.2.4'],
      /v1\.2\.4 does not match the version in package\.json, 1\.2\.3/,
    ],
    ['a service that is not there', ['refs/heads/main', 'stock-service'], /stock-service has no Dockerfile/],
    ['no user', ['refs/heads/main', 'order-service', ''], /DOCKERHUB_USER is not set: add it as a variable/],
  ] as const)('refuses %s', (_what, [ref, service, user], complaint) => {
    const { status, stdout, stderr } = tagsOf(ref, service, user);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(complaint);
  });
});

describe('checkout-release.sh', () => {
  /** A clone at main's tip; v1.2.3 is one commit behind it. */
  function released() {
    const { root, git, commit, first } = repository({ state: 'released' });
    git('tag', 'v1.2.3');
    commit({ state: 'newer' });
    git('checkout', '--quiet', '-b', 'branch');
    const unmerged = commit({ state: 'not reviewed' });
    git('tag', 'v9.9.9');
    git('checkout', '--quiet', 'main');
    const clone = mkdtempSync(join(folder, 'clone-'));
    execFileSync('git', ['clone', '--quiet', root, clone]);
    const run = (tag?: string) =>
      spawnSync(join(clone, '.github/scripts/checkout-release.sh'), tag === undefined ? [] : [tag], {
        cwd: clone,
        encoding: 'utf8',
      });
    const state = () => execFileSync('cat', [join(clone, 'state')], { encoding: 'utf8' });
    return { first, unmerged, run, state };
  }

  it('checks out a commit, or a version', () => {
    const { first, run, state } = released();
    expect([run(first).status, state()]).toEqual([0, 'released']);
    expect([run('1.2.3').status, state()]).toEqual([0, 'released']);
  });

  it('refuses what is not on main, or nothing at all, and stays where it is', () => {
    const { unmerged, run, state } = released();
    const refusals: [string | undefined, RegExp][] = [
      [unmerged, /is not on main/],
      ['9.9.9', /is not on main/],
      ['0'.repeat(40), /^0{40} does not exist in this repository/],
      ['4.5.6', /^refs\/tags\/v4\.5\.6 does not exist in this repository/],
      ['latest', /"latest" is not a tag of an image/],
      ['main', /"main" is not a tag of an image/],
      ['--help', /"--help" is not a tag of an image/],
      [undefined, /"" is not a tag of an image/],
    ];
    for (const [tag, complaint] of refusals) {
      const { status, stderr } = run(tag);
      expect(status).toBe(1);
      expect(stderr).toMatch(complaint);
    }
    expect(state()).toBe('newer');
  });
});

const hasKeygen = spawnSync('ssh-keygen', ['-Q', 'key']).error === undefined;

describeNeeding('ssh-keygen', hasKeygen, 'deploy.sh', () => {
  /** A script in place of those of deploy/ec2 (tested by test:deploy) that prints its arguments and environment. */
  const told = `#!/usr/bin/env bash
    printf 'args: %s\\n' "$*"
    printf 'key: %s, for others: %s\\n' "$(ssh-keygen -y -f "$SSH_KEY")" "$(stat -c %A "$SSH_KEY" | cut -c 5-)"
    printf 'known: %s\\nenvironment: %s\\n' "$(cat "$SSH_KNOWN_HOSTS")" "\${EC2_SSH_KEY-none}"
    exit "\${CODE:-0}"`;
  const files = Object.fromEntries(['deploy', 'rollback', 'status'].map((name) => [`deploy/ec2/${name}.sh`, told]));
  let secrets: Record<string, string>;
  let publicKey: string;
  beforeAll(() => {
    const key = join(folder, 'key');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', key]);
    const read = (path: string) => execFileSync('cat', [path], { encoding: 'utf8' }).trim();
    publicKey = read(`${key}.pub`);
    secrets = {
      EC2_HOST: 'deploy@203.0.113.7',
      EC2_SSH_KEY: read(key), // without the final newline, as pasted into a secret
      EC2_KNOWN_HOSTS: '203.0.113.7 ssh-ed25519 AAAA',
      DOCKERHUB_USER: 'acme',
      DOCKERHUB_TOKEN: 'token',
    };
  });

  it.each([
    [['deploy', '1.2.3'], 'deploy@203.0.113.7 1.2.3'],
    [['deploy', '--infrastructure', '1.2.3'], '--infrastructure deploy@203.0.113.7 1.2.3'],
    [['rollback'], 'deploy@203.0.113.7'],
    [['status'], 'deploy@203.0.113.7'],
  ])('%j has its script use the key from a file that nobody else can read, and removes it', (args, expected) => {
    const { status, stdout, left } = repository(files).run('deploy.sh', args, secrets);
    expect(stdout.split('\n').slice(0, 4)).toEqual([
      `args: ${expected}`,
      `key: ${publicKey}, for others: ------`,
      'known: 203.0.113.7 ssh-ed25519 AAAA',
      'environment: none',
    ]);
    expect({ status, left }).toEqual({ status: 0, left: [] });
  });

  it('ends as its script does, and removes the key then too', () => {
    const { status, left } = repository(files).run('deploy.sh', ['deploy', '1.2.3'], { ...secrets, CODE: '7' });
    expect({ status, left }).toEqual({ status: 7, left: [] });
  });

  it.each([
    ['what is not set, all of it', { EC2_HOST: '', DOCKERHUB_TOKEN: '' }, /Not set: EC2_HOST DOCKERHUB_TOKEN\./],
    ['half a key', { EC2_SSH_KEY: '-----BEGIN OPENSSH PRIVATE KEY-----' }, /EC2_SSH_KEY is not a private key/],
  ])('names %s, and starts nothing', (_what, wrong, complaint) => {
    const run = repository(files).run('deploy.sh', ['deploy', '1.2.3'], { ...secrets, ...wrong });
    expect(run).toMatchObject({ status: 1, stdout: '', left: [] });
    expect(run.stderr).toMatch(complaint);
  });

  it('knows no other action', () => {
    expect(repository(files).run('deploy.sh', ['../../evil'], secrets)).toMatchObject({ status: 2, stdout: '' });
  });
});

describe('shell-scripts.sh', () => {
  it('finds them by extension and by first line, new ones too', () => {
    const repo = repository({
      'a.sh': 'echo',
      'b/run': '#!/usr/bin/env bash\n',
      'b/other': '#!/bin/sh -e\n',
      'b/program': '#!/usr/bin/env node\n',
      'fish-and-bash.txt': 'bash\n#!/bin/bash\n',
      '.gitignore': 'ignored.sh\n',
    });
    repo.write({ 'new.sh': '', 'ignored.sh': '' });
    const found = repo.run('shell-scripts.sh').stdout.split('\n');
    expect(found.filter((file) => file !== '' && !file.startsWith('.github/'))).toEqual(
      expect.arrayContaining(['a.sh', 'b/other', 'b/run', 'new.sh']),
    );
    expect(found.filter((file) => /program|txt|ignored/.test(file))).toEqual([]);
    expect(found).toContain('.github/scripts/shell-scripts.sh');
  });
});

describe('go-tool.sh', () => {
  it('knows no other tool, and says what it needs', () => {
    const { run } = repository();
    expect(run('go-tool.sh', ['make'])).toMatchObject({ status: 2, stdout: '' });
    const cache = mkdtempSync(join(folder, 'cache-'));
    // A PATH with bash and what it starts, but without Go.
    const bin = mkdtempSync(join(folder, 'bin-'));
    for (const command of ['bash', 'env', 'mkdir']) execFileSync('ln', ['-s', which(command), join(bin, command)]);
    expect(run('go-tool.sh', ['actionlint'], { PATH: bin, XDG_CACHE_HOME: cache })).toMatchObject({
      status: 3,
      stdout: '',
      stderr: expect.stringMatching(/actionlint is built by Go/),
    });
  });
});

function which(command: string): string {
  return execFileSync('bash', ['-c', `type -P ${command}`], { encoding: 'utf8' }).trim();
}
