import { useEffect } from 'react';
import { words } from '../../shared/words/locale.ts';
import styles from './entrance.module.css';

interface EntranceProps {
  title: string;
  hint?: string;
  /** What went wrong, or what happened before. It takes the focus of screen readers. */
  notice?: string | undefined;
  children: React.ReactNode;
}

/** The frame of the pages before signing in. */
export function Entrance({ title, hint, notice, children }: EntranceProps) {
  useEffect(() => {
    document.title = `${title} · ${words.shell.product}`;
  }, [title]);
  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <h1 className={styles.title}>{title}</h1>
        {notice !== undefined && (
          <p className={styles.notice} role="alert">
            {notice}
          </p>
        )}
        {children}
        {hint !== undefined && <p className={styles.hint}>{hint}</p>}
      </div>
    </main>
  );
}
