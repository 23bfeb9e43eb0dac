import type { Evidence, FinalAnswer, SaleEvidence } from './audit.ts';
import { audit } from './audit.ts';
import type { OrderLine } from './order-request.ts';

const line = (sku: string, quantity: number): OrderLine => ({ sku, quantity, unitPrice: 100 });
const answer = (change: Partial<FinalAnswer>): FinalAnswer => ({
  status: 201,
  orderId: 'one',
  replayed: false,
  content: 'first',
  errors: [],
  ...change,
});
const sale = (change: Partial<SaleEvidence>): SaleEvidence => ({
  key: 'r-1',
  lines: [line('A', 2)],
  invalid: false,
  requests: 1,
  answers: [answer({})],
  ...change,
});
const rejection = answer({ status: 409, code: 'order-rejected', orderId: 'two' });
const refusal = answer({
  status: 400,
  code: 'validation-failed',
  orderId: undefined,
  errors: [{ pointer: '/lines/0/quantity', detail: 'too small' }],
});

/** A correct run: one order confirmed and repeated, one rejected, one refused. */
function goodEvidence(): Evidence {
  return {
    sales: [
      sale({ requests: 2, answers: [answer({}), answer({ replayed: true })] }),
      sale({ key: 'r-2', lines: [line('A', 9), line('B', 1)], answers: [rejection] }),
      sale({ key: 'r-3', lines: [line('A', -1)], invalid: true, requests: 2, answers: [refusal, refusal] }),
    ],
    orders: [
      { id: 'two', status: 'rejected', lines: [line('B', 1), line('A', 9)] },
      { id: 'one', status: 'confirmed', lines: [line('A', 2)] },
    ],
    products: [
      { sku: 'A', onHand: 5, reserved: 2, available: 3 },
      { sku: 'B', onHand: 0, reserved: 0, available: 0 },
    ],
    stock: new Map([
      ['A', 5],
      ['B', 0],
    ]),
    oversold: [],
  };
}

const findingsOf = (evidence: Evidence) => audit(evidence).map((check) => check.findings);

describe('audit', () => {
  it('is green for a correct run, and reports the number of checks', () => {
    const checks = audit(goodEvidence());
    expect(checks.map(({ checked, findings }) => [checked, findings])).toEqual([
      [3, []],
      [2, []],
      [2, []],
      [2, []],
    ]);
  });

  describe('of the keys', () => {
    const keysWith = (change: Partial<SaleEvidence>, index = 0) => {
      const evidence = goodEvidence();
      const changed = evidence.sales.map((one, at) => (at === index ? { ...one, ...change } : one));
      return findingsOf({ ...evidence, sales: changed })[0];
    };

    it('finds a key without a final response', () => {
      expect(keysWith({ answers: [] })).toEqual([
        { subject: 'r-1', expected: '201, or 409 order-rejected', found: 'no final response to 2 of 2 requests' },
      ]);
    });

    it('finds a response that is not allowed as final', () => {
      const reused = answer({ status: 422, code: 'idempotency-key-reused', orderId: undefined });
      expect(keysWith({ requests: 1, answers: [reused] })).toMatchObject([{ found: '422 idempotency-key-reused' }]);
      const cancelled = answer({ status: 409, code: 'order-cancelled' });
      expect(keysWith({ requests: 1, answers: [cancelled] })).toMatchObject([
        { found: '409 order-cancelled order one' },
      ]);
    });

    it('finds a valid order that was refused, with the reason', () => {
      expect(keysWith({ requests: 1, answers: [refusal] })).toMatchObject([
        { found: '400 validation-failed: /lines/0/quantity too small' },
      ]);
    });

    it('finds an invalid order that was accepted', () => {
      expect(keysWith({ requests: 1, answers: [answer({})] }, 2)).toMatchObject([
        { subject: 'r-3', expected: '400 validation-failed', found: '201 order one' },
      ]);
    });

    it('finds a response without an order id', () => {
      expect(keysWith({ requests: 1, answers: [answer({ orderId: undefined })] })).toHaveLength(1);
    });
  });

  describe('of the orders', () => {
    it('finds an order that is not listed', () => {
      const evidence = goodEvidence();
      evidence.orders.pop();
      expect(findingsOf(evidence)[1]).toEqual([
        { subject: 'order one of r-1', expected: 'confirmed', found: 'not listed' },
      ]);
    });

    it('finds an order that is in no response', () => {
      const evidence = goodEvidence();
      evidence.orders.push({ id: 'three', status: 'pending', lines: [] });
      expect(findingsOf(evidence)[1]).toEqual([
        { subject: 'order three', expected: 'no such order', found: 'pending' },
      ]);
    });

    it('finds a status that differs from the response', () => {
      const evidence = goodEvidence();
      evidence.orders[1] = { id: 'one', status: 'pending', lines: [line('A', 2)] };
      expect(findingsOf(evidence)[1]).toMatchObject([{ expected: 'confirmed', found: 'pending' }]);
    });

    it('finds lines that were not sent', () => {
      const evidence = goodEvidence();
      evidence.orders[1] = { id: 'one', status: 'confirmed', lines: [line('A', 1)] };
      expect(findingsOf(evidence)[1]).toMatchObject([{ found: 'other lines' }]);
    });

    it('finds two keys with the same order, and an order that is listed twice', () => {
      const evidence = goodEvidence();
      evidence.sales.push(sale({ key: 'r-4' }));
      expect(findingsOf(evidence)[1]).toEqual([
        { subject: 'order one of r-4', expected: 'an order of its own', found: 'the order of r-1' },
      ]);
      const twice = goodEvidence();
      twice.orders.push({ id: 'one', status: 'confirmed', lines: [line('A', 2)] });
      expect(findingsOf(twice)[1]).toMatchObject([{ found: 'twice' }]);
    });
  });

  describe('of the stock', () => {
    const stockWith = (product: Partial<Evidence['products'][0]>) => {
      const evidence = goodEvidence();
      evidence.products[0] = { sku: 'A', onHand: 5, reserved: 2, available: 3, ...product };
      return findingsOf(evidence)[2];
    };

    it('finds reserved units without a confirmed order, and vice versa', () => {
      expect(stockWith({ reserved: 3 })).toEqual([
        { subject: 'A', expected: '5 on hand, 2 reserved', found: '5 on hand, 3 reserved' },
      ]);
      expect(stockWith({ reserved: 0 })).toHaveLength(1);
    });

    it('finds stock that was not added', () => {
      expect(stockWith({ onHand: 6 })).toMatchObject([{ found: '6 on hand, 2 reserved' }]);
    });

    it('finds more reserved than on hand, even if the orders agree', () => {
      const evidence = goodEvidence();
      evidence.stock.set('A', 1);
      evidence.products[0] = { sku: 'A', onHand: 1, reserved: 2, available: -1 };
      expect(findingsOf(evidence)[2]).toEqual([{ subject: 'A', expected: 'at most 1 reserved', found: '2' }]);
    });

    it('finds missing and additional products', () => {
      const evidence = goodEvidence();
      evidence.products[1] = { sku: 'C', onHand: 0, reserved: 0, available: 0 };
      expect(findingsOf(evidence)[2]).toMatchObject([
        { subject: 'B', found: 'no such product' },
        { subject: 'C', expected: 'no such product' },
      ]);
    });

    it('finds a product that was temporarily below zero', () => {
      const evidence = { ...goodEvidence(), oversold: [{ sku: 'A', onHand: 5, reserved: 6, available: -1 }] };
      expect(findingsOf(evidence)[2]).toMatchObject([{ subject: 'A', found: '-1 while orders were placed' }]);
    });
  });

  describe('of the repeats', () => {
    const repeatsWith = (...answers: FinalAnswer[]) =>
      findingsOf({ ...goodEvidence(), sales: [sale({ requests: 2, answers })] })[3];

    it('finds a repeat with another status or another body', () => {
      expect(repeatsWith(answer({}), { ...rejection, replayed: true, content: 'other' })).toMatchObject([
        { subject: 'r-1', expected: '201 order one, as in the first response', found: '409 order-rejected order two' },
      ]);
      expect(repeatsWith(answer({}), answer({ replayed: true, content: 'other' }))).toMatchObject([
        { found: 'the same status with another body' },
      ]);
    });

    it('finds a request that was executed twice', () => {
      expect(repeatsWith(answer({}), answer({}))).toMatchObject([{ found: 'not on 2' }]);
      expect(repeatsWith(answer({ replayed: true }), answer({ replayed: true }))).toEqual([]);
    });
  });
});
