/**
 * Compares by these keys; the first that differs decides: `orders.toSorted(orderBy(({ clientId }) => clientId, ({ id }) => id))`.
 * Text by its UTF-16 units, whatever the locale; a negated number for the greatest first.
 */
export function orderBy<T>(...keys: readonly ((item: T) => string | number)[]): (one: T, other: T) => number {
  return (one, other) => {
    for (const keyOf of keys) {
      const [a, b] = [keyOf(one), keyOf(other)];
      if (a !== b) return a < b ? -1 : 1;
    }
    return 0;
  };
}
