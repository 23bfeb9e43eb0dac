import { parsePence, parseQuantity } from './amounts.ts';

export interface SaleLine {
  stockCode: string;
  quantity: number;
  unitPrice: number;
}

export interface Sale {
  invoiceNo: string;
  customer: string;
  lines: SaleLine[];
}

export interface BadRow {
  line: number;
  reason: string;
}

/** The relevant columns of a row, as text. */
export interface Row {
  line: number;
  invoiceNo: string;
  stockCode: string;
  description: string;
  quantity: string;
  unitPrice: string;
  customerId: string;
}

/** The content of a file, collected row by row. */
export interface Ledger {
  rows: number;
  sales: Map<string, Sale>;
  cancellations: Set<string>;
  badRows: BadRow[];
  /** Invoices with an unreadable row: an incomplete order is not what the customer ordered. */
  incomplete: Set<string>;
  /** The first name of each product in the file. */
  names: Map<string, string>;
}

export function emptyLedger(): Ledger {
  return {
    rows: 0,
    sales: new Map(),
    cancellations: new Set(),
    badRows: [],
    incomplete: new Set(),
    names: new Map(),
  };
}

/** Invisible characters: ids that differ only in these look the same. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cn}]/u;
const columnNames = { stockCode: 'StockCode', customerId: 'CustomerID' } as const;

/** Adds a row to its invoice; the rows of an invoice need not be adjacent. */
export function addRow(ledger: Ledger, row: Row): void {
  const invoiceNo = row.invoiceNo.trim();
  if (!/^[\x21-\x7e]{1,100}$/.test(invoiceNo)) {
    addBadRow(ledger, row.line, `InvoiceNo ${JSON.stringify(invoiceNo)} is not 1 to 100 printable ASCII characters`);
    return;
  }
  const quantity = parseQuantity(row.quantity);
  const unitPrice = parsePence(row.unitPrice);
  if (quantity === undefined || unitPrice === undefined) {
    const reason =
      quantity === undefined
        ? `Quantity ${JSON.stringify(row.quantity)} is not a number`
        : `UnitPrice ${JSON.stringify(row.unitPrice)} is not an exact amount of money`;
    addBadRow(ledger, row.line, reason, invoiceNo);
    return;
  }
  const unseen = (['stockCode', 'customerId'] as const).find((column) => UNSEEN.test(row[column]));
  if (unseen) {
    const reason = `${columnNames[unseen]} ${JSON.stringify(row[unseen])} has an invisible character`;
    addBadRow(ledger, row.line, reason, invoiceNo);
    return;
  }
  if (invoiceNo.startsWith('C')) {
    ledger.rows += 1;
    ledger.cancellations.add(invoiceNo);
    return;
  }
  const customer = row.customerId.trim() || 'guest';
  const sale = ledger.sales.get(invoiceNo) ?? { invoiceNo, customer, lines: [] };
  if (sale.customer !== customer) {
    const reason = `CustomerID ${JSON.stringify(customer)} on an invoice of ${JSON.stringify(sale.customer)}`;
    addBadRow(ledger, row.line, reason, invoiceNo);
    return;
  }
  ledger.rows += 1;
  if (!ledger.names.has(row.stockCode)) ledger.names.set(row.stockCode, row.description);
  sale.lines.push({ stockCode: row.stockCode, quantity, unitPrice });
  ledger.sales.set(invoiceNo, sale);
}

/** Records an unreadable row; if its invoice is known, the whole invoice is set aside. */
export function addBadRow(ledger: Ledger, line: number, reason: string, invoiceNo?: string): void {
  ledger.rows += 1;
  ledger.badRows.push({ line, reason });
  if (invoiceNo) ledger.incomplete.add(invoiceNo.trim());
}

/** The sales that can be placed, in the order of their first appearance in the file. */
export function completeSales(ledger: Ledger): Sale[] {
  return [...ledger.sales.values()].filter((sale) => !ledger.incomplete.has(sale.invoiceNo));
}
