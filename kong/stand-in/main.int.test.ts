import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import http, { type RequestListener } from 'node:http';
import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { echo, kongYml, listen, openGateway, sender, setUp, variables } from './testing/open-gateway.ts';

describe('start and stop', () => {
  it('does not start with settings that it does not implement', async () => {
    const declaration = kongYml.replace('name: request-termination', 'name: ip-restriction');
    await expect(setUp({ declaration })).rejects.toThrow(/routes\.0\.plugins\.0\.name/);
  });

  it('does not start with targets for an unknown upstream', async () => {
    const upstreams = { 'elsewhere.upstream': ['127.0.0.1:1'] };
    await expect(openGateway({ declaration: kongYml, env: variables(1), upstreams })).rejects.toThrow(/elsewhere/);
  });

  it('finishes running requests and accepts no others', async () => {
    let release = () => {};
    const slow: RequestListener = (req, res) => {
      if (req.url !== '/health/ready') release = () => void res.end('done');
    };
    const { gateway, send } = await setUp({ orders: [await listen(http.createServer(slow))] });
    const before = release;
    const running = send('GET', '/health/orders');
    await eventually(() => release !== before || undefined);
    const closing = gateway.close();
    await expect(send('GET', '/')).rejects.toThrow(/ECONNREFUSED/);
    release();
    expect((await running).text).toBe('done');
    await closing;
  });
});

describe('the process', () => {
  /** Starts main.ts; `lines` has its log lines. */
  function startProcess(environment: Record<string, string>) {
    const child: ChildProcess = spawn(process.execPath, [join(__dirname, 'main.ts')], {
      env: { ...variables(1000), PORT: '0', ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    atEnd(() => child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    const lines: Record<string, unknown>[] = [];
    let partial = '';
    child.stdout?.on('data', (chunk) => {
      const parts = (partial + chunk).split('\n');
      partial = parts.pop() as string;
      lines.push(...parts.map((line) => JSON.parse(line) as Record<string, unknown>));
    });
    return { child, exited, lines };
  }

  it('serves until SIGTERM and then exits with 0', async () => {
    const service = await listen(http.createServer(echo('order-service', [])));
    const { child, exited, lines } = startProcess({
      UPSTREAMS: JSON.stringify({ 'order-service.upstream': [service] }),
    });
    await eventually(() => lines.some((line) => line.message === 'gateway started') || undefined);
    const port = lines.find((line) => line.port)?.port as number;
    expect((await sender(port)('GET', '/orders', { as: 'storefront' })).status).toBe(200);
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });

  it('exits with 1 and logs the errors if it cannot start', async () => {
    const { exited, lines } = startProcess({ DECK_GATEWAY_TOKEN: '', DECK_RATE_LIMIT_PER_MINUTE: 'many' });
    expect(await exited).toEqual([1, null]);
    const faults = [
      'DECK_RATE_LIMIT_PER_MINUTE must be a whole number',
      ...[/replace/, /add/].map((f) => expect.stringMatching(f)),
    ];
    expect(lines).toEqual([expect.objectContaining({ message: 'gateway failed to start', faults })]);
  });
});
