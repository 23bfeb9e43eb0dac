import { locale, words } from '../../shared/words/locale.ts';
import type { Minute } from '../stories/orders-per-minute.ts';
import styles from './orders-chart.module.css';

const HEIGHT = 72;
const BAR = 10;
const GAP = 2;
const kinds = ['good', 'waiting', 'bad'] as const;

/** A bar for each minute, in which the outcomes stand on each other. */
export function OrdersChart({ minutes, isEmpty }: { minutes: readonly Minute[]; isEmpty: boolean }) {
  if (isEmpty) return <p className={styles.none}>{words.overview.noOrders}</p>;
  const highest = Math.max(1, ...minutes.map(({ good, waiting, bad }) => good + waiting + bad));
  const total = (kind: (typeof kinds)[number]) => minutes.reduce((sum, minute) => sum + minute[kind], 0);
  return (
    <figure>
      <svg
        className={styles.chart}
        viewBox={`0 0 ${minutes.length * (BAR + GAP)} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={words.overview.chartText(total('good'), total('waiting'), total('bad'))}
      >
        {minutes.map((minute, index) => (
          <Bar key={minute.at} minute={minute} x={index * (BAR + GAP)} highest={highest} />
        ))}
      </svg>
      <figcaption className={styles.caption}>
        <span>{timeOf(minutes[0])}</span>
        <ul className={styles.legend}>
          <li className={styles.good}>{words.overview.accepted}</li>
          <li className={styles.waiting}>{words.overview.waiting}</li>
          <li className={styles.bad}>{words.overview.refused}</li>
        </ul>
        <span>{timeOf(minutes.at(-1))}</span>
      </figcaption>
    </figure>
  );
}

function Bar({ minute, x, highest }: { minute: Minute; x: number; highest: number }) {
  let top = HEIGHT;
  return (
    <g>
      <title>{`${timeOf(minute)}: ${words.overview.chartText(minute.good, minute.waiting, minute.bad)}`}</title>
      <rect className={styles.floor} x={x} y={HEIGHT - 1} width={BAR} height={1} />
      {kinds.map((kind) => {
        const height = (minute[kind] / highest) * (HEIGHT - 2);
        top -= height;
        return height === 0 ? null : (
          <rect key={kind} className={styles[kind]} x={x} y={top} width={BAR} height={height} />
        );
      })}
    </g>
  );
}

function timeOf(minute: Minute | undefined): string {
  if (minute === undefined) return '';
  return new Date(minute.at).toLocaleTimeString(locale, { hour: '2-digit', minute: '2-digit' });
}
