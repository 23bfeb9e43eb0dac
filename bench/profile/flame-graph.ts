/** A flame graph as SVG: each box is a function, as wide as its total time, above its caller. */
import { escapeXml } from '../report/chart.ts';
import type { Frame } from './cpu-profile.ts';

const WIDTH = 1_600;
const ROW_HEIGHT = 17;
const TOP = 30;
// Thousands of narrower boxes would be unreadable.
const LEAST_WIDTH = 0.8;
const CHARACTER_WIDTH = 6.6;
const LEAST_TEXT = 3;

/** The graph; each box has a tooltip with name, place and time. */
export function renderFlameGraph(root: Frame, title: string): string {
  const scale = WIDTH / root.totalMs;
  const height = TOP + ROW_HEIGHT * depthOf(root, LEAST_WIDTH / scale);
  const boxes: string[] = [];
  const draw = (frame: Frame, x: number, depth: number) => {
    const width = frame.totalMs * scale;
    if (!(width >= LEAST_WIDTH)) return;
    boxes.push(renderBox(frame, x, height - ROW_HEIGHT * (depth + 1), width, frame.totalMs / root.totalMs));
    let left = x;
    for (const child of merged(frame.children)) {
      draw(child, left, depth + 1);
      left += child.totalMs * scale;
    }
  };
  draw(root, 0, 0);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeXml(title)}">
<style>text { font: 11px ui-monospace, monospace; pointer-events: none } rect { stroke: #fff; stroke-width: 0.5 } rect:hover { stroke: #000 }</style>
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
<text x="4" y="18">${escapeXml(title)}</text>
${boxes.join('\n')}
</svg>
`;
}

function renderBox({ name, place, totalMs }: Frame, x: number, y: number, width: number, share: number): string {
  const tooltip = `${name} ${place} ${totalMs.toFixed(1)} ms, ${(100 * share).toFixed(1)} %`;
  const fits = Math.floor(width / CHARACTER_WIDTH) - 1;
  const text =
    fits < LEAST_TEXT ? '' : `<text x="${(x + 3).toFixed(1)}" y="${y + 12}">${escapeXml(name.slice(0, fits))}</text>`;
  const box = `x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW_HEIGHT}" fill="${colourOf(place)}"`;
  return `<g><rect ${box}><title>${escapeXml(tooltip)}</title></rect>${text}</g>`;
}

/** One colour each for our code, packages, Node and V8. */
function colourOf(place: string): string {
  if (place === '') return '#c9d1d9';
  if (place.startsWith('node:')) return '#d2e6c4';
  return place.includes(' ') ? '#f5d9a8' : '#f4a582';
}

/** Merges nodes: a function that was called from two lines is two nodes of the profile, but one box. */
function merged(frames: readonly Frame[]): Frame[] {
  const groups = Map.groupBy(frames, ({ name, place }) => `${name} ${place}`);
  return [...groups.values()].map((group) => {
    const [first] = group as [Frame, ...Frame[]];
    const sum = (of: (frame: Frame) => number) => group.reduce((total, frame) => total + of(frame), 0);
    const children = group.flatMap((frame) => frame.children);
    return { ...first, selfMs: sum(({ selfMs }) => selfMs), totalMs: sum(({ totalMs }) => totalMs), children };
  });
}

function depthOf(frame: Frame, leastMs: number): number {
  const children = merged(frame.children).filter(({ totalMs }) => totalMs >= leastMs);
  return 1 + Math.max(0, ...children.map((child) => depthOf(child, leastMs)));
}
