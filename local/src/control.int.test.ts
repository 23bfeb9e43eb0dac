import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import pg from 'pg';
import type { Part, PartState } from './control.ts';
import { endPart, isAlive, killPart, partStatus, pausePart, resumePart, startPart, stopPart } from './control.ts';
import { choosePorts } from './ports.ts';
import type { PostgresServer } from './servers/postgres.ts';
import { initPostgres, postgresAnswers, postgresLaunch, removeStalePidFile, superuserUrl } from './servers/postgres.ts';

describe('control of a part, on a PostgreSQL server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'shop-control-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  let server: PostgresServer;
  let part: Part;

  beforeAll(async () => {
    const { postgres: port } = await choosePorts(['postgres']);
    server = { folder: join(folder, 'data'), port, superuserPassword: 'secret', durable: false };
    await initPostgres(server);
    part = {
      name: 'db',
      record: join(folder, 'db.json'),
      log: join(folder, 'db.log'),
      launch: () => postgresLaunch(server),
      answers: () => postgresAnswers(superuserUrl(server)),
      prepare: () => removeStalePidFile(server.folder),
    };
    atEnd(() => endPart(part, 5_000));
  });

  beforeEach(async () => {
    await startPart(part);
    await until(part.answers);
  });

  it('reports a part that runs and does not start it twice', async () => {
    const { state, process } = partStatus(part);
    expect(state).toBe('running');
    expect(await startPart(part)).toBe('already running');
    expect(partStatus(part).process).toEqual(process);
  });

  it('is started once by two who ask while its former life is ending', async () => {
    stopPart(part);
    const answers = await Promise.all([startPart(part), startPart(part)]);
    expect(answers).toEqual(['started', 'already running']);
    await until(part.answers);
  });

  it('pauses the backends of open connections too, and lets them go on', async () => {
    const client = await connected();
    expect(pausePart(part)).toBe(true);
    let answered = false;
    const answer = client.query('SELECT 1').then(() => {
      answered = true;
    });
    expect(partStatus(part).state).toBe('paused');
    expect(await part.answers()).toBe(false); // waits for its own connection to time out
    expect(answered).toBe(false);
    expect(resumePart(part)).toBe(true);
    await answer;
    expect(partStatus(part).state).toBe('running');
  });

  it('ends a paused part that is stopped', async () => {
    pausePart(part);
    expect(stopPart(part)).toBe(true);
    await untilState('stopped');
    expect(isAlive(part)).toBe(false);
  });

  it('takes an end that nobody asked for as a crash', async () => {
    const { process: leader } = partStatus(part);
    process.kill(leader?.pid ?? 0, 'SIGKILL');
    await untilState('crashed');
    expect(stopPart(part)).toBe(false);
  });

  it('kills the whole family and starts it again with its data', async () => {
    const client = await connected();
    const cut = new Promise((resolve) => client.once('error', resolve));
    await client.query('CREATE TABLE IF NOT EXISTS kept AS SELECT 42 AS answer');
    expect(killPart(part)).toBe(true);
    await cut;
    await untilState('killed');
    await startPart(part);
    await until(part.answers);
    const again = await connected();
    expect((await again.query('SELECT answer FROM kept')).rows).toEqual([{ answer: 42 }]);
  });

  it('starts although the pid file of a killed server names a stranger', async () => {
    killPart(part);
    await untilState('killed');
    // This process lives, and is no postmaster.
    writeFileSync(join(server.folder, 'postmaster.pid'), `${process.pid}\n${server.folder}\n`);
    await startPart(part);
    await until(part.answers);
    expect(partStatus(part).state).toBe('running');
  });

  async function connected(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: superuserUrl(server) });
    client.on('error', () => {}); // some tests kill the server
    await client.connect();
    atEnd(() => client.end());
    return client;
  }

  function untilState(state: PartState): Promise<void> {
    return until(async () => partStatus(part).state === state);
  }
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  await eventually(async () => (await condition()) || undefined);
}
