import { useRef } from 'react';
import { useRowKeys } from './row-keys.ts';
import styles from './table.module.css';

/** A column of a table. */
export interface Column<Row> {
  title: string;
  cell: (row: Row) => React.ReactNode;
  /** Quantities, money and ages stand at the right, so that digits are in line. */
  align?: 'end';
  /** A phone leaves it out. */
  isExtra?: boolean;
  /** It takes what is left, and is cut when that is too little. */
  isWide?: boolean;
}

interface TableProps<Row> {
  /** What it lists, for screen readers. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
}

/**
 * A list of things, one a row. The first cell of a row names the thing and contains its link; `j` and `k` move between these.
 */
export function Table<Row>({ label, columns, rows, rowKey }: TableProps<Row>) {
  const body = useRef<HTMLTableSectionElement>(null);
  useRowKeys(body);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls sideways must be reachable by keyboard
    <section className={styles.scroller} data-table aria-label={label} tabIndex={0}>
      <table className={styles.table}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.title} scope="col" className={classOf(column)}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map((column, index) =>
                index === 0 ? (
                  <th key={column.title} scope="row" className={classOf(column)}>
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={column.title} className={classOf(column)}>
                    {column.cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function classOf<Row>({ align, isExtra, isWide }: Column<Row>): string {
  return [align === 'end' && styles.end, isExtra && styles.extra, isWide && styles.wide].filter(Boolean).join(' ');
}
