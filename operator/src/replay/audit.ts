import type { InvalidMember, OrderLine } from './order-request.ts';
import { mergeLines, unitsPerSku } from './order-request.ts';
import { outcomeOf } from './tally.ts';

/** The parts of a final response that the audit needs. */
export interface FinalAnswer {
  status: number;
  code?: string;
  orderId?: string;
  replayed: boolean;
  /** Equal for responses with the same content. */
  content: string;
  /** The errors of a 400. */
  errors: InvalidMember[];
}

/** One order: what was sent, and every final response. */
export interface SaleEvidence {
  key: string;
  lines: OrderLine[];
  /** Whether the contract requires a refusal. */
  invalid: boolean;
  /** The expected number of final responses: 1, or 2 with a duplicate. */
  requests: number;
  answers: FinalAnswer[];
}

export interface ListedOrder {
  id: string;
  status: string;
  lines: OrderLine[];
}

export interface ListedProduct {
  sku: string;
  onHand: number;
  reserved: number;
  available: number;
}

export interface Evidence {
  sales: SaleEvidence[];
  /** The orders that the API lists for the customers of this run. */
  orders: ListedOrder[];
  /** The products of this run that the API lists. */
  products: ListedProduct[];
  /** The initial stock of each product. */
  stock: Map<string, number>;
  /** Products whose available stock was seen below zero during the run. */
  oversold: ListedProduct[];
}

export interface Finding {
  subject: string;
  expected: string;
  found: string;
}

export interface Check {
  name: string;
  checked: number;
  findings: Finding[];
}

/** Audits a run only by what the API shows. Green means that no check has findings. */
export function audit(evidence: Evidence): Check[] {
  return [
    {
      name: 'every key has its one expected result',
      checked: evidence.sales.length,
      findings: evidence.sales.flatMap(checkAnswers),
    },
    {
      name: 'the orders in responses are the orders in lists',
      checked: evidence.orders.length,
      findings: checkOrders(evidence),
    },
    {
      name: 'reserved stock equals confirmed orders and never exceeds what is on hand',
      checked: evidence.stock.size,
      findings: checkStock(evidence),
    },
    {
      name: 'repeated requests got the first response again',
      checked: evidence.sales.filter((sale) => sale.answers.length > 1).length,
      findings: evidence.sales.flatMap(checkRepeats),
    },
  ];
}

function checkAnswers(sale: SaleEvidence): Finding[] {
  const expected = sale.invalid ? '400 validation-failed' : '201, or 409 order-rejected';
  const wrong = sale.answers.filter((answer) => !isExpected(sale, answer));
  const findings = [...new Set(wrong.map(describe))].map((found) => ({ subject: sale.key, expected, found }));
  const missing = sale.requests - sale.answers.length;
  if (missing > 0) {
    findings.push({
      subject: sale.key,
      expected,
      found: `no final response to ${missing} of ${sale.requests} requests`,
    });
  }
  return findings;
}

function isExpected(sale: SaleEvidence, answer: FinalAnswer): boolean {
  const outcome = outcomeOf(answer);
  if (sale.invalid) return outcome === 'invalid';
  return (outcome === 'confirmed' || outcome === 'rejected') && answer.orderId !== undefined;
}

function describe(answer: FinalAnswer): string {
  const what = [answer.status, answer.code, answer.orderId && `order ${answer.orderId}`].filter(Boolean).join(' ');
  return answer.errors.length > 0
    ? `${what}: ${answer.errors.map((e) => `${e.pointer} ${e.detail}`).join('; ')}`
    : what;
}

/** The order of a key, from its first final response. */
function orderOf(sale: SaleEvidence): { id: string; status: 'confirmed' | 'rejected' } | undefined {
  for (const answer of sale.answers) {
    const outcome = outcomeOf(answer);
    if (answer.orderId && (outcome === 'confirmed' || outcome === 'rejected')) {
      return { id: answer.orderId, status: outcome };
    }
  }
  return undefined;
}

function checkOrders({ sales, orders }: Evidence): Finding[] {
  const findings: Finding[] = [];
  const listed = new Map<string, ListedOrder>();
  for (const order of orders) {
    if (listed.has(order.id)) findings.push({ subject: `order ${order.id}`, expected: 'listed once', found: 'twice' });
    listed.set(order.id, order);
  }
  const answered = new Map<string, string>();
  for (const sale of sales) {
    const answer = orderOf(sale);
    if (!answer) continue;
    const subject = `order ${answer.id} of ${sale.key}`;
    const other = answered.get(answer.id);
    if (other) findings.push({ subject, expected: 'an order of its own', found: `the order of ${other}` });
    answered.set(answer.id, sale.key);
    const order = listed.get(answer.id);
    if (order?.status !== answer.status) {
      findings.push({ subject, expected: answer.status, found: order?.status ?? 'not listed' });
    } else if (!sameLines(order.lines, sale.lines)) {
      findings.push({ subject, expected: 'the lines that were sent', found: 'other lines' });
    }
  }
  for (const { id, status } of listed.values()) {
    if (!answered.has(id)) findings.push({ subject: `order ${id}`, expected: 'no such order', found: status });
  }
  return findings;
}

function sameLines(some: OrderLine[], others: OrderLine[]): boolean {
  return asText(some) === asText(others);
}

function asText(lines: OrderLine[]): string {
  return mergeLines(lines)
    .map(({ sku, quantity, unitPrice }) => `${sku} ${unitPrice} ${quantity}`)
    .sort()
    .join('\n');
}

function checkStock({ sales, products, stock, oversold }: Evidence): Finding[] {
  const confirmed = sales.filter((sale) => orderOf(sale)?.status === 'confirmed');
  const sold = unitsPerSku(confirmed.flatMap((sale) => sale.lines));
  const listed = new Map(products.map((product) => [product.sku, product]));
  const findings: Finding[] = [];
  for (const sku of new Set([...stock.keys(), ...sold.keys(), ...listed.keys()])) {
    const [onHand, reserved] = [stock.get(sku), sold.get(sku) ?? 0];
    const product = listed.get(sku);
    const expected = onHand === undefined ? 'no such product' : `${onHand} on hand, ${reserved} reserved`;
    const found = product ? `${product.onHand} on hand, ${product.reserved} reserved` : 'no such product';
    if (expected !== found) findings.push({ subject: sku, expected, found });
    else if (product && product.reserved > product.onHand) {
      findings.push({ subject: sku, expected: `at most ${product.onHand} reserved`, found: String(product.reserved) });
    }
  }
  const below = oversold.map(({ sku, available }) => ({
    subject: sku,
    expected: 'available never below 0',
    found: `${available} while orders were placed`,
  }));
  return [...findings, ...below];
}

function checkRepeats(sale: SaleEvidence): Finding[] {
  const [first, ...others] = sale.answers;
  if (!first) return [];
  const findings = others
    .filter((answer) => answer.content !== first.content)
    .map((answer) => ({
      subject: sale.key,
      expected: `${describe(first)}, as in the first response`,
      found: describe(answer) === describe(first) ? 'the same status with another body' : describe(answer),
    }));
  // The refusal of an invalid request is not stored, so it is generated again each time.
  const executed = sale.answers.filter((answer) => outcomeOf(answer) !== 'invalid' && !answer.replayed).length;
  if (executed > 1) {
    findings.push({
      subject: sale.key,
      expected: 'Idempotent-Replayed on all responses except one',
      found: `not on ${executed}`,
    });
  }
  return findings;
}
