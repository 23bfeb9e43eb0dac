import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { atEnd } from '../../testing/at-end.ts';
import { eventually } from '../../testing/eventually.ts';
import { describeNeeding } from '../../testing/needing.ts';

/* A process with the real logger, whose standard output is what breaks. */

const LINE_BYTES = 1_000;
// More than is kept: 4 MiB and a pipe.
const TOO_MANY = 6_000;

const PROGRAM = `
import { createServer } from 'node:http';
import { createLogger } from '${pathToFileURL(join(__dirname, 'log.ts')).href}';
let dropped = 0;
const log = createLogger('a-service', 'info', { onDrop: () => { dropped += 1; } });
const server = createServer((request, response) => {
  const lines = Number(request.url.slice(1));
  for (let n = 0; n < lines; n += 1) log.info({ n }, 'x'.repeat(${LINE_BYTES}));
  response.end(String(dropped));
});
server.listen(0, '127.0.0.1', () => console.error(server.address().port));
process.on('SIGTERM', () => {
  log.info('stopped');
  process.exit(0);
});
`;

const folder = mkdtempSync(join(tmpdir(), 'line-output-'));
atEnd(() => rmSync(folder, { recursive: true }));
const open = new Set<number>();

interface Service {
  /** Log so many lines; returns how many were dropped so far. */
  log(lines: number): Promise<number>;
  /** Its exit code after SIGTERM. */
  stop(): Promise<number | null>;
}

async function start(stdout: number): Promise<Service> {
  const started = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], {
    stdio: ['ignore', stdout, 'pipe'],
  });
  atEnd(() => started.kill('SIGKILL'));
  let errors = '';
  started.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = once(started, 'exit');
  const port = await eventually(() => /^\d+$/m.exec(errors)?.[0]);
  return {
    async log(lines) {
      const answer = await fetch(`http://127.0.0.1:${port}/${lines}`);
      return Number(await answer.text());
    },
    async stop() {
      started.kill('SIGTERM');
      const [code] = await ended;
      return code;
    },
  };
}

function opened(path: string, flags: number | string): number {
  const fd = openSync(path, flags);
  open.add(fd);
  atEnd(() => {
    if (open.has(fd)) closed(fd);
  });
  return fd;
}

function closed(fd: number): void {
  closeSync(fd);
  open.delete(fd);
}

interface Line {
  level: number;
  n?: number;
  lines?: number;
  message: string;
}

/** Every line is whole. */
function parsed(text: string): Line[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** The lines that were kept are the first of a burst; and one after them says how many are missing. */
function expectGap(lines: Line[], dropped: number): void {
  const burst = lines.filter(({ n }) => n !== undefined);
  expect(burst.map(({ n }) => n)).toEqual([...Array(TOO_MANY - dropped).keys()]);
  expect(lines.filter((line) => line.lines !== undefined)).toMatchObject([
    { lines: dropped, message: 'log lines were dropped: the output could not be written' },
  ]);
}

describe('a service whose log cannot be written', () => {
  it('goes on when its disk is full, counts what it drops, and ends when it is asked to', async () => {
    const service = await start(opened('/dev/full', 'w'));
    const dropped = await service.log(TOO_MANY);
    expect(dropped).toBeGreaterThan(1_000);
    // Refused again and again meanwhile, and still nothing but lines is lost.
    expect(await eventually(async () => (await service.log(1)) > dropped || undefined)).toBe(true);
    expect(await service.stop()).toBe(0);
  });

  it('goes on when nobody reads its pipe; a reader that comes back gets what was kept, and how much was not', async () => {
    const fifo = join(folder, 'unread');
    execFileSync('mkfifo', [fifo]);
    const reader = opened(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const service = await start(opened(fifo, 'w'));
    const dropped = await service.log(TOO_MANY);
    expect(dropped).toBeGreaterThan(1_000);
    let text = '';
    await eventually(() => {
      text += readAll(reader);
      return text.includes('log lines were dropped') && text.endsWith('\n') ? true : undefined;
    });
    expectGap(parsed(text), dropped);
    expect(await service.log(1)).toBe(dropped);
    expect(await service.stop()).toBe(0);
    text = readAll(reader);
    expect(parsed(text)).toMatchObject([{ n: 0 }, { message: 'stopped' }]);
  });

  it('ends although nobody reads its pipe', async () => {
    const fifo = join(folder, 'blocked');
    execFileSync('mkfifo', [fifo]);
    opened(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const service = await start(opened(fifo, 'w'));
    expect(await service.log(TOO_MANY)).toBeGreaterThan(1_000);
    expect(await service.stop()).toBe(0);
  });

  it('goes on when the reader of its pipe has gone, and writes again for the next one', async () => {
    const fifo = join(folder, 'closed');
    execFileSync('mkfifo', [fifo]);
    const first = opened(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const output = opened(fifo, 'w');
    const service = await start(output);
    closed(output);
    closed(first);
    const dropped = await service.log(TOO_MANY);
    expect(dropped).toBeGreaterThan(1_000);
    const next = opened(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    let text = '';
    await eventually(() => {
      text += readAll(next);
      return text.includes('log lines were dropped') && text.endsWith('\n') ? true : undefined;
    });
    expectGap(parsed(text), dropped);
    expect(await service.stop()).toBe(0);
  });
});

describeNeeding('root', process.getuid?.() === 0, 'a service on a full disk', () => {
  const disk = join(folder, 'disk');
  beforeAll(() => {
    execFileSync('mkdir', [disk]);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk]);
    atEnd(() => execFileSync('umount', ['-l', disk]));
  });

  it('goes on, and writes again when there is room', async () => {
    const path = join(disk, 'service.log');
    const service = await start(opened(path, 'a'));
    const ballast = join(disk, 'ballast');
    expect(() => writeFileSync(ballast, Buffer.alloc(32 * 1024 * 1024))).toThrow('ENOSPC');
    const dropped = await service.log(TOO_MANY);
    expect(dropped).toBeGreaterThan(1_000);
    rmSync(ballast);
    const text = await eventually(() => {
      const soFar = readFileSync(path, 'utf8');
      return soFar.includes('log lines were dropped') && soFar.endsWith('\n') ? soFar : undefined;
    });
    expectGap(parsed(text), dropped);
    expect(await service.stop()).toBe(0);
    expect(parsed(readFileSync(path, 'utf8')).at(-1)).toMatchObject({ message: 'stopped' });
  });
});

/** What lies in the pipe now. */
function readAll(fd: number): string {
  const chunks: Buffer[] = [];
  const chunk = Buffer.alloc(64 * 1024);
  for (;;) {
    try {
      const bytes = readSync(fd, chunk);
      if (bytes === 0) break;
      chunks.push(Buffer.from(chunk.subarray(0, bytes)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') break;
      throw error;
    }
  }
  return Buffer.concat(chunks).toString();
}
