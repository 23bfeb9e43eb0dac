import type { Product } from '@shop/client';
import { useState } from 'react';
import { api } from '../../shared/api/client.ts';
import { Button } from '../../shared/components/button.tsx';
import { ErrorPanel } from '../../shared/components/error-panel.tsx';
import { words } from '../../shared/words/locale.ts';
import { levelsAsCsv } from '../stories/stock-files.ts';
import { saveFile } from './save-file.ts';

/** Saves all levels as a file, however many pages they have. */
export function ExportLevels() {
  const [count, setCount] = useState<number>();
  const [error, setError] = useState<Error>();
  const run = async () => {
    setError(undefined);
    setCount(0);
    try {
      const products: Product[] = [];
      for await (const product of api.products.list({ limit: 100 })) {
        products.push(product);
        if (products.length % 100 === 0) setCount(products.length);
      }
      saveFile(`${words.stock.exportFile}-${new Date().toISOString().slice(0, 10)}.csv`, levelsAsCsv(products));
    } catch (reason) {
      setError(reason as Error);
    }
    setCount(undefined);
  };
  return (
    <>
      {error && <ErrorPanel error={error} />}
      <Button isBusy={count !== undefined} onPress={() => void run()}>
        {count === undefined ? words.stock.export : words.stock.exporting(count)}
      </Button>
    </>
  );
}
