/** secrets.sh in a separate folder, as on a host. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { calls } from '../../services.ts';

const folder = mkdtempSync(join(tmpdir(), 'shop-secrets-'));
atEnd(() => rmSync(folder, { recursive: true }));

function secrets(...args: string[]): { code: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('bash', [join(__dirname, 'secrets.sh'), ...args, folder], {
    encoding: 'utf8',
  });
  return { code: status, output: stdout + stderr };
}

const path = (name: string) => join(folder, name);
const read = (name: string) => readFileSync(path(name), 'utf8');
const put = (name: string, text: string) => {
  rmSync(path(name), { force: true });
  writeFileSync(path(name), text);
};
/** The token of all services in an earlier version, during a rotation. */
const former = { internal_token: 'f0e1d2c3'.repeat(8), internal_token_previous: '89abcdef'.repeat(8) };
const token = 'order_to_inventory_token';

beforeEach(() => {
  rmSync(folder, { recursive: true });
  expect(secrets('create')).toMatchObject({ code: 0 });
});

it('creates a token for each service that calls another, and rotates it', () => {
  expect(calls.length).toBeGreaterThan(0);
  for (const { token } of calls) {
    const first = read(token);
    expect(secrets('rotate', token)).toMatchObject({ code: 0 });
    expect([read(`${token}_previous`), read(token) === first]).toEqual([first, false]);
    expect(secrets('check')).toEqual({ code: 0, output: '' });
    expect(secrets('rotate', token)).toMatchObject({ code: 1 });
    expect(secrets('retire', token)).toMatchObject({ code: 0 });
    expect(read(`${token}_previous`)).toBe(read(token));
  }
});

describe('on a host of an earlier version', () => {
  beforeEach(() => {
    for (const suffix of ['', '_previous']) rmSync(path(token + suffix));
    for (const [name, text] of Object.entries(former)) put(name, text);
  });

  it.each(['adopt', 'create'])('%s keeps the tokens that its processes send and accept', (command) => {
    expect(secrets(command)).toMatchObject({ code: 0 });
    expect([read(token), read(`${token}_previous`)]).toEqual(Object.values(former));
    // For a rollback to that version.
    expect(read('internal_token')).toBe(former.internal_token);
    expect(secrets('check')).toEqual({ code: 0, output: '' });
  });

  it('checks the secrets that a container of that version has', () => {
    expect(secrets('check')).toEqual({ code: 0, output: '' });
    put('internal_token', 'short');
    expect(secrets('check').output).toContain(`${token} is weak or unusable`);
  });

  it('keeps a token that is there already', () => {
    secrets('adopt');
    expect(secrets('retire', token)).toMatchObject({ code: 0 });
    expect(secrets('rotate', token)).toMatchObject({ code: 0 });
    const rotated = read(token);
    expect(secrets('adopt')).toMatchObject({ code: 0 });
    expect([read(token), read(`${token}_previous`)]).toEqual([rotated, former.internal_token]);
  });
});

it('adopt makes the gateway’s token for routes without a key, which an earlier version did not have', () => {
  for (const suffix of ['', '_previous']) rmSync(path(`gateway_keyless_token${suffix}`));
  // A container of that version.
  expect(secrets('check')).toEqual({ code: 0, output: '' });
  expect(secrets('adopt')).toMatchObject({ code: 0 });
  const made = read('gateway_keyless_token');
  expect([read('gateway_keyless_token_previous'), made === read('gateway_token')]).toEqual([made, false]);
  expect(secrets('check')).toEqual({ code: 0, output: '' });
  expect(secrets('adopt')).toMatchObject({ code: 0 });
  expect(read('gateway_keyless_token')).toBe(made);
});

describe('the mail server, which the operator gives', () => {
  const given = 'smtps://user:pass@mail.example.com';
  const withInput = (input: string, env: Record<string, string>, ...args: string[]) =>
    spawnSync('bash', [join(__dirname, 'secrets.sh'), ...args, folder], {
      ...{ encoding: 'utf8', input, env: { PATH: process.env.PATH ?? '', ...env } },
    });

  it('is none at first, and stored from the standard input, without what others could read', () => {
    expect(read('smtp_url')).toBe('');
    const { status, stdout, stderr } = withInput(given, {}, 'set', 'smtp_url');
    expect([status, read('smtp_url'), `${stdout}${stderr}`.includes('pass@')]).toEqual([0, given, false]);
    expect(secrets('create')).toMatchObject({ code: 0 });
    expect(secrets('check')).toEqual({ code: 0, output: '' });
    expect(read('smtp_url')).toBe(given);
    withInput('', {}, 'set', 'smtp_url');
    expect(read('smtp_url')).toBe('');
    expect(withInput(given, {}, 'set', 'gateway_token').status).toBe(1);
  });

  it('is taken over once from host.env, where an earlier version had it', () => {
    rmSync(path('smtp_url'));
    expect(withInput('', { SMTP_URL: given }, 'adopt').status).toBe(0);
    expect(read('smtp_url')).toBe(given);
    expect(withInput('', { SMTP_URL: 'smtp://other' }, 'adopt').status).toBe(0);
    expect(read('smtp_url')).toBe(given);
  });
});

it('adopts nothing on a host that had no earlier version', () => {
  rmSync(path(token));
  expect(secrets('adopt')).toMatchObject({ code: 0 });
  expect(existsSync(path(token))).toBe(false);
  expect(secrets('check').output).toContain(`${token} is missing`);
});
