import { Link, Outlet, useNavigate } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { isTyping } from '../../shared/components/row-keys.ts';
import { useMedia } from '../../shared/use-media.ts';
import { words } from '../../shared/words/locale.ts';
import styles from './list-and-detail.module.css';

interface ListAndDetailProps {
  /** The address of the list; that of a thing is below it, with the same filters. */
  path: string;
  /** The thing that is open, as in the address. */
  open: string | undefined;
  /** The list. */
  children: React.ReactNode;
}

// Below, list and thing would both be too narrow to read.
const WIDE = '(min-width: 1400px)';

/**
 * A list, and beside it the thing that is open. On a narrow screen the thing takes the place of the list. `Esc` closes it; the focus
 * returns to its row.
 */
export function ListAndDetail({ path, open, children }: ListAndDetailProps) {
  const isWide = useMedia(WIDE);
  const list = useRef<HTMLDivElement>(null);
  useReturnToRow(list, open);
  useCloseByKey(path, open !== undefined);
  const isBeside = isWide && open !== undefined;
  return (
    <div className={isBeside ? styles.beside : undefined} data-beside={isBeside || undefined}>
      {(isWide || open === undefined) && <div ref={list}>{children}</div>}
      {open !== undefined && (
        <div key={open} className={isBeside ? styles.detail : undefined}>
          {isBeside && (
            <Link to={path} search={(before: object) => before} resetScroll={false} className={styles.close}>
              {words.shell.close}
            </Link>
          )}
          <Outlet />
        </div>
      )}
    </div>
  );
}

/** When the thing is closed, its row gets the focus. */
function useReturnToRow(list: React.RefObject<HTMLElement | null>, open: string | undefined): void {
  const before = useRef<string>(undefined);
  useEffect(() => {
    if (open !== undefined) {
      before.current = location.pathname;
      return;
    }
    const links = [...(list.current?.querySelectorAll<HTMLAnchorElement>('tr > th a') ?? [])];
    links.find((link) => link.pathname === before.current)?.focus();
    before.current = undefined;
  }, [list, open]);
}

function useCloseByKey(path: string, isOpen: boolean): void {
  const navigate = useNavigate();
  useEffect(() => {
    if (!isOpen) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || isTyping(event.target)) return;
      // What floats above the page is closed first.
      if (document.querySelector('[role=dialog], [role=menu]') !== null) return;
      void navigate({ to: path, search: (before: object) => before, resetScroll: false });
    };
    // Before a dialog hears of it, and is gone.
    document.addEventListener('keydown', onKey, true);
    return () => document.removeEventListener('keydown', onKey, true);
  }, [isOpen, navigate, path]);
}
