import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** A broken link or path on a page. */
export interface Fault {
  page: string;
  line: number;
  target: string;
  reason: string;
}

/** Untracked folders, whose content depends on earlier runs. */
const foreign = ['node_modules', '.git', '.local'];

/** The paths of all pages of the project, relative to the root. */
export function findPages(root: string): string[] {
  return globSync(['**/*.md', '.github/**/*.md'], {
    cwd: root,
    exclude: (path) => foreign.includes(path.split('/').at(-1) ?? ''),
  }).sort();
}

/** The broken links and paths on a page. External links are not checked. */
export function faultsOn(root: string, page: string): Fault[] {
  const lines = withoutCode(readFileSync(join(root, page), 'utf8')).split('\n');
  return lines.flatMap((text, index) => {
    const links = [...withoutSpans(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    const named = [...text.matchAll(/`([^`]+)`/g)].flatMap(([, code = '']) => (isPath(root, code) ? [`/${code}`] : []));
    return [...links, ...named].flatMap((target) => {
      const reason = faultOf(root, page, target);
      return reason === undefined ? [] : [{ page, line: index + 1, target, reason }];
    });
  });
}

function faultOf(root: string, page: string, target: string): string | undefined {
  if (/^(https?|mailto):/.test(target)) return undefined;
  const [path = '', anchor] = decodeURIComponent(target).split('#');
  const file = path === '' ? page : path.startsWith('/') ? path.slice(1) : normalize(join(dirname(page), path));
  if (file.startsWith('..')) return 'it is outside the project';
  if (!existsSync(join(root, file))) return 'there is no such file';
  if (anchor === undefined) return undefined;
  if (!file.endsWith('.md')) return 'only a page has headings';
  const anchors = anchorsOf(readFileSync(join(root, file), 'utf8'));
  return anchors.has(anchor) ? undefined : 'the page has no such heading';
}

/** The anchors that GitHub gives a page's headings. */
export function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutCode(page).matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
    const slug = words
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** Blanks code blocks, which keeps the line numbers. */
function withoutCode(page: string): string {
  return page.replace(/^( *)(```+)[^\n]*\n[\s\S]*?^\1\2 *$/gm, (block) => block.replace(/[^\n]/g, ''));
}

function withoutSpans(text: string): string {
  return text.replace(/`[^`]*`/g, (span) => ' '.repeat(span.length));
}

/**
 * Whether code is the path of a file of the project: below one of its folders, with an extension, without a
 * placeholder.
 */
function isPath(root: string, code: string): boolean {
  const [folder = '', ...rest] = code.split('/');
  if (foreign.includes(folder)) return false;
  return rest.length > 0 && /^[\w.-]+(\/[\w.-]+)*\.[a-z]{2,4}$/.test(code) && existsSync(join(root, folder));
}
