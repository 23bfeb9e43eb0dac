/** A node of `EXPLAIN (FORMAT JSON)`, with the members that are used here. */
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
  /** Tables whose number of rows is not limited. */
  growing: ReadonlySet<string>;
  /** Indexes with few rows, regardless of the size of the table. */
  small: ReadonlySet<string>;
  /** Indexes with an unlimited number of rows per value of the first column, for lists with a LIMIT. */
  wide: ReadonlySet<string>;
}

// These return each row as soon as they have it, so a LIMIT above them stops the nodes below.
const PASSES_ROWS_ON = ['Limit', 'LockRows', 'Subquery Scan', 'Result', 'Nested Loop', 'Append', 'Merge Append'];

/**
 * The nodes of a plan that read more rows as a table grows: a sequential scan, a scan of a complete index without a
 * LIMIT, or all rows of one value if the number of rows per value is not limited.
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
      // Only the outer side of a join is read once. A bitmap index scan belongs to the table of its parent.
      const isOuter = child['Parent Relationship'] === 'Outer' || child['Parent Relationship'] === 'Subquery';
      walk(child, node['Node Type'].startsWith('Bitmap') ? relation : undefined, limited && isOuter);
    }
  }

  function faultOf(node: PlanNode, isLimited: boolean): string | undefined {
    const type = node['Node Type'];
    // With a filter, rows that do not match do not count for the LIMIT, so the scan may read any number.
    if (isLimited && node.Filter === undefined) return undefined;
    if (type === 'Seq Scan') return type;
    if (!/^(Index Scan|Index Only Scan|Bitmap Index Scan)$/.test(type)) return undefined;
    const index = node['Index Name'] ?? '';
    if (small.has(index)) return undefined;
    if (node['Index Cond'] !== undefined) return wide.has(index) ? `${type} of one value of ${index}` : undefined;
    return `${type} of all of ${node['Index Name']}`;
  }
}
