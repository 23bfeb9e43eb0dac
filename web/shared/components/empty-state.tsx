import styles from './empty-state.module.css';

interface EmptyStateProps {
  title: string;
  /** What would be here, or what to do. */
  children?: React.ReactNode;
}

/** What a list shows when it has nothing. */
export function EmptyState({ title, children }: EmptyStateProps) {
  return (
    <div className={styles.empty}>
      <p className={styles.title}>{title}</p>
      {children !== undefined && <p className={styles.text}>{children}</p>}
    </div>
  );
}
