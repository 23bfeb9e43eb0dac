import { useEffect } from 'react';
import { words } from '../words/locale.ts';
import styles from './page.module.css';

interface PageProps {
  title: string;
  /** Beside the title: what can be done here, or how fresh it is. */
  aside?: React.ReactNode;
  children: React.ReactNode;
}

/** A page below its title, which is the browser's title too. */
export function Page({ title, aside, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · ${words.shell.product}`;
  }, [title]);
  return (
    <>
      <header className={styles.head}>
        <h1 className={styles.title}>{title}</h1>
        {aside !== undefined && <div className={styles.aside}>{aside}</div>}
      </header>
      {children}
    </>
  );
}

/** What stands in the place of a page, or a part of it, until it is there. */
export function Loading() {
  return (
    <p className={styles.loading} role="status">
      {words.shell.loading}
    </p>
  );
}
