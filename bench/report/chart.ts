/** Bar charts as SVG: a group per scenario, a bar per side, with minimum and maximum. */
import type { Spread } from '../statistics.ts';
import { digits } from './format.ts';

export interface Bar {
  label: string;
  value: Spread;
}

export interface Chart {
  title: string;
  unit: string;
  groups: readonly { label: string; bars: readonly Bar[] }[];
}

const WIDTH = 760;
const LABEL_WIDTH = 150;
const VALUE_WIDTH = 170;
const BAR_HEIGHT = 18;
const GAP = 4;
const GROUP_HEAD = 24;
const TOP = 34;

/** The chart; it adapts to a light or dark background. */
export function renderChart({ title, unit, groups }: Chart): string {
  const most = Math.max(...groups.flatMap(({ bars }) => bars.map(({ value }) => value.most)), Number.MIN_VALUE);
  const scale = (value: number) => ((WIDTH - LABEL_WIDTH - VALUE_WIDTH) * value) / most;
  const parts: string[] = [];
  let y = TOP;
  for (const { label, bars } of groups) {
    parts.push(text(0, y + 15, label, 'group'));
    y += GROUP_HEAD;
    for (const bar of bars) {
      parts.push(...renderBar(bar, y, scale));
      y += BAR_HEIGHT + GAP;
    }
    y += GAP;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" role="img" aria-label="${escapeXml(title)}">
<style>
text { font: 12px system-ui, sans-serif; fill: #24292f } .title { font-weight: 600; font-size: 14px } .group { font-weight: 600 }
.label { text-anchor: end } .bar { fill: #8c959f } .ours { fill: #0969da } .range { stroke: #24292f; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .range { stroke: #e6edf3 } .bar { fill: #6e7681 } .ours { fill: #4493f8 } }
</style>
${text(0, 16, `${title} (${unit})`, 'title')}
${parts.join('\n')}
</svg>
`;
}

function renderBar({ label, value }: Bar, y: number, scale: (value: number) => number): string[] {
  const middle = y + BAR_HEIGHT / 2;
  const [from, to] = [LABEL_WIDTH + scale(value.least), LABEL_WIDTH + scale(value.most)].map((x) => x.toFixed(1));
  const kind = label.startsWith('ours') ? 'bar ours' : 'bar';
  return [
    text(LABEL_WIDTH - 8, y + 13, label, 'label'),
    `<rect class="${kind}" x="${LABEL_WIDTH}" y="${y}" width="${scale(value.median).toFixed(1)}" height="${BAR_HEIGHT}"/>`,
    `<line class="range" x1="${from}" x2="${to}" y1="${middle}" y2="${middle}"/>`,
    text(LABEL_WIDTH + scale(value.most) + 8, y + 13, digits(value.median), ''),
  ];
}

function text(x: number, y: number, content: string, kind: string): string {
  return `<text x="${x.toFixed(1)}" y="${y}"${kind && ` class="${kind}"`}>${escapeXml(content)}</text>`;
}

/** Escapes text for an element or an attribute. */
export function escapeXml(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
