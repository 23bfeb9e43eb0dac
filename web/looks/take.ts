import { join } from 'node:path';
import type { BrowserContext, Page } from '../browser.ts';
import type { Examples, State, View } from './views.ts';

/** A picture that was taken. */
export interface Picture {
  page: string;
  detail?: string;
  state: State;
  width: number;
  theme: 'light' | 'dark';
  /** Its file, in the folder of the pictures. */
  file: string;
}

const widths = [360, 1280] as const;
const themes = ['light', 'dark'] as const;
const HEIGHT = 800;
const HIGHEST = 2_400;
// Longer than a page waits for an answer before it says that there is none.
const ERROR_WITHIN_MS = 20_000;
/** What pages ask for; everything else is the pages themselves. */
const isOfPages = /^\/console(\/|$)/;

/** Where pages are opened, and pictures are put. */
export interface Place {
  baseUrl: string;
  folder: string;
  /** With a session, and without. */
  staff: BrowserContext;
  outside: BrowserContext;
}

/** Takes the pictures of one state of a view: one load, then every width and theme. None if the system has no such thing. */
export async function take(place: Place, view: View, state: State, examples: Examples): Promise<Picture[]> {
  const path = (state === 'empty' && view.emptyPath) || view.path(examples);
  if (path === undefined) return [];
  const page = await (view.isOutside ? place.outside : place.staff).newPage();
  try {
    await page.setViewportSize({ width: 1280, height: HEIGHT });
    await meetNetwork(page, state);
    await page.goto(`${place.baseUrl}/console${path}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await settle(page, state);
    await view.arrange?.(page);
    return await takeAll(page, view, state, place.folder);
  } finally {
    await page.close();
  }
}

async function takeAll(page: Page, { page: name, detail }: View, state: State, folder: string): Promise<Picture[]> {
  const pictures: Picture[] = [];
  for (const width of widths) {
    await page.setViewportSize({ width, height: HEIGHT });
    // A window as high as its page: on a picture of more than a window, what sticks to an edge would be in the middle.
    const height = Math.min(await page.evaluate<number>('document.documentElement.scrollHeight'), HIGHEST);
    await page.setViewportSize({ width, height });
    for (const theme of themes) {
      await page.emulateMedia({ colorScheme: theme });
      const file = `${[name, detail, state, width, theme].filter(Boolean).join('-')}.png`;
      await page.screenshot({ path: join(folder, file) });
      pictures.push({ page: name, ...(detail && { detail }), state, width, theme, file });
    }
  }
  return pictures;
}

/** `loading`: calls have no answer. `error`: the connection is refused. */
async function meetNetwork(page: Page, state: State): Promise<void> {
  if (state !== 'loading' && state !== 'error') return;
  await page.route(
    ({ pathname }) => !isOfPages.test(pathname),
    (route) => (state === 'error' ? route.abort('connectionrefused') : undefined),
  );
}

/** Waits until the page shows what it has to show in this state. */
async function settle(page: Page, state: State): Promise<void> {
  const loading = page.getByRole('status').filter({ hasText: 'Loading' });
  if (state === 'error') {
    // The page of the parts has an error in each row instead.
    const error = page.getByRole('alert').or(page.getByText(/no answer$/));
    await error.first().waitFor({ timeout: ERROR_WITHIN_MS });
  } else if (state !== 'loading') {
    await loading.first().waitFor({ state: 'hidden' });
  }
  // The counters of the streams and the health of the services come by themselves.
  await page.waitForTimeout(1_000);
}
