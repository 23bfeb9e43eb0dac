import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root } from './compose.ts';

/** Real sales if the file exists beside the clone, otherwise 500 generated sales of 60 products. */
export function salesFile(folder: string): string {
  const real = join(dirname(root), 'shared/data/online-retail.csv.gz');
  if (existsSync(real)) return real;
  const rows = ['InvoiceNo,StockCode,Description,Quantity,UnitPrice,CustomerID'];
  for (let invoice = 0; invoice < 500; invoice += 1) {
    for (let line = 0; line <= invoice % 7; line += 1) {
      const product = (invoice * 31 + line * 7) % 60;
      rows.push(
        `${500_000 + invoice},P${product},Product ${product},${1 + ((invoice + line) % 12)},2.55,${17_000 + (invoice % 90)}`,
      );
    }
  }
  const path = join(folder, 'sales.csv.gz');
  writeFileSync(path, gzipSync(`${rows.join('\n')}\n`));
  return path;
}
