/** `npm run chaos` with two processes of each service and faults for half a minute. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const cli = join(__dirname, '../commands/cli.ts');

// Three faults of every kind do not fit into half a minute, so the slowest kinds are left out.
const faults = 'kill,pause,restart,broker,connections,postgres,network,gateway';

interface Report {
  verdict: string;
  doubts: string[];
  checks: { rule: string; violations: unknown[] }[];
  folder?: string;
}

interface Run {
  code: number;
  stdout: string;
  stderr: string;
}

function chaos(folder: string, ...args: string[]): Promise<Run> {
  const options = { env: { ...process.env, LOCAL_DIR: folder }, maxBuffer: 100_000_000 };
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, 'chaos', ...args], options, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
    );
  });
}

describe('npm run chaos', () => {
  it('finds no violation in half a minute of faults', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'shop-chaos-'));
    const args = ['--seconds', '30', '--seed', '20', '--faults', faults, '--json'];
    const { code, stdout, stderr } = await chaos(folder, ...args);
    const kept = join(folder, 'report.json');
    writeFileSync(kept, stdout);
    const report = parse(stdout);
    const broken = report?.checks.filter(({ violations }) => violations.length > 0);
    if (code !== 0) console.error(`${stderr}\n${JSON.stringify(broken, null, 2)}\nThe report is kept in ${kept}`);
    expect({ code, verdict: report?.verdict, doubts: report?.doubts, broken }).toEqual({
      code: 0,
      verdict: 'holds',
      doubts: [],
      broken: [],
    });
    rmSync(folder, { recursive: true, force: true });
  });
});

function parse(text: string): Report | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no report; the exit code and stderr have the reason
  }
}
