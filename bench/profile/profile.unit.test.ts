import { type CpuProfile, renderTop, topBySelf, toTree } from './cpu-profile.ts';
import { renderFlameGraph } from './flame-graph.ts';

function node(id: number, functionName: string, url: string, children: number[] = []) {
  return { id, callFrame: { functionName, url, lineNumber: 9 }, children };
}

// main calls place from two lines; place calls a package. 3 ms of 10 are idle.
const profile: CpuProfile = {
  nodes: [
    node(1, '(root)', '', [2, 3]),
    node(2, '(idle)', ''),
    node(3, 'main', `file://${process.cwd()}/order-service/src/main.ts`, [4, 5]),
    node(4, 'place', `file://${process.cwd()}/order-service/src/place.ts`, [6]),
    node(5, 'place', `file://${process.cwd()}/order-service/src/place.ts`),
    node(6, 'a<b', 'file:///any/node_modules/@scope/pg/lib/query.js'),
  ],
  samples: [3, 4, 5, 6, 2],
  timeDeltas: [500, 1_000, 2_000, 1_000, 3_000, 3_000],
};

describe('a CPU profile', () => {
  it('is a tree of functions with their callees, without idle time', () => {
    const root = toTree(profile);
    expect(root.totalMs).toBe(7);
    expect(root.children).toMatchObject([
      { name: 'main', place: 'order-service/src/main.ts:10', selfMs: 1, totalMs: 7 },
    ]);
  });

  it('sums the self time of a function over all its callers', () => {
    expect(topBySelf(toTree(profile), 2).map(({ name, selfMs }) => [name, selfMs])).toEqual([
      ['place', 3],
      ['a<b', 3],
    ]);
    expect(renderTop(toTree(profile), 1)).toMatch(
      /7 ms of work.*3\.0 ms +42\.9 % +place +order-service\/src\/place\.ts:10\n$/s,
    );
  });

  it('has a box for each function, as wide as its time', () => {
    const graph = renderFlameGraph(toTree(profile), 'order-1');
    const widths = [...graph.matchAll(/width="([\d.]+)" height="17".*?<title>(\S+)/g)].map(([, width, name]) => [
      name,
      Number(width),
    ]);
    expect(widths).toEqual([
      ['(root)', 1_600],
      ['main', 1_600],
      ['place', expect.closeTo((1_600 * 6) / 7, 0)],
      ['a&lt;b', expect.closeTo((1_600 * 3) / 7, 0)],
    ]);
    expect(graph).toContain('@scope/pg lib/query.js:10 3.0 ms, 42.9 %');
  });
});
