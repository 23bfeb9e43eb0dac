import { useNavigate } from '@tanstack/react-router';
import { useEffect, useMemo, useState } from 'react';
import { useRoles } from '../../shared/api/use-session.ts';
import { Dialog } from '../../shared/components/dialog.tsx';
import { isTyping } from '../../shared/components/row-keys.ts';
import { words } from '../../shared/words/locale.ts';
import { type NavigationEntry, pages } from '../pages.ts';
import { navigationOf } from '../stories/navigation.ts';
import styles from './keyboard-help.module.css';

function shortcutsFor(shown: readonly { navigation: NavigationEntry }[]): [keys: string, what: string][] {
  return [
    ['/', words.shell.keySearch],
    ['j', words.shell.keyNext],
    ['k', words.shell.keyPrevious],
    ['Enter', words.shell.keyOpen],
    ['Esc', words.shell.keyBack],
    ...shown.map(({ navigation }): [string, string] => [`g ${navigation.key}`, words.shell.keyGo(navigation.title)]),
    ['?', words.shell.keyHelp],
  ];
}

// A `g` that nothing follows is forgotten.
const SECOND_KEY_MS = 1_500;

/** The keys that work on every page, and `?` to see them. */
export function KeyboardHelp() {
  const [isOpen, setOpen] = useState(false);
  const navigate = useNavigate();
  const roles = useRoles();
  const shown = useMemo(() => navigationOf(pages, roles), [roles]);
  useEffect(() => {
    let goUntil = 0;
    const onKey = (event: KeyboardEvent) => {
      if (isTyping(event.target) || event.metaKey || event.ctrlKey || event.altKey) return;
      if (event.key === '?') setOpen(true);
      const page = shown.find(({ navigation }) => navigation.key === event.key);
      if (page !== undefined && performance.now() < goUntil) void navigate({ to: page.path });
      goUntil = event.key === 'g' ? performance.now() + SECOND_KEY_MS : 0;
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [navigate, shown]);
  return (
    <Dialog title={words.shell.keyboardHelp} isOpen={isOpen} onClose={() => setOpen(false)}>
      <dl className={styles.keys}>
        {shortcutsFor(shown).map(([keys, what]) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
