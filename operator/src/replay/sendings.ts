/** One request to send: the order number `sale` for the first time, or again with the same key. */
export interface Sending {
  sale: number;
  repeat: boolean;
}

/** How many other orders may come between an order and its late duplicate. */
const MAX_ORDERS_BETWEEN = 50;

/**
 * All requests in the order in which they start. With `duplicates`, every order is sent twice: half of the duplicates at
 * once, while the first request is still running, the others after up to 50 other orders.
 */
export function planSendings(sales: number, duplicates: boolean, random: () => number): Sending[] {
  const plan: Sending[] = [];
  const due = new Map<number, Sending[]>();
  for (let sale = 0; sale < sales; sale += 1) {
    plan.push({ sale, repeat: false });
    if (duplicates) {
      const distance = random() < 0.5 ? 0 : 1 + Math.floor(random() * MAX_ORDERS_BETWEEN);
      const after = Math.min(sale + distance, sales - 1);
      due.set(after, [...(due.get(after) ?? []), { sale, repeat: true }]);
    }
    plan.push(...(due.get(sale) ?? []));
    due.delete(sale);
  }
  return plan;
}

/** Deterministic random numbers in [0, 1) (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
