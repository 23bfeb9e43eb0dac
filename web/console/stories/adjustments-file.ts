import { parseCsv, withoutGuard } from './csv.ts';

/** A change of stock, as a line of a file asks for it. */
export interface FileAdjustment {
  line: number;
  sku: string;
  delta: number;
  reason: string;
}

/** Why a line cannot be sent. */
export type LineFault = 'sku-missing' | 'sku-malformed' | 'delta-malformed' | 'delta-too-large' | 'reason-malformed';

/** Why a file has no lines that could be sent. */
export type FileFault = 'empty' | 'no-sku-column' | 'no-delta-column' | 'too-many-lines';

/** What a file asks for. */
export interface AdjustmentsFile {
  adjustments: FileAdjustment[];
  faults: { line: number; fault: LineFault; value: string }[];
  /** Lines whose change is empty or 0. */
  unchanged: number;
  fault?: FileFault;
}

/** A browser keeps the lines until all of them have an answer. */
export const MAX_LINES = 20_000;

// As inventory-service has them; its answer decides.
const SKU = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}$/;
const MAX_DELTA = 1_000_000_000;
const MAX_REASON = 200;

const COLUMNS: Record<'sku' | 'delta' | 'reason', readonly string[]> = {
  sku: ['sku', 'artikelnummer'],
  delta: ['delta', 'change', 'änderung', 'menge'],
  reason: ['reason', 'grund'],
};

/** Read the columns `sku`, `delta` and `reason` of a file; lines without a reason get `reason`. */
export function readAdjustments(text: string, reason: string): AdjustmentsFile {
  const [header, ...records] = parseCsv(text);
  if (!header) return withFault('empty');
  const names = header.fields.map((name) => name.trim().toLowerCase());
  const columnOf = (column: keyof typeof COLUMNS) => names.findIndex((name) => COLUMNS[column].includes(name));
  const [skuColumn, deltaColumn, reasonColumn] = [columnOf('sku'), columnOf('delta'), columnOf('reason')];
  if (skuColumn === -1) return withFault('no-sku-column');
  if (deltaColumn === -1) return withFault('no-delta-column');
  if (records.length === 0) return withFault('empty');
  if (records.length > MAX_LINES) return withFault('too-many-lines');
  const file: AdjustmentsFile = { adjustments: [], faults: [], unchanged: 0 };
  for (const { line, fields } of records) {
    const field = (column: number) => withoutGuard(fields[column]?.trim() ?? '');
    addLine(file, line, {
      sku: field(skuColumn),
      delta: fields[deltaColumn]?.trim() ?? '',
      reason: field(reasonColumn) || reason,
    });
  }
  return file;
}

/** The units that come in and go out. */
export function sumsOf(adjustments: readonly FileAdjustment[]): { added: number; removed: number } {
  let [added, removed] = [0, 0];
  for (const { delta } of adjustments) {
    if (delta > 0) added += delta;
    else removed -= delta;
  }
  return { added, removed };
}

function addLine(file: AdjustmentsFile, line: number, { sku, delta, reason }: Record<keyof typeof COLUMNS, string>) {
  const fail = (fault: LineFault, value: string) => file.faults.push({ line, fault, value });
  const units = toUnits(delta);
  if (units === 0) {
    file.unchanged += 1;
    return;
  }
  if (sku === '') fail('sku-missing', '');
  else if (!SKU.test(sku)) fail('sku-malformed', sku);
  else if (units === undefined) fail('delta-malformed', delta);
  else if (Math.abs(units) > MAX_DELTA) fail('delta-too-large', delta);
  else if (!isReason(reason)) fail('reason-malformed', reason);
  else file.adjustments.push({ line, sku, delta: units, reason });
}

/**
 * Whole units, also as `+5`, `5.0`, and `−5` with the sign of typographers; nothing is 0. Three zeros behind a separator are a
 * thousand in one language and none in another, so `1.000` is no number here.
 */
function toUnits(text: string): number | undefined {
  const plain = text.replace('−', '-');
  if (plain === '') return 0;
  return /^[+-]?[0-9]{1,15}([.,]0{1,2})?$/.test(plain) ? Number(plain.replace(/[.,]0+$/, '')) || 0 : undefined;
}

function isReason(text: string): boolean {
  return text.length > 0 && [...text].length <= MAX_REASON && text.isWellFormed() && !/\p{Cc}/u.test(text);
}

function withFault(fault: FileFault): AdjustmentsFile {
  return { adjustments: [], faults: [], unchanged: 0, fault };
}
