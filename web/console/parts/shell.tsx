import { Link, Outlet, useRouter } from '@tanstack/react-router';
import { useEffect, useId, useState } from 'react';
import { resumeSession } from '../../shared/api/session.ts';
import { useSession } from '../../shared/api/use-session.ts';
import { ErrorPanel } from '../../shared/components/error-panel.tsx';
import { useLive, useLiveCount } from '../../shared/live/use-live.ts';
import { locale, words } from '../../shared/words/locale.ts';
import icon from '../icon.svg';
import { type NavigationEntry, pages } from '../pages.ts';
import { navigationOf } from '../stories/navigation.ts';
import { HealthPill } from './health-pill.tsx';
import { Icon } from './icon.tsx';
import { KeyboardHelp } from './keyboard-help.tsx';
import { SearchBox } from './search-box.tsx';
import styles from './shell.module.css';
import { UserMenu } from './user-menu.tsx';

/** The frame of every page: navigation, search, how the system is, and who is signed in. */
export function Shell() {
  const session = useSession();
  const router = useRouter();
  useLive(session.state === 'signed-in');
  const [failure, setFailure] = useState<Error>();
  useEffect(() => {
    if (session.state === 'unknown') resumeSession().catch(setFailure);
    if (session.state === 'signed-out') {
      // In an effect and not by <Navigate>, which would navigate again at each render until the other page is there.
      void router.navigate({ to: '/sign-in', search: { next: router.state.location.href }, replace: true });
    }
  }, [session.state, router]);

  if (session.state === 'unknown') {
    return failure === undefined ? null : <ErrorPanel error={failure} onRetry={() => location.reload()} />;
  }
  if (session.state === 'signed-out') return null;
  return (
    <div className={styles.frame}>
      <a className={styles.skip} href="#content">
        {words.shell.skipToContent}
      </a>
      <Navigation roles={session.person.roles} />
      <header className={styles.topbar}>
        <SearchBox />
        <HealthPill />
        <UserMenu person={session.person} />
      </header>
      <main id="content" className={styles.content} tabIndex={-1}>
        <Outlet />
      </main>
      <KeyboardHelp />
    </div>
  );
}

function Navigation({ roles }: { roles: readonly string[] }) {
  return (
    <nav className={styles.navigation} aria-label={words.shell.pages}>
      <Link to="/" className={styles.brand}>
        <img src={icon} alt="" width="20" height="20" />
        {words.shell.product}
      </Link>
      <ul>
        {navigationOf(pages, roles).map(({ path, navigation }) => (
          <Entry key={path} path={path} navigation={navigation} />
        ))}
      </ul>
    </nav>
  );
}

const countWords = { pending: words.shell.ordersWait, deadLetters: words.shell.messagesSetAside };

interface EntryProps {
  path: string;
  navigation: NavigationEntry;
}

/** A page, and how much there waits for a person. */
function Entry({ path, navigation: { title, icon: name, count: counted } }: EntryProps) {
  const count = useLiveCount(counted);
  const explanation = useId();
  const shown = counted !== undefined && count !== undefined && count > 0 ? { counted, count } : undefined;
  return (
    <li>
      <Link
        to={path}
        className={styles.entry}
        activeOptions={{ exact: path === '/', includeSearch: false }}
        activeProps={{ 'aria-current': 'page' }}
        aria-describedby={shown && explanation}
      >
        <Icon name={name} />
        {title}
        {shown && (
          <span className={styles.count} data-of={shown.counted} aria-hidden>
            {shown.count.toLocaleString(locale)}
            {shown.counted === 'pending' && ' ◐'}
          </span>
        )}
      </Link>
      {shown && (
        <span id={explanation} hidden>
          {countWords[shown.counted](shown.count)}
        </span>
      )}
    </li>
  );
}
