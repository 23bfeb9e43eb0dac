import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { ErrorPanel } from '../shared/components/error-panel.tsx';
import { Loading } from '../shared/components/page.tsx';
import { firstPage, type PageEntry, pages } from './pages.ts';
import { NotFound } from './parts/not-found.tsx';
import { Shell } from './parts/shell.tsx';
import { SignInPage } from './routes/sign-in.tsx';
import { WelcomePage } from './routes/welcome.tsx';

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

const signIn = createRoute({ getParentRoute: () => root, path: '/sign-in', component: SignInPage });
const welcome = createRoute({ getParentRoute: () => root, path: '/welcome', component: WelcomePage });

/** Around every page that needs a person who is signed in. */
const shell = createRoute({ getParentRoute: () => root, id: 'shell', component: Shell, notFoundComponent: NotFound });

const index = createRoute({
  getParentRoute: () => shell,
  path: '/',
  beforeLoad: () => {
    if (firstPage !== '/') throw redirect({ to: firstPage });
  },
});

const lazily = (load: PageEntry['load']) => lazyRouteComponent(async () => ({ default: await load() }));

const routes = pages.map(({ path, load, detail }) => {
  const page = createRoute({ getParentRoute: () => shell, path, component: lazily(load) });
  if (detail === undefined) return page;
  const ofOne = createRoute({ getParentRoute: () => page, path: detail.path, component: lazily(detail.load) });
  return page.addChildren([createRoute({ getParentRoute: () => page, path: '/' }), ofOne]);
});

/** In the frame, so that the navigation is at hand. */
const nowhere = createRoute({ getParentRoute: () => shell, path: '$', component: NotFound });

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    welcome,
    shell.addChildren([...(pages.some(({ path }) => path === '/') ? [] : [index]), ...routes, nowhere]),
  ]),
  basepath: '/console',
  defaultPreload: 'intent',
  defaultPendingComponent: Loading,
  defaultErrorComponent: ({ error }) => <ErrorPanel error={error as Error} onRetry={() => location.reload()} />,
  defaultNotFoundComponent: NotFound,
  // `?status=pending`: the address is read by people, and written by scripts.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const given = Object.entries(search).filter(([, value]) => value !== undefined && value !== '');
    const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
    return text === '' ? '' : `?${text}`;
  },
});
