import type { Picture } from './take.ts';

/** A page with all pictures, by page of the console, then state. */
export function sheetOf(pictures: readonly Picture[], takenAt: Date): string {
  const pages = [...new Set(pictures.map(({ page }) => page))];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Looks of the console</title>
<style>
  :root { color-scheme: light dark; font: 14px/1.5 system-ui; }
  body { margin: 0 auto; max-width: 1600px; padding: 16px; }
  nav { display: flex; flex-wrap: wrap; gap: 12px; }
  .row { display: grid; grid-template-columns: 1fr 1fr 3fr 3fr; gap: 12px; align-items: start; }
  figure { margin: 0; min-width: 0; }
  img { width: 100%; max-height: 70vh; object-fit: cover; object-position: top; border: 1px solid GrayText; }
</style>
<h1>Looks of the console</h1>
<p>${pictures.length} pictures of ${takenAt.toISOString().slice(0, 16).replace('T', ' ')} UTC. A picture opens in its full size.</p>
<nav>${pages.map((page) => `<a href="#${page}">${page}</a>`).join('\n')}</nav>
${pages.map((page) => sectionOf(page, pictures)).join('\n')}
</html>
`;
}

function sectionOf(page: string, pictures: readonly Picture[]): string {
  const rows = Map.groupBy(
    pictures.filter((picture) => picture.page === page),
    ({ detail, state }) => [detail, state].filter(Boolean).join(', '),
  );
  return `<section id="${page}">
<h2>${page}</h2>
${[...rows].map(([name, row]) => `<h3>${name}</h3>\n<div class="row">\n${row.map(figureOf).join('\n')}\n</div>`).join('\n')}
</section>`;
}

function figureOf({ page, detail, state, width, theme, file }: Picture): string {
  const caption = `${[page, detail, state].filter(Boolean).join(', ')}: ${width} px, ${theme}`;
  return `<figure><a href="${file}"><img src="${file}" alt="${caption}" loading="lazy"></a><figcaption>${width} px, ${theme}</figcaption></figure>`;
}
