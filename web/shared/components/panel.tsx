import styles from './panel.module.css';

interface PanelProps {
  title: string;
  /** Beside the title. */
  aside?: React.ReactNode;
  children: React.ReactNode;
}

/** A part of a page with a title of its own. */
export function Panel({ title, aside, children }: PanelProps) {
  return (
    <section className={styles.panel}>
      <header className={styles.head}>
        <h2>{title}</h2>
        {aside}
      </header>
      <div className={styles.body}>{children}</div>
    </section>
  );
}
