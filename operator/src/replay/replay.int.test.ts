import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { closeServer } from '@shop/chassis/testing/close-server.ts';
import { lookUpIn } from '../variables.ts';
import { replayCommand } from './main.ts';

/**
 * A system that lists nothing and refuses every order as invalid, for the messages of a replay without placed orders.
 */
let server: Server;
let posted: string[];
let folder: string;
let printed: string;

beforeEach(async () => {
  posted = [];
  printed = '';
  folder = mkdtempSync(join(tmpdir(), 'replay-'));
  atEnd(() => rmSync(folder, { recursive: true }));
  server = createServer((req, res) => {
    if (req.method === 'POST') posted.push(req.url ?? '');
    const problem = { code: 'validation-failed', errors: [{ pointer: '/lines/0/sku', detail: 'bad\u009b' }] };
    const [status, body] = req.method === 'POST' ? [400, problem] : [200, { items: [] }];
    req.resume().once('end', () => res.writeHead(status).end(JSON.stringify(body)));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  atEnd(() => closeServer(server));
  const keep = (text: unknown) => {
    printed += `${String(text)}\n`;
    return true;
  };
  for (const name of ['log', 'error'] as const) jest.spyOn(console, name).mockImplementation(keep);
  jest.spyOn(process.stderr, 'write').mockImplementation(keep);
});

afterEach(() => jest.restoreAllMocks());

const header = 'InvoiceNo,StockCode,Description,Quantity,UnitPrice,CustomerID,Country';

function replay(content: string, ...options: string[]): Promise<number> {
  const path = join(folder, 'orders.csv');
  writeFileSync(path, content);
  const lookUp = lookUpIn({
    BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    STOREFRONT_KEY: 'storefront',
    BACKOFFICE_KEY: 'backoffice',
  });
  return replayCommand([path, ...options], lookUp);
}

describe('npm run replay', () => {
  it.each([
    ['only a header', `${header}\n`, 'it has a header and no rows'],
    ['no readable row', `${header}\n1,A\n2,A\n`, 'no row can be read'],
    ['only cancellations', `${header}\nC1,A,a,-1,1,2,UK\n`, 'it has no sales'],
    [
      'a bad row in each sale',
      `${header}\n1,A,a,1,1,2,UK\n1,B,b,six,1,2,UK\n`,
      'every sale has a row that cannot be read',
    ],
  ])('exits with 2 and the reason for a file with %s', async (_, content, reason) => {
    expect(await replay(content)).toBe(2);
    expect(printed).toContain(`contains no orders to place: ${reason}.`);
    expect(printed).toContain('  read ');
    expect(printed).not.toContain('Audit');
    expect(posted).toEqual([]);
  });

  it('counts and shows the rows that cannot be read', async () => {
    await replay(`${header}\n1,A\n2,A,a,six,1,2,UK\n`);
    expect(printed).toContain('bad rows       2; not placed for missing rows: 1, 2');
    expect(printed).toContain('line 2: 2 columns instead of 7');
    expect(printed).toContain('line 3: Quantity "six" is not a number');
  });

  it('exits with 2 and without a verdict if every order is refused as invalid', async () => {
    expect(await replay(`${header}\n1,BANK CHARGES,a,1,1,2,UK\n`)).toBe(2);
    expect(printed).toContain('No order was placed: all sales were refused as invalid');
    expect(printed).not.toContain('Audit: green');
    expect(posted).toEqual(['/orders']);
  });

  it('prints no control character of a file or a response', async () => {
    await replay('InvoiceNo,\u001b[31mred\u001b[0m,\u001b]0;owned\u0007\n1,2\n');
    await replay(`${header}\n1,BANK CHARGES,a,1,1,2,UK\n2,\u009bA,a,1,1,2,UK\n`);
    await replay(`${header}\n1,BANK CHARGES,a,1,1,2,UK\n`, '--json');
    expect(printed).toContain('\\u001b[31mred');
    expect(printed).toContain('\\u009bA');
    expect(printed).toContain('bad\\u009b');
    // The report has styles only on a terminal.
    expect(printed.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });
});
