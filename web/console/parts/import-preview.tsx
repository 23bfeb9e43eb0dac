import { newKey } from '@shop/client';
import { useMemo, useState } from 'react';
import { useSession } from '../../shared/api/use-session.ts';
import { Button } from '../../shared/components/button.tsx';
import { Field } from '../../shared/components/field.tsx';
import { type Column, Table } from '../../shared/components/table.tsx';
import { relativeTime } from '../../shared/components/time-text.ts';
import { locale, words } from '../../shared/words/locale.ts';
import {
  type AdjustmentsFile,
  type FileAdjustment,
  type FileFault,
  type LineFault,
  MAX_LINES,
  readAdjustments,
  sumsOf,
} from '../stories/adjustments-file.ts';
import { importedAt, rememberImport } from '../stories/import-history.ts';
import { changeText, unitsText } from '../stories/units.ts';
import styles from './import.module.css';
import type { ChosenFile } from './import-file.tsx';
import { beginImport } from './importer.ts';
import { RefusalNote } from './refusal-note.tsx';

// A look, not a spreadsheet; every faulty line is shown up to here too.
const SHOWN = 100;

/** What a file would do, before it does it. */
export function ImportPreview({ file, onLeave }: { file: ChosenFile; onLeave: () => void }) {
  const session = useSession();
  const [reason, setReason] = useState(file.name.replace(/\.[^.]*$/, '').slice(0, 200));
  const [hasNoRoom, setNoRoom] = useState(false);
  const read = useMemo(() => readAdjustments(file.text, reason.trim()), [file, reason]);
  const before = useMemo(() => importedAt(localStorage, read.adjustments), [read]);
  const start = () => {
    if (session.state !== 'signed-in') return;
    const { adjustments } = read;
    const startedAt = new Date().toISOString();
    try {
      beginImport({ id: newKey(), accountId: session.person.id, fileName: file.name, startedAt, adjustments });
      rememberImport(localStorage, adjustments, startedAt);
    } catch {
      setNoRoom(true);
    }
  };
  const leave = <Button onPress={onLeave}>{words.stock.chooseOther}</Button>;
  if (read.fault) {
    return (
      <div className={styles.step}>
        <RefusalNote>{`${file.name}: ${faultTexts[read.fault]}`}</RefusalNote>
        {leave}
      </div>
    );
  }
  return (
    <div className={styles.step}>
      <Sums file={read} />
      <div className={styles.reason}>
        <Field label={words.stock.defaultReason} value={reason} onChange={setReason} maxLength={200} />
      </div>
      {before && (
        <p className={styles.warning}>{words.stock.importedBefore(relativeTime(before, Date.now(), locale))}</p>
      )}
      {hasNoRoom && <RefusalNote>{words.stock.importNoRoom}</RefusalNote>}
      <div className={styles.actions}>
        {leave}
        <Button kind="main" isDisabled={read.adjustments.length === 0} onPress={start}>
          {words.stock.startImport(read.adjustments.length)}
        </Button>
      </div>
      <Faults faults={read.faults} />
      {read.adjustments.length > 0 && (
        <Table
          label={words.stock.importTitle}
          columns={columns}
          rows={read.adjustments.slice(0, SHOWN)}
          rowKey={({ line }) => String(line)}
        />
      )}
      {read.adjustments.length > SHOWN && (
        <p className={styles.quiet}>{words.stock.moreLines(read.adjustments.length - SHOWN)}</p>
      )}
    </div>
  );
}

function Sums({ file }: { file: AdjustmentsFile }) {
  const { added, removed } = sumsOf(file.adjustments);
  return (
    <div>
      <p className={styles.sum}>{words.stock.preview(file.adjustments.length, added, removed)}</p>
      {file.unchanged > 0 && <p className={styles.quiet}>{words.stock.previewUnchanged(file.unchanged)}</p>}
    </div>
  );
}

function Faults({ faults }: Pick<AdjustmentsFile, 'faults'>) {
  if (faults.length === 0) return null;
  return (
    <section>
      <p className={styles.sum}>✕ {words.stock.previewFaults(faults.length)}</p>
      <Table
        label={words.stock.previewFaults(faults.length)}
        columns={faultColumns}
        rows={faults.slice(0, SHOWN)}
        rowKey={({ line }) => String(line)}
      />
      {faults.length > SHOWN && <p className={styles.quiet}>{words.stock.moreLines(faults.length - SHOWN)}</p>}
    </section>
  );
}

const columns: readonly Column<FileAdjustment>[] = [
  { title: words.stock.line, cell: ({ line }) => unitsText(line, locale) },
  { title: words.stock.sku, cell: ({ sku }) => sku },
  { title: words.stock.change, align: 'end', cell: ({ delta }) => changeText(delta, locale) },
  { title: words.stock.reason, isWide: true, isExtra: true, cell: ({ reason }) => reason },
];

const faultColumns: readonly Column<AdjustmentsFile['faults'][number]>[] = [
  { title: words.stock.line, cell: ({ line }) => unitsText(line, locale) },
  {
    title: words.stock.problem,
    isWide: true,
    cell: ({ fault }) => <span className={styles.sentence}>{lineFaultTexts[fault]}</span>,
  },
  { title: words.stock.value, cell: ({ value }) => <code>{shortened(value)}</code> },
];

const SHOWN_CHARACTERS = 40;
const shortened = (value: string) => (value.length > SHOWN_CHARACTERS ? `${value.slice(0, SHOWN_CHARACTERS)}…` : value);

const faultTexts: Record<FileFault, string> = {
  empty: words.stock.fileEmpty,
  'no-sku-column': words.stock.fileNoSku,
  'no-delta-column': words.stock.fileNoDelta,
  'too-many-lines': words.stock.fileTooLong(MAX_LINES),
};

const lineFaultTexts: Record<LineFault, string> = {
  'sku-missing': words.stock.faultSkuMissing,
  'sku-malformed': words.stock.faultSku,
  'delta-malformed': words.stock.faultDelta,
  'delta-too-large': words.stock.faultDeltaTooLarge,
  'reason-malformed': words.stock.faultReason,
};
