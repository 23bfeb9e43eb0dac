/** CSV as spreadsheets write and read it (RFC 4180), and the separators and byte order marks that they add. */

/** A record of a file, with the physical line on which it begins; a quoted field may span several. */
export interface CsvRecord {
  line: number;
  fields: string[];
}

const SEPARATORS = [',', ';', '\t'] as const;

/** The records of a file; blank lines are omitted. A quote that is never closed ends with the file. */
export function parseCsv(text: string): CsvRecord[] {
  const source = text.replace(/^\ufeff/, '');
  const separator = separatorOf(source);
  const records: CsvRecord[] = [];
  let line = 1;
  let record: CsvRecord = { line, fields: [] };
  let at = 0;
  while (at < source.length) {
    const field = readField(source, at, separator);
    record.fields.push(field.value);
    line += countLines(source.slice(at, field.end));
    at = field.end;
    if (source[at] === separator) {
      at += 1;
      // A separator at the end of the file has an empty field behind it.
      if (at === source.length) record.fields.push('');
      continue;
    }
    if (at < source.length) {
      at += source.startsWith('\r\n', at) ? 2 : 1;
      line += 1;
    }
    records.push(record);
    record = { line, fields: [] };
  }
  if (record.fields.length > 0) records.push(record);
  return records.filter(({ fields }) => fields.some((field) => field.trim() !== ''));
}

/** Rows as CSV with CRLF, which spreadsheets open without an import dialog. */
export function formatCsv(rows: readonly (readonly (string | number)[])[]): string {
  return `\ufeff${rows.map((row) => `${row.map(formatField).join(',')}\r\n`).join('')}`;
}

/** The text of a field without the apostrophe that {@link formatCsv} put before it. */
export function withoutGuard(field: string): string {
  return /^'[=+\-@\t\r]/.test(field) ? field.slice(1) : field;
}

function readField(source: string, start: number, separator: string): { value: string; end: number } {
  if (source[start] !== '"') {
    const end = endOfPlain(source, start, separator);
    return { value: source.slice(start, end), end };
  }
  let value = '';
  let at = start + 1;
  while (at < source.length) {
    const quote = source.indexOf('"', at);
    if (quote === -1) return { value: value + source.slice(at), end: source.length };
    value += source.slice(at, quote);
    if (source[quote + 1] !== '"') {
      // Text behind the closing quote belongs to the field, as spreadsheets read it.
      const end = endOfPlain(source, quote + 1, separator);
      return { value: value + source.slice(quote + 1, end), end };
    }
    value += '"';
    at = quote + 2;
  }
  return { value, end: at };
}

function endOfPlain(source: string, start: number, separator: string): number {
  let end = start;
  while (end < source.length && source[end] !== separator && source[end] !== '\n' && source[end] !== '\r') end += 1;
  return end;
}

function countLines(text: string): number {
  return text.match(/\r\n|\r|\n/g)?.length ?? 0;
}

/** The separator that the first line has most often. */
function separatorOf(source: string): string {
  const first = /^[^\r\n]*/.exec(source)?.[0] ?? '';
  const counted = SEPARATORS.map((separator) => ({ separator, count: first.split(separator).length }));
  return counted.reduce((most, one) => (one.count > most.count ? one : most)).separator;
}

function formatField(field: string | number): string {
  // A text that a spreadsheet would run as a formula becomes a text by an apostrophe.
  const text = typeof field === 'string' && /^[=+\-@\t\r]/.test(field) ? `'${field}` : String(field);
  return /[",;\r\n\t]|^ | $/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
