import styles from './refusal-note.module.css';

/** Why the system did not do what was asked, where the page knows better words than the problem has. */
export function RefusalNote({ children }: { children: React.ReactNode }) {
  return (
    <p className={styles.note} role="alert">
      {children}
    </p>
  );
}
