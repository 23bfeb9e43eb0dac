import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProgram } from '@shop/chassis/testing/start-program.ts';

const requirements = join(__dirname, 'requirements.txt');

/** pip's message without a network, or if the index lacks these packages for this Python. */
const OUT_OF_REACH =
  /Could not find a version|No matching distribution|Failed to establish a new connection|Max retries|timed out|Network is unreachable/;

/**
 * The path of schemathesis in a virtual environment below node_modules/.cache, which is created if missing; undefined
 * if Python's venv or the packages are not available. Throws on any other failure.
 */
export function findSchemathesis(): string | undefined {
  const name = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = join(__dirname, '../../node_modules/.cache', `schemathesis-${name}`);
  const complete = join(folder, 'complete');
  const executable = join(folder, 'bin/schemathesis');
  if (existsSync(complete)) return executable;
  if (spawnSync('python3', ['-c', 'import ensurepip, venv']).status !== 0) return undefined;
  execute('python3', ['-m', 'venv', '--clear', folder]);
  const install = ['-m', 'pip', 'install', '--quiet', '--retries', '1', '--require-hashes', '-r', requirements];
  const { status, stderr } = spawnSync(join(folder, 'bin/python'), install, { encoding: 'utf8', timeout: 300_000 });
  if (status !== 0) {
    if (OUT_OF_REACH.test(stderr)) return undefined;
    throw new Error(`schemathesis could not be installed:\n${stderr}`);
  }
  writeFileSync(complete, '');
  return executable;
}

function execute(command: string, args: string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stderr}`);
}

/** The JSON report of a run of schemathesis, and its output. */
export interface FuzzReport {
  exit_code: number;
  operations: { total: number; tested: number };
  phases: Record<string, { status: string }>;
  test_cases: { generated: number };
  output: string;
}

export interface FuzzOptions {
  document: string;
  gateway: string;
  /** Variables for hooks.py: the keys, and a product. */
  environment: Record<string, string>;
  seconds: number;
}

// All checks except one that expects 405 with `Allow` for an undefined method: the gateway routes by method, so it
// returns 404.
const CHECKS = ['--checks', 'all', '--exclude-checks', 'unsupported_method'];

/** Fuzz a document: its examples, the limits of its schemas, random requests, and sequences of requests. */
export async function fuzz(schemathesis: string, options: FuzzOptions): Promise<FuzzReport> {
  const folder = mkdtempSync(join(tmpdir(), 'shop-fuzz-'));
  const report = join(folder, 'report.json');
  const document = join(folder, 'openapi.json');
  writeFileSync(document, withoutStreams(readFileSync(options.document, 'utf8')));
  const run = ['run', document, '--url', options.gateway, '--seed', '1', '--no-color', '--continue-on-failure'];
  const bounds = ['--max-time', String(options.seconds), '--request-timeout', '10', '--generation-database', 'none'];
  const reports = ['--report', 'json', '--report-json-path', report];
  try {
    const { output } = await startProgram(schemathesis, [...run, ...CHECKS, ...bounds, ...reports], {
      cwd: folder,
      env: {
        ...process.env,
        ...options.environment,
        SCHEMATHESIS_HOOKS: 'hooks',
        PYTHONPATH: __dirname,
        PYTHONDONTWRITEBYTECODE: '1',
      },
      // A limit in case it hangs.
      timeout: (options.seconds + 60) * 1_000,
    }).ended;
    if (!existsSync(report)) throw new Error(`schemathesis made no report:\n${output}`);
    return { ...(JSON.parse(readFileSync(report, 'utf8')) as Omit<FuzzReport, 'output'>), output };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The answer of a stream has no end, for which schemathesis would wait. */
function withoutStreams(text: string): string {
  const document = JSON.parse(text) as { paths: Record<string, { get?: { responses: Record<string, object> } }> };
  for (const [path, { get }] of Object.entries(document.paths)) {
    if (JSON.stringify(get?.responses['200'])?.includes(STREAM)) delete document.paths[path];
  }
  return JSON.stringify(document);
}

/** The media type of streams. */
export const STREAM = 'text/event-stream';
