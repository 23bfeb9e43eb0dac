import { createHash } from 'node:crypto';
import { SYSTEM } from '../../contract/descriptions.ts';

/** A page that is whole by itself, ready to be sent. */
export interface Page {
  html: Buffer;
  etag: string;
  /** Content-Security-Policy that lets exactly this page's own scripts and styles run. */
  policy: string;
}

export interface Html {
  html: string;
}

type Value = string | number | Html | readonly Html[];

/** A template of HTML. What is put in is text, and is escaped, unless it is HTML already. */
export function html(strings: TemplateStringsArray, ...values: Value[]): Html {
  return { html: String.raw({ raw: strings }, ...values.map(toHtml)) };
}

function toHtml(value: Value): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  return 'html' in value ? value.html : value.map((part) => part.html).join('');
}

const headerStyle = `
body { margin: 0 }
header { padding: 1rem 2rem; background: #1b1f24; color: #fff; font: 15px/1.5 system-ui, sans-serif }
header strong { display: block; font-size: 1.3rem; margin: 0 0 .3rem }
header nav { display: flex; flex-wrap: wrap; gap: 0 1.2rem }
header a { color: #9cd0ff }
header a[aria-current] { color: #fff; font-weight: 600; text-decoration: none }
header p { margin: .3rem 0 0; max-width: 60rem; color: #d4d9df }
@media (max-width: 40rem) { header { padding: 1rem } }`;

export interface PageParts {
  title: string;
  /** Below the name of the site. */
  header: Html;
  body: Html;
  styles: readonly string[];
  scripts?: readonly string[];
}

/** A page in the look of all pages below `/docs`. It loads nothing; scripts may ask this server. */
export function makePage({ title, header, body, styles, scripts = [] }: PageParts): Page {
  const allStyles = [...styles, headerStyle];
  const text = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
${allStyles.map((style) => ({ html: `<style>${style}</style>\n` }))}</head>
<body>
<header>
<strong>${SYSTEM}: the API</strong>
${header}
</header>
${body}
${scripts.map((script) => ({ html: `<script>${script}</script>\n` }))}</body>
</html>
`;
  const policy = [
    "default-src 'none'",
    ...(scripts.length > 0 ? [`script-src ${scripts.map(hashSource).join(' ')}`, "connect-src 'self'"] : []),
    `style-src ${allStyles.map(hashSource).join(' ')}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  const bytes = Buffer.from(text.html);
  return { html: bytes, etag: `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`, policy };
}

function hashSource(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
