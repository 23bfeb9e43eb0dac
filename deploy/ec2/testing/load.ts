/** Continuous orders, placed and audited by the operators' replay. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startProgram } from '@shop/chassis/testing/start-program.ts';
import { repositoryRoot } from '@shop/local/folders.ts';
import type { Report } from '@shop/operator/replay/report.ts';

const RATE = 8;
const SALES_PER_RUN = 80;
// While one run creates its products or is audited, the other one places orders.
const LANES = 2;

export interface Load {
  /** Waits for the current runs, and returns all reports. */
  stop(): Promise<Report[]>;
}

/** Runs the replay repeatedly, in two lanes. `environment` has the address of the system and its keys. */
export function startLoad(folder: string, name: string, environment: Record<string, string>): Load {
  const file = join(folder, 'sales.csv');
  writeFileSync(file, salesFile());
  let stopped = false;
  const lane = async (number: number): Promise<Report[]> => {
    const reports: Report[] = [];
    for (let round = 1; !stopped; round += 1) {
      // The first run of the second lane is half as long, so that the pauses of the lanes do not coincide.
      const sales = number === 2 && round === 1 ? SALES_PER_RUN / 2 : SALES_PER_RUN;
      reports.push(await replay(file, `${name}-${number}-${round}`, sales, environment));
    }
    return reports;
  };
  const lanes = Promise.all(Array.from({ length: LANES }, (_, index) => lane(index + 1)));
  lanes.catch(() => {}); // reported by stop()
  return {
    stop: async () => {
      stopped = true;
      return (await lanes).flat();
    },
  };
}

async function replay(file: string, run: string, sales: number, environment: Record<string, string>): Promise<Report> {
  const options = ['--json', '--concurrency', '8', '--rate', String(RATE), '--limit', String(sales), '--run', run];
  const { ended } = startProgram(process.execPath, ['operator/src/cli.ts', 'replay', file, ...options], {
    cwd: repositoryRoot(),
    env: { PATH: process.env.PATH, ...environment },
  });
  const { code, stdout, stderr } = await ended;
  if (stdout === '') throw new Error(`replay ${run} ended with ${code}: ${stderr.slice(-500)}`);
  return JSON.parse(stdout) as Report;
}

/** Sales with the columns of Online Retail, each with one or two lines of twenty products. */
function salesFile(): string {
  const rows = ['InvoiceNo,StockCode,Description,Quantity,UnitPrice,CustomerID'];
  for (let sale = 0; sale < SALES_PER_RUN; sale += 1) {
    for (let line = 0; line <= sale % 2; line += 1) {
      rows.push(`${536_000 + sale},P${(sale + line) % 20},Product ${(sale + line) % 20},${1 + (sale % 3)},2.50,17850`);
    }
  }
  return rows.join('\n');
}
