import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { repositoryRoot } from '@shop/local/folders.ts';
import { thisProcess } from '@shop/local/processes.ts';

describe('the command line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'shop-cli-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));

  it('says what is wrong with an option and ends with 2', () => {
    const { status, stderr } = cli('start', '--colour');
    expect(stderr).toContain("Unknown option '--colour'");
    expect(status).toBe(2);
  });

  it('says which command there is not', () => {
    const { status, stderr } = cli('launch');
    expect(stderr).toContain('there is no command "launch"');
    expect(status).toBe(2);
  });

  it('prints help', () => {
    const { status, stdout } = cli('start', '--help');
    expect(stdout).toContain('--inventories N');
    expect(status).toBe(0);
  });

  it.each([
    [['start', '--port', '8339'], 'npm start -- --port 8339'],
    [['start', '--fresh'], 'npm start -- --fresh'],
    [['test', 'unit', '-t', 'last unit'], 'npm test -- … -t …'],
    [['run', 'test:int', '-t', 'last unit'], "npm run test:int -- -t 'last unit'"],
    [
      ['run', 'replay', 'orders.csv', '--concurrency=4', '--duplicates'],
      'npm run replay -- orders.csv --concurrency 4 --duplicates',
    ],
    [['run', 'local', 'start', '--detach'], 'npm run local -- start --detach'],
  ])('starts nothing when npm has kept an option of %j', (args, right) => {
    const env = { ...process.env, LOCAL_DIR: join(folder, 'unused') };
    const { status, stdout, stderr } = spawnSync('npm', args, { cwd: repositoryRoot(), env, encoding: 'utf8' });
    expect(stderr).toContain(`Nothing was started. Write:\n\n  ${right}\n`);
    expect(stdout).not.toContain('==');
    expect(status).toBe(2);
    expect(existsSync(join(folder, 'unused'))).toBe(false);
  });

  it('says that nothing was started yet', () => {
    const { status, stderr } = cli('status');
    expect(stderr).toContain('npm start');
    expect(status).toBe(1);
  });

  it('finds what the gateway cannot use before anything is started', () => {
    const { status, stderr } = cliWith({ DECK_RATE_LIMIT_PER_MINUTE: 'many' }, 'start');
    expect(stderr).toContain('kong/kong.yml: ');
    expect(stderr).toContain('- DECK_RATE_LIMIT_PER_MINUTE must be a whole number');
    expect(stderr).toContain('Nothing was started.');
    expect(status).toBe(1);
    expect(existsSync(join(folder, 'state.json'))).toBe(false);
  });

  it('names the port that is in use and how to choose another', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    const { status, stderr } = cli('start', '--port', String(port));
    await new Promise((resolve) => server.close(resolve));
    expect(stderr).toContain(`Port ${port} is in use`);
    expect(stderr).toContain('--port');
    expect(status).toBe(1);
  });

  it('refuses to start a second system, or to empty the data of a running one', () => {
    const plan = { startedBy: thisProcess(), mode: 'foreground', ready: true, processes: { order: 1, inventory: 1 } };
    const ports = Object.fromEntries(
      ['order-db', 'inventory-db', 'broker', 'order-1', 'inventory-1'].map((one) => [one, 1]),
    );
    const more = { 'broker-management': 1, 'broker-distribution': 1, 'broker-epmd': 1, gateway: 8999 };
    const state = { ...plan, ports: { ...ports, ...more }, deck: {}, settings: { order: {}, inventory: {} } };
    writeFileSync(join(folder, 'state.json'), JSON.stringify(state));
    const { status, stderr } = cli('start', '--fresh');
    expect(stderr).toContain(`running already at http://127.0.0.1:8999 (pid ${process.pid})`);
    expect(stderr).toContain('cannot be emptied');
    expect(status).toBe(1);
  });

  function cli(...args: string[]) {
    return cliWith({}, ...args);
  }

  function cliWith(variables: Record<string, string>, ...args: string[]) {
    const root = repositoryRoot();
    const env = { ...process.env, LOCAL_DIR: folder, ...variables };
    return spawnSync(process.execPath, [join(root, 'commands/cli.ts'), ...args], { cwd: root, env, encoding: 'utf8' });
  }
});
