import { Link } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useSession } from '../../shared/api/use-session.ts';
import { words } from '../../shared/words/locale.ts';
import { isComplete, progressOf } from '../stories/import-run.ts';
import styles from './import-notice.module.css';
import { sendImport, useImport } from './importer.ts';

/** That an import is not finished. It goes on by itself when the one who began it is back. */
export function useImportOfPerson(): { isOwn: boolean } {
  const { run, results, importing } = useImport();
  const session = useSession();
  const isOwn = run !== undefined && session.state === 'signed-in' && session.person.id === run.accountId;
  const isOpen = isOwn && !isComplete(run, results);
  useEffect(() => {
    if (isOpen && importing === 'idle') void sendImport();
  }, [isOpen, importing]);
  return { isOwn };
}

/** Above the levels, while there is an import. */
export function ImportNotice() {
  useImportOfPerson();
  const { run, results, importing } = useImport();
  if (run === undefined) return null;
  const { made, refused, total } = progressOf(run, results);
  const title =
    made + refused === total
      ? words.stock.importDone
      : importing === 'stopped'
        ? words.stock.importPaused
        : words.stock.importRunning;
  return (
    <p className={styles.notice}>
      <Link to="/stock/import/csv">{`${title}: ${run.fileName}`}</Link>
      <span>{words.stock.importProgress(made + refused, total)}</span>
    </p>
  );
}
