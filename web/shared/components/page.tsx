import { useEffect } from 'react';
import { words } from '../words/locale.ts';
import styles from './page.module.css';

interface PageProps {
  title: string;
  /** Beside the title: what can be done here, or how fresh it is. */
  aside?: React.ReactNode;
  /** It is the list beside a thing that is open, whose title is the browser's. */
  isBeside?: boolean;
  children: React.ReactNode;
}

/** A page below its title, which is the browser's title too. */
export function Page({ title, aside, isBeside = false, children }: PageProps) {
  useEffect(() => {
    if (!isBeside) document.title = `${title} · ${words.shell.product}`;
  }, [title, isBeside]);
  const Title = isBeside ? 'h2' : 'h1';
  return (
    <>
      <header className={styles.head}>
        <Title className={styles.title}>{title}</Title>
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
