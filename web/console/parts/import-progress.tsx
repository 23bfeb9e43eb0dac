import { useMemo, useState } from 'react';
import { ProgressBar } from 'react-aria-components';
import { Button } from '../../shared/components/button.tsx';
import { Dialog } from '../../shared/components/dialog.tsx';
import { ErrorPanel } from '../../shared/components/error-panel.tsx';
import { type Column, Table } from '../../shared/components/table.tsx';
import { Time } from '../../shared/components/time.tsx';
import { locale, words } from '../../shared/words/locale.ts';
import { type ImportRun, type ImportProgress as Progress, progressOf, resultsByLine } from '../stories/import-run.ts';
import { resultsAsCsv } from '../stories/stock-files.ts';
import { changeText, unitsText } from '../stories/units.ts';
import styles from './import.module.css';
import { type Importing, putImportAway, sendImport, stopImport, useImport } from './importer.ts';
import { saveFile } from './save-file.ts';

const SHOWN = 200;

/** How far the import is, what became of its lines, and what can be done about the rest. */
export function ImportProgress({ run, isOwn }: { run: ImportRun; isOwn: boolean }) {
  const { results, importing, error } = useImport();
  const progress = progressOf(run, results);
  const lines = useMemo(() => resultsByLine(run, results), [run, results]);
  const refused = lines.filter(({ code }) => code !== undefined);
  const isDone = progress.made + progress.refused === progress.total;
  return (
    <div className={styles.step}>
      <Bar title={titleOf(importing, isDone)} progress={progress} />
      <p>
        {run.fileName} · {words.stock.importStarted} <Time at={run.startedAt} /> ·{' '}
        {words.stock.importSums(progress.made, progress.refused)}
      </p>
      {!isDone && isOwn && <p className={styles.quiet}>{words.stock.importKeeps}</p>}
      {importing === 'elsewhere' && !isDone && <p className={styles.warning}>{words.stock.importElsewhere}</p>}
      {!isOwn && !isDone && <p className={styles.warning}>{words.stock.importOfOther}</p>}
      {error && <ErrorPanel error={error} />}
      <Actions
        importing={importing}
        isDone={isDone}
        isOwn={isOwn}
        progress={progress}
        onSave={() => saveFile(`${run.fileName.replace(/\.[^.]*$/, '')}-results.csv`, resultsAsCsv(lines))}
      />
      {isDone && refused.length === 0 && <p>✓ {words.stock.allMade}</p>}
      {refused.length > 0 && (
        <section>
          <p className={styles.sum}>{words.stock.refusedLines}</p>
          <Table
            label={words.stock.refusedLines}
            columns={columns}
            rows={refused.slice(0, SHOWN)}
            rowKey={({ line }) => String(line)}
          />
          {refused.length > SHOWN && <p className={styles.quiet}>{words.stock.moreLines(refused.length - SHOWN)}</p>}
        </section>
      )}
    </div>
  );
}

function titleOf(importing: Importing, isDone: boolean): string {
  if (isDone && importing !== 'running') return words.stock.importDone;
  return importing === 'stopped' ? words.stock.importPaused : words.stock.importRunning;
}

function Bar({ title, progress: { made, refused, total } }: { title: string; progress: Progress }) {
  const done = made + refused;
  return (
    <ProgressBar className={`${styles.progress}`} aria-label={title} value={done} maxValue={total}>
      <span className={styles.labels}>
        <span className={styles.sum}>{title}</span>
        <span>{words.stock.importProgress(done, total)}</span>
      </span>
      <div className={styles.bar}>
        <div className={styles.fill} style={{ transform: `scaleX(${done / total})` }} />
      </div>
    </ProgressBar>
  );
}

interface ActionsProps {
  importing: Importing;
  isDone: boolean;
  isOwn: boolean;
  progress: Progress;
  onSave: () => void;
}

function Actions({ importing, isDone, isOwn, progress, onSave }: ActionsProps) {
  const { total, made, refused, repeatable } = progress;
  if (importing === 'running') {
    return (
      <div className={styles.actions}>
        <Button onPress={stopImport}>{words.stock.importStop}</Button>
      </div>
    );
  }
  return (
    <div className={styles.actions}>
      {!isDone && isOwn && (
        <Button kind="main" onPress={() => void sendImport()}>
          {words.stock.importResume}
        </Button>
      )}
      {isDone && isOwn && repeatable > 0 && (
        <Button kind="main" onPress={() => void sendImport({ repeat: true })}>
          {words.stock.importRepeat(repeatable)}
        </Button>
      )}
      <Button onPress={onSave}>{words.stock.exportResults}</Button>
      {isDone ? (
        <Button onPress={putImportAway}>{words.stock.importPutAway}</Button>
      ) : (
        <GiveUp lines={total - made - refused} />
      )}
    </div>
  );
}

/** Lines without an answer would never be sent again. */
function GiveUp({ lines }: { lines: number }) {
  const [isOpen, setOpen] = useState(false);
  const close = () => setOpen(false);
  return (
    <>
      <Button onPress={() => setOpen(true)}>{words.stock.importGiveUp}</Button>
      <Dialog
        title={words.stock.importGiveUp}
        isOpen={isOpen}
        onClose={close}
        actions={
          <>
            <Button onPress={close}>{words.shell.cancel}</Button>
            <Button kind="danger" onPress={putImportAway}>
              {words.stock.importGiveUpLines(lines)}
            </Button>
          </>
        }
      >
        <p>{words.stock.importGiveUpText(lines)}</p>
      </Dialog>
    </>
  );
}

type Line = ReturnType<typeof resultsByLine>[number];

const columns: readonly Column<Line>[] = [
  { title: words.stock.line, cell: ({ line }) => unitsText(line, locale) },
  { title: words.stock.sku, cell: ({ sku }) => sku },
  { title: words.stock.change, align: 'end', cell: ({ delta }) => changeText(delta, locale) },
  {
    title: words.stock.result,
    isWide: true,
    cell: ({ code = '' }) => <span className={styles.sentence}>{codeTexts[code] ?? code}</span>,
  },
];

const codeTexts: Readonly<Record<string, string>> = {
  'insufficient-stock': words.stock.codeInsufficient,
  'product-not-found': words.stock.codeUnknownSku,
  'validation-failed': words.stock.codeBeyondLimit,
  'idempotency-key-reused': words.stock.codeReused,
  'request-in-progress': words.stock.codeLocked,
  unavailable: words.stock.codeLocked,
};
