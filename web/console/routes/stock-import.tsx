import { Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { Page } from '../../shared/components/page.tsx';
import { words } from '../../shared/words/locale.ts';
import { type ChosenFile, ImportFile } from '../parts/import-file.tsx';
import { useImportOfPerson } from '../parts/import-notice.tsx';
import { ImportPreview } from '../parts/import-preview.tsx';
import { ImportProgress } from '../parts/import-progress.tsx';
import { useImport } from '../parts/importer.ts';

/** Changes of stock from a file: choose it, look at what it would do, and watch what became of each line. */
export function StockImportPage() {
  const { run } = useImport();
  const { isOwn } = useImportOfPerson();
  const [file, setFile] = useState<ChosenFile>();
  // Once it is put away, the next file is asked for, not the same one again.
  useEffect(() => {
    if (run) setFile(undefined);
  }, [run]);
  return (
    <Page title={words.stock.importTitle} aside={<Link to="/stock">{words.stock.title}</Link>}>
      {run && <ImportProgress run={run} isOwn={isOwn} />}
      {!run && !file && <ImportFile onChosen={setFile} />}
      {!run && file && <ImportPreview file={file} onLeave={() => setFile(undefined)} />}
    </Page>
  );
}
