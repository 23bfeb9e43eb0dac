import type { OrderStatus as Value } from '@shop/client';
import { type Mood, Status } from '../../shared/components/status.tsx';
import { words } from '../../shared/words/locale.ts';

const shown: Record<Value, { mood: Mood; mark: string; text: string }> = {
  pending: { mood: 'waiting', mark: '◐', text: words.orders.pending },
  confirmed: { mood: 'good', mark: '●', text: words.orders.confirmed },
  rejected: { mood: 'bad', mark: '✕', text: words.orders.rejected },
  cancelled: { mood: 'quiet', mark: '⊘', text: words.orders.cancelled },
  shipped: { mood: 'info', mark: '➜', text: words.orders.shipped },
  delivered: { mood: 'good', mark: '✓', text: words.orders.delivered },
};

/** Every status with its word, in the order of an order's life. */
export const orderStatuses = Object.entries(shown).map(([value, { text }]) => ({ value: value as Value, text }));

/** The status of an order. One that this version does not know is shown as it is. */
export function OrderStatus({ status }: { status: Value }) {
  const { mood, mark, text } = shown[status] ?? { mood: 'quiet', mark: '○', text: status };
  return (
    <Status mood={mood} mark={mark}>
      {text}
    </Status>
  );
}
