/** A node of `EXPLAIN (FORMAT JSON)`, as far as it matters here. */
export interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  'Parent Relationship'?: string;
  Filter?: string;
  Plans?: PlanNode[];
}

export interface Tables {
  /** Tables that get more and more rows. */
  growing: ReadonlySet<string>;
  /** Indexes that hold few rows however large their table is. */
  small: ReadonlySet<string>;
  /** Indexes whose first column has more and more rows of one value: for lists, which a LIMIT ends. */
  wide: ReadonlySet<string>;
}

// These give each row on as soon as they have it, so a LIMIT above them ends what is below.
const PASSES_ROWS_ON = ['Limit', 'LockRows', 'Subquery Scan', 'Result', 'Nested Loop', 'Append', 'Merge Append'];

/**
 * Where a plan reads more of a growing table as the table grows: a sequential scan, or an index from its first to its
 * last entry without a LIMIT that ends it, or all rows of one value where one value may have any number.
 */
export function unboundedReads(plan: PlanNode, { growing, small, wide }: Tables): string[] {
  const found: string[] = [];
  walk(plan, undefined, false);
  return found;

  function walk(node: PlanNode, table: string | undefined, isLimited: boolean): void {
    const relation = node['Relation Name'] ?? table;
    const fault = relation !== undefined && growing.has(relation) && faultOf(node, isLimited);
    if (fault) found.push(`${fault} on ${relation}`);
    const limited = node['Node Type'] === 'Limit' || (isLimited && PASSES_ROWS_ON.includes(node['Node Type']));
    for (const child of node.Plans ?? []) {
      // Only the outer side of a join is read once; an index of a bitmap belongs to the table above it.
      const isOuter = child['Parent Relationship'] === 'Outer' || child['Parent Relationship'] === 'Subquery';
      walk(child, node['Node Type'].startsWith('Bitmap') ? relation : undefined, limited && isOuter);
    }
  }

  function faultOf(node: PlanNode, isLimited: boolean): string | undefined {
    const type = node['Node Type'];
    // Without a filter every row that is read counts for the LIMIT; with one, it may read on and on.
    if (isLimited && node.Filter === undefined) return undefined;
    if (type === 'Seq Scan') return type;
    if (!/^(Index Scan|Index Only Scan|Bitmap Index Scan)$/.test(type)) return undefined;
    const index = node['Index Name'] ?? '';
    if (small.has(index)) return undefined;
    if (node['Index Cond'] !== undefined) return wide.has(index) ? `${type} of one value of ${index}` : undefined;
    return `${type} of all of ${node['Index Name']}`;
  }
}
