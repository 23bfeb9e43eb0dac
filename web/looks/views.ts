/** What there is to look at: the pages of the console, and what can be opened on them. */
import type { Page } from '../browser.ts';

/** `empty`: before there is any data. `loading` and `error`: the network does not answer, or fails. */
export type State = 'full' | 'empty' | 'loading' | 'error';
export const states: readonly State[] = ['full', 'empty', 'loading', 'error'];

/** Things that the pages show, by what they are. A system may lack some. */
export interface Examples {
  confirmed?: string;
  rejected?: string;
  shipped?: string;
  cancelled?: string;
  pending?: string;
  product?: string;
  /** The id of an account. */
  account?: string;
  /** A dead letter and its group: the end of the path below `/failures`. */
  letter?: string;
  group?: string;
}

/** One look at a page. */
export interface View {
  page: string;
  /** What is special, such as an open dialog. */
  detail?: string;
  /** Its address; undefined if this system has no such thing. */
  path: (examples: Examples) => string | undefined;
  states: readonly State[];
  /** The address of the state `empty`, if it is another one. */
  emptyPath?: string;
  /** Whether no one is signed in. */
  isOutside?: boolean;
  /** Brings it about on the open page. */
  arrange?: (page: Page) => Promise<void>;
}

/** A page at a fixed address. */
const at = (path: string) => () => path;
/** The page of an example. */
const of = (folder: string, name: keyof Examples) => (examples: Examples) =>
  examples[name] === undefined ? undefined : `${folder}/${examples[name]}`;
const press = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name }).first().click();

const stockFile = 'sku,delta,reason\nMUG-BLUE,12,Delivery 4711\nLAMP-01,-500,Broken\nNO SUCH SKU,1,\nPOSTER-MOON,30,\n';

export const views: readonly View[] = [
  { page: 'sign-in', path: at('/sign-in'), states: ['full'], isOutside: true },
  { page: 'welcome', path: at('/welcome#token'), states: ['full'], isOutside: true },
  { page: 'overview', path: at('/overview'), states },
  { page: 'overview', detail: 'menu', path: at('/overview'), states: ['full'], arrange: press(/^Menu of/) },
  {
    page: 'overview',
    detail: 'keys',
    path: at('/overview'),
    states: ['full'],
    arrange: (page) => page.keyboard.press('?'),
  },
  { page: 'orders', path: at('/orders'), states },
  { page: 'orders', detail: 'filtered', path: at('/orders?status=rejected'), states: ['full', 'empty'] },
  { page: 'orders', detail: 'sku', path: at('/orders?sku=MUG-BLUE'), states: ['full'] },
  {
    page: 'order',
    path: of('/orders', 'shipped'),
    emptyPath: '/orders/ORD-999999',
    states,
  },
  ...(['confirmed', 'rejected', 'cancelled', 'pending'] as const).map(
    (status): View => ({ page: 'order', detail: status, path: of('/orders', status), states: ['full'] }),
  ),
  {
    page: 'order',
    detail: 'ship',
    path: of('/orders', 'confirmed'),
    states: ['full'],
    arrange: press('Ship order'),
  },
  {
    page: 'order',
    detail: 'cancel',
    path: of('/orders', 'confirmed'),
    states: ['full'],
    arrange: press('Cancel order'),
  },
  { page: 'stock', path: at('/stock'), emptyPath: '/stock?sku=NO-SUCH-SKU', states },
  { page: 'product', path: of('/stock', 'product'), emptyPath: '/stock/NO-SUCH-SKU', states },
  {
    page: 'product',
    detail: 'adjust',
    path: of('/stock', 'product'),
    states: ['full'],
    arrange: press('Adjust stock'),
  },
  {
    page: 'product',
    detail: 'count',
    path: of('/stock', 'product'),
    states: ['full'],
    arrange: press('Count stock'),
  },
  { page: 'import', path: at('/stock/import/csv'), states: ['empty'] },
  {
    page: 'import',
    detail: 'preview',
    path: at('/stock/import/csv'),
    states: ['full'],
    arrange: (page) =>
      page
        .locator('input[type=file]')
        .setInputFiles({ name: 'stock.csv', mimeType: 'text/csv', buffer: Buffer.from(stockFile) }),
  },
  { page: 'failures', path: at('/failures'), states },
  { page: 'failure-group', path: of('/failures', 'group'), emptyPath: '/failures/orders', states },
  {
    page: 'failure-group',
    detail: 'replay',
    path: of('/failures', 'group'),
    states: ['full'],
    arrange: press(/^Replay/),
  },
  {
    page: 'failure',
    path: of('/failures', 'letter'),
    emptyPath: '/failures/orders/00000000-0000-4000-8000-000000000000',
    states,
  },
  {
    page: 'failure',
    detail: 'discard',
    path: of('/failures', 'letter'),
    states: ['full'],
    arrange: press('Discard message'),
  },
  { page: 'books', path: at('/books'), states },
  { page: 'accounts', path: at('/accounts'), states: ['full', 'loading', 'error'] },
  {
    page: 'account',
    path: of('/accounts', 'account'),
    emptyPath: '/accounts/00000000-0000-4000-8000-000000000000',
    states,
  },
  { page: 'parts', path: at('/parts'), states: ['full', 'loading', 'error'] },
  { page: 'not-found', path: at('/nowhere'), states: ['full'] },
];
