import { addBadRow, addRow, completeSales, emptyLedger, type Ledger, type Row } from './sales.ts';

const row = (row: Partial<Row>): Row => ({
  line: 2,
  invoiceNo: '536365',
  stockCode: '85123A',
  description: 'WHITE HANGING HEART',
  quantity: '6',
  unitPrice: '2.55',
  customerId: '17850',
  ...row,
});

function ledgerOf(...rows: Partial<Row>[]): Ledger {
  const ledger = emptyLedger();
  for (const one of rows) addRow(ledger, row(one));
  return ledger;
}

describe('grouping rows into sales', () => {
  it('groups the lines of an invoice, in the order of the file, even if they are not adjacent', () => {
    const sales = completeSales(
      ledgerOf(
        { invoiceNo: '1', stockCode: 'A' },
        { invoiceNo: '2', stockCode: 'B' },
        { invoiceNo: '1', stockCode: 'C', quantity: '2', unitPrice: '0.1' },
      ),
    );
    expect(sales).toEqual([
      {
        invoiceNo: '1',
        customer: '17850',
        lines: [
          { stockCode: 'A', quantity: 6, unitPrice: 255 },
          { stockCode: 'C', quantity: 2, unitPrice: 10 },
        ],
      },
      { invoiceNo: '2', customer: '17850', lines: [{ stockCode: 'B', quantity: 6, unitPrice: 255 }] },
    ]);
  });

  it('counts an invoice that begins with C once, but not as a sale', () => {
    const ledger = ledgerOf({ invoiceNo: 'C1', quantity: '-1' }, { invoiceNo: 'C1', quantity: '-2' });
    expect(ledger.cancellations.size).toBe(1);
    expect(completeSales(ledger)).toEqual([]);
  });

  it('keeps invalid values, which the system must refuse', () => {
    const [sale] = completeSales(ledgerOf({ stockCode: 'BANK CHARGES', quantity: '-5', unitPrice: '-1.00' }));
    expect(sale?.lines).toEqual([{ stockCode: 'BANK CHARGES', quantity: -5, unitPrice: -100 }]);
  });

  it('uses `guest` for a customer without a number', () => {
    expect(completeSales(ledgerOf({ customerId: ' ' }))[0]?.customer).toBe('guest');
  });

  it.each([
    ['Quantity', { quantity: 'six' }],
    ['UnitPrice', { unitPrice: 'free' }],
    ['InvoiceNo', { invoiceNo: '' }],
    ['InvoiceNo', { invoiceNo: 'a b' }],
  ])('reports a row whose %s cannot be read', (column, bad) => {
    const ledger = ledgerOf({ ...bad, line: 7 });
    expect(ledger.badRows).toEqual([{ line: 7, reason: expect.stringContaining(column) }]);
    expect(ledger.rows).toBe(1);
    expect(completeSales(ledger)).toEqual([]);
  });

  it('places no part of an invoice with a bad row', () => {
    const ledger = ledgerOf({ invoiceNo: '1' }, { invoiceNo: '2' });
    addBadRow(ledger, 4, '3 columns instead of 7', '1');
    expect(completeSales(ledger).map((sale) => sale.invoiceNo)).toEqual(['2']);
    expect([...ledger.incomplete]).toEqual(['1']);
  });
});
