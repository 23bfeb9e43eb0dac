import styles from './status.module.css';

/** What a state means for the reader; it decides the colour. */
export type Mood = 'good' | 'waiting' | 'bad' | 'info' | 'quiet';

interface StatusProps {
  mood: Mood;
  /** A shape, so that the state is not told by colour alone. */
  mark: string;
  children: React.ReactNode;
}

/** A state: a shape, a word and a colour. */
export function Status({ mood, mark, children }: StatusProps) {
  return (
    <span className={`${styles.status} ${styles[mood]}`}>
      <span className={styles.mark} aria-hidden="true">
        {mark}
      </span>
      {children}
    </span>
  );
}
