import { orderBy } from '@shop/chassis/reliable/order-by.ts';

/** A V8 CPU profile as a tree of functions and a table of them. */

/** The format of the inspector and of `.cpuprofile` files. */
export interface CpuProfile {
  nodes: readonly {
    id: number;
    callFrame: { functionName: string; url: string; lineNumber: number };
    children?: readonly number[];
  }[];
  /** The node that ran when each sample was taken, and the microseconds since the sample before. */
  samples: readonly number[];
  timeDeltas: readonly number[];
}

export interface Frame {
  name: string;
  /** `chassis/src/edge/problem.ts:12`, `undici lib/dispatcher/pool.js:1`, or empty for V8's own. */
  place: string;
  selfMs: number;
  totalMs: number;
  children: Frame[];
}

/** The call tree, below a root for the whole profile; without idle time. */
export function toTree({ nodes, samples, timeDeltas }: CpuProfile): Frame {
  const frames = new Map<number, Frame>();
  for (const { id, callFrame } of nodes) {
    const { functionName, url, lineNumber } = callFrame;
    const place = url === '' ? '' : `${shorten(url)}:${lineNumber + 1}`;
    frames.set(id, { name: functionName || '(anonymous)', place, selfMs: 0, totalMs: 0, children: [] });
  }
  // The time until the next sample counts for the node of this one.
  for (const [n, id] of samples.entries()) {
    const frame = frames.get(id);
    if (frame) frame.selfMs += Math.max(0, timeDeltas[n + 1] ?? 0) / 1_000;
  }
  for (const { id, children = [] } of nodes) {
    const frame = frames.get(id);
    frame?.children.push(...children.flatMap((child) => frames.get(child) ?? []));
  }
  const root = frames.get(nodes[0]?.id ?? -1);
  if (!root) throw new Error('an empty profile');
  root.children = root.children.filter(({ name }) => name !== '(idle)');
  addUp(root);
  return root;
}

function addUp(frame: Frame): number {
  frame.totalMs = frame.selfMs + frame.children.reduce((sum, child) => sum + addUp(child), 0);
  return frame.totalMs;
}

/** A readable path: relative to the repository, or in a package. */
function shorten(url: string): string {
  const path = url.replace(/^file:\/\//, '');
  const inPackage = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(.*)/.exec(path);
  if (inPackage) return `${inPackage[1]} ${inPackage[2]}`;
  return path.replace(`${process.cwd()}/`, '');
}

/** The functions with the most self time. */
export function topBySelf(root: Frame, count: number): Frame[] {
  const byFunction = new Map<string, Frame>();
  const visit = (frame: Frame) => {
    const key = `${frame.name} ${frame.place}`;
    const known = byFunction.get(key) ?? { ...frame, selfMs: 0, children: [] };
    known.selfMs += frame.selfMs;
    byFunction.set(key, known);
    for (const child of frame.children) visit(child);
  };
  visit(root);
  return [...byFunction.values()].sort(orderBy(({ selfMs }) => -selfMs)).slice(0, count);
}

/** The table as text. */
export function renderTop(root: Frame, count: number): string {
  const lines = topBySelf(root, count).map(({ name, place, selfMs }) => {
    const share = ((100 * selfMs) / root.totalMs).toFixed(1);
    return `${selfMs.toFixed(1).padStart(9)} ms ${share.padStart(5)} %  ${name}  ${place}`.trimEnd();
  });
  return `${root.totalMs.toFixed(0)} ms of work; self time by function:\n\n${lines.join('\n')}\n`;
}
