export interface Sample {
  metric: Record<string, string>;
  value: [number, string];
}

export interface FiringAlert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  state: string;
}

async function api<T>(url: string, path: string): Promise<T> {
  const response = await fetch(`${url}/api/v1/${path}`);
  const { status, data, error } = (await response.json()) as { status: string; data: T; error?: string };
  if (status !== 'success') throw new Error(error);
  return data;
}

/** Evaluates an expression now; throws Prometheus's error. */
export async function query(url: string, expr: string): Promise<Sample[]> {
  return (await api<{ result: Sample[] }>(url, `query?query=${encodeURIComponent(expr)}`)).result;
}

/** The alerts that are firing now. */
export async function firing(url: string): Promise<FiringAlert[]> {
  const { alerts } = await api<{ alerts: FiringAlert[] }>(url, 'alerts');
  return alerts.filter(({ state }) => state === 'firing');
}

/** The smallest number of scrapes of a target; 0 before the first. */
export async function scrapes(url: string): Promise<number> {
  const counts = await query(url, 'count_over_time(up[1h])');
  // Math.min() of nothing is Infinity.
  return counts.length === 0 ? 0 : Math.min(...counts.map(({ value }) => Number(value[1])));
}
