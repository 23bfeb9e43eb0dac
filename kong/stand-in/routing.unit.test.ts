import fc from 'fast-check';
import {
  createRouter,
  escapePath,
  type HeaderMatcher,
  normalizePath,
  overlaps,
  parseHeader,
  parsePath,
  type RouteMatcher,
  readPath,
} from './routing.ts';

function matcher(text: string): RouteMatcher {
  const parsed = parsePath(text);
  if (!parsed) throw new Error(`${text} is refused`);
  return parsed;
}

describe('parsePath', () => {
  it.each(['~/$', '~/orders$', '~/orders/[^/]+$', '~/docs/orders\\.json$', '~/orders/[^/]+/timeline$'])(
    'takes %s',
    (text) => {
      expect(parsePath(text)).toBeDefined();
    },
  );

  it.each([
    ['a prefix', '/orders'],
    ['no end', '~/orders'],
    ['an unescaped dot', '~/docs/orders.json$'],
    ['a double slash', '~//orders$'],
    ['a slash at the end', '~/orders/$'],
    ['an alternative', '~/(orders|products)$'],
    ['a class that JavaScript and Rust may read differently', '~/orders/\\d+$'],
    ['a named group', '~/orders/(?<id>[^/]+)$'],
  ])('refuses %s', (_what, text) => {
    expect(parsePath(text)).toBeUndefined();
  });
});

describe('overlaps', () => {
  it.each([
    ['~/orders$', '~/orders$', true],
    ['~/orders/[^/]+$', '~/orders/groups$', true],
    ['~/orders/[^/]+/replay$', '~/orders/groups/[^/]+$', true],
    ['~/orders/[^/]+$', '~/orders$', false],
    ['~/orders/[^/]+$', '~/products/[^/]+$', false],
    ['~/$', '~/orders$', false],
  ])('%s and %s: %s', (left, right, expected) => {
    expect(overlaps(matcher(left), matcher(right))).toBe(expected);
  });
});

describe('createRouter', () => {
  const route = (name: string, methods: string[], path: string, regexPriority = 0, headers: HeaderMatcher[] = []) => ({
    ...{ name, methods, headers, regexPriority },
    paths: [matcher(path)],
  });
  const header = (name: string, ...values: string[]) => parseHeader(name, values) as HeaderMatcher;
  const match = createRouter([
    route('one', ['GET'], '~/letters/[^/]+$'),
    route('groups', ['GET'], '~/letters/groups$', 1),
    route('replay', ['POST'], '~/letters/[^/]+/replay$'),
    route('file', ['GET'], '~/a\\.json$'),
    route('page', ['GET'], '~/letters/[^/]+$', 0, [header('Accept', '~*^text/html(,|;|$)')]),
    route('both', ['GET'], '~/letters/[^/]+$', 0, [
      header('accept', '~*^text/html'),
      header('X-Caller', 'Person', 'shop', '~*^robot-'),
    ]),
  ]);

  it.each([
    ['GET', '/letters/7', 'one'],
    ['GET', '/letters/groups', 'groups'],
    ['POST', '/letters/7/replay', 'replay'],
    ['GET', '/a.json', 'file'],
    ['GET', '/a-json', undefined],
    ['POST', '/letters/7', undefined],
    ['GET', '/letters/', undefined],
    ['GET', '/letters/7/', undefined],
    ['GET', '/Letters/7', undefined],
    ['GET', '/letters/7/replay', undefined],
    ['OPTIONS', '/letters/7', undefined],
  ])('%s %s is %s', (method, path, name) => {
    expect(match(method, path)?.name).toBe(name);
  });

  it.each([
    [['accept', 'text/html'], 'page'],
    [['accept', 'Text/HTML;q=0.9, */*'], 'page'],
    [['accept', 'application/json', 'accept', 'text/html,*/*'], 'page'],
    [['accept', 'text/html', 'x-caller', 'SHOP'], 'both'],
    [['accept', 'text/html', 'x-caller', 'shops'], 'page'],
    [['accept', 'text/html', 'x-caller', 'Robot-7'], 'both'],
    [['accept', 'text/html', 'x-caller', '~*^robot-'], 'page'],
    [['accept', 'text/html5'], 'groups'],
    [['accept', 'application/json, text/html'], 'groups'],
    [['accept', '*/*'], 'groups'],
    [[], 'groups'],
  ])('%j on a path of several routes is %s: headers rank above priority', (headers, name) => {
    expect(match('GET', '/letters/groups', headers)?.name).toBe(name);
  });
});

describe('parseHeader', () => {
  it.each(['~*^Text/html', '~*\\w+', '~*[a-z]', '~*a?', '~*a{2}'])('refuses %s', (value) => {
    expect(parseHeader('accept', [value])).toBeUndefined();
  });
});

describe('readPath', () => {
  it.each([
    ['/', '/', '/'],
    ['/orders', '/orders', '/orders'],
    ['/orders/', '/orders/', '/orders/'],
    ['//orders', '/orders', '/orders'],
    ['/./orders/../products', '/products', '/products'],
    ['/orders/..', '/', '/'],
    ['/orders/.', '/orders/', '/orders/'],
    ['/%6Frders', '/orders', '/orders'],
    ['/orders/%2e%2e/products', '/products', '/products'],
    ['/orders/a%2fb', '/orders/a%2Fb', '/orders/a%2Fb'],
    ['/orders/a%25b', '/orders/a%25b', '/orders/a%25b'],
    ['/orders/a%20b', '/orders/a b', '/orders/a%20b'],
    ['/orders/%c3%a9', '/orders/\xc3\xa9', '/orders/%C3%A9'],
    ['http://shop.example/orders', '/orders', '/orders'],
  ])('%s matches as %s and is forwarded as %s', (target, normal, forwarded) => {
    expect(readPath(target)).toMatchObject({ kind: 'path', normal, forwarded, query: '' });
  });

  it('leaves the query as it is', () => {
    expect(readPath('/orders?a=%2e%2e/%zz&b=//')).toMatchObject({ normal: '/orders', query: '?a=%2e%2e/%zz&b=//' });
  });

  it.each(['/../orders', '/orders/../../x', '/a%00b', '/a%zz', '/a%', '*', '/orders/x#y', '/x/..%2F..'])(
    'refuses %s',
    (target) => {
      expect(readPath(target)).toEqual({ kind: 'bad-request' });
    },
  );

  it('has no route for bytes that are not UTF-8', () => {
    expect(readPath('/orders/%ff')).toEqual({ kind: 'no-route' });
  });

  it('does not change a normalised path', () => {
    const piece = fc.constantFrom('a', '.', '/', '%2F', '%41', '%20', '-', '//', '%2e');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const once = escapePath(normalizePath(`/${pieces.join('')}`));
        expect(escapePath(normalizePath(once))).toBe(once);
        expect(once).toMatch(/^(\/[^/]+)*\/?$/);
        expect(once.split('/')).not.toContain('..');
      }),
    );
  });
});
