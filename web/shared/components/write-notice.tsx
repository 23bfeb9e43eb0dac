import type { WriteState } from '../api/write.ts';
import { words } from '../words/locale.ts';
import { ErrorPanel } from './error-panel.tsx';
import styles from './write-notice.module.css';

/** How far a write is, as long as that is not plain from its result. */
export function WriteNotice({ state }: { state: WriteState }) {
  return (
    <div aria-live="polite" className={styles.notice}>
      {state.kind === 'checking' && <p className={styles.checking}>◐ {words.shell.writeChecking}</p>}
      {state.kind === 'unknown' && <p className={styles.checking}>◐ {words.shell.writeUnknown}</p>}
      {state.kind === 'refused' && <ErrorPanel error={state.error} />}
    </div>
  );
}
