import { Link, Outlet, useRouter } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { resumeSession } from '../../shared/api/session.ts';
import { useSession } from '../../shared/api/use-session.ts';
import { ErrorPanel } from '../../shared/components/error-panel.tsx';
import { useLive } from '../../shared/live/use-live.ts';
import { words } from '../../shared/words/locale.ts';
import icon from '../icon.svg';
import { pages } from '../pages.ts';
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
          <li key={path}>
            <Link
              to={path}
              className={styles.entry}
              activeOptions={{ exact: path === '/', includeSearch: false }}
              activeProps={{ 'aria-current': 'page' }}
            >
              <Icon name={navigation.icon} />
              {navigation.title}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
