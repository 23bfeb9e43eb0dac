import { Copyable } from '../../shared/components/copyable.tsx';
import { Time } from '../../shared/components/time.tsx';
import { words } from '../../shared/words/locale.ts';
import { orderEvents } from '../stories/order-events.ts';
import { AccountLink } from './account-link.tsx';
import styles from './order-events.module.css';

/** The story in one column: when, what, who, and the trace to look further. */
export function OrderEvents(story: Parameters<typeof orderEvents>[0]) {
  return (
    <ol className={styles.events}>
      {orderEvents(story, words.orders).map(({ key, at, offset, title, who, account, detail, traceId, mood }) => (
        <li key={key} className={mood === 'bad' ? styles.bad : styles.normal}>
          <span className={styles.offset}>{offset === '' ? <Time at={at} /> : <span title={at}>{offset}</span>}</span>
          <div className={styles.what}>
            <span className={styles.title}>{title}</span>{' '}
            {who !== undefined && (
              <span className={styles.who}>
                <AccountLink account={account}>{words.orders.by(who)}</AccountLink>
              </span>
            )}
            {detail !== undefined && <p className={styles.detail}>{detail}</p>}
          </div>
          {traceId !== undefined && <Copyable value={traceId} what={words.shell.traceId} />}
        </li>
      ))}
    </ol>
  );
}
