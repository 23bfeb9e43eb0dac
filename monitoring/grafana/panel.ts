/** The short form of a dashboard, and its conversion to Grafana's JSON. */

export interface Panel {
  /** Alerts link to it: never change it. */
  id: number;
  title: string;
  /** What it shows, and how to read it. */
  description: string;
  /** One of Grafana's ids of units (grafana.com/docs: "reqps", "s", "percentunit" …). */
  unit: Unit;
  /** Legend and expression. */
  queries: [legend: string, expr: string][];
  /** The threshold of its alert, drawn as a line. */
  limit?: number;
}

export type Unit = 'short' | 'cps' | 'reqps' | 's' | 'ms' | 'percentunit' | 'bytes' | 'Bps';

export interface Dashboard {
  uid: string;
  title: string;
  description: string;
  panels: Panel[];
}

const datasource = { type: 'prometheus', uid: 'prometheus' };
const COLUMNS = 3;
const WIDTH = 24 / COLUMNS;
const HEIGHT = 8;

/** The JSON text with which Grafana is provisioned. */
export function toGrafana({ uid, title, description, panels }: Dashboard): string {
  const dashboard = {
    uid,
    title,
    description,
    tags: ['orders'],
    editable: false,
    schemaVersion: 41,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    graphTooltip: 1, // one cursor for all panels
    links: [{ type: 'dashboards', title: 'Dashboards', tags: ['orders'], asDropdown: true }],
  };
  const listed = panels.map((panel, index) => `    {\n${members(toGrafanaPanel(panel, index), '      ')}\n    }`);
  return `{\n${members(dashboard, '  ')},\n  "panels": [\n${listed.join(',\n')}\n  ]\n}\n`;
}

/** One line per member, so that diffs are readable. */
function members(object: object, indent: string): string {
  const lines = Object.entries(object).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return lines.map((line) => indent + line).join(',\n');
}

function toGrafanaPanel({ id, title, description, unit, queries, limit }: Panel, index: number): object {
  const steps = [{ color: 'green', value: null }, ...(limit === undefined ? [] : [{ color: 'red', value: limit }])];
  const custom = { fillOpacity: 10, ...(limit !== undefined && { thresholdsStyle: { mode: 'line' } }) };
  return {
    id,
    type: 'timeseries',
    title,
    description,
    datasource,
    gridPos: { x: (index % COLUMNS) * WIDTH, y: Math.floor(index / COLUMNS) * HEIGHT, w: WIDTH, h: HEIGHT },
    fieldConfig: { defaults: { unit, min: 0, custom, thresholds: { mode: 'absolute', steps } }, overrides: [] },
    options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
    targets: queries.map(([legendFormat, expr], query) => ({
      refId: String.fromCharCode(65 + query),
      datasource,
      expr,
      legendFormat,
    })),
  };
}
