import { useState } from 'react';
import { FileTrigger } from 'react-aria-components';
import { Button } from '../../shared/components/button.tsx';
import { words } from '../../shared/words/locale.ts';
import styles from './import.module.css';
import { RefusalNote } from './refusal-note.tsx';

/** A file that was chosen, as text. */
export interface ChosenFile {
  name: string;
  text: string;
}

// More than the lines that an import may have; what a browser can keep ends near it.
const MAX_BYTES = 4 * 1024 * 1024;

/** Asks for a file. */
export function ImportFile({ onChosen }: { onChosen: (file: ChosenFile) => void }) {
  const [problem, setProblem] = useState<string>();
  const choose = async (files: FileList | null) => {
    const file = files?.[0];
    if (!file) return;
    setProblem(undefined);
    if (file.size > MAX_BYTES) {
      setProblem(words.stock.fileTooLarge);
      return;
    }
    try {
      // Spreadsheets write other encodings too; a name in the wrong letters is worse than a question.
      const text = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
      onChosen({ name: file.name, text });
    } catch {
      setProblem(words.stock.fileUnreadable);
    }
  };
  return (
    <div className={styles.step}>
      <p>{words.stock.importText}</p>
      <pre className={styles.sample}>{'sku,delta,reason\nMUG-BLUE,100,Delivery 4711\nPOSTER-A2,-3,broken'}</pre>
      {problem !== undefined && <RefusalNote>{problem}</RefusalNote>}
      <FileTrigger acceptedFileTypes={['.csv', 'text/csv', '.txt', '.tsv']} onSelect={(files) => void choose(files)}>
        <Button kind="main">{words.stock.chooseFile}</Button>
      </FileTrigger>
    </div>
  );
}
