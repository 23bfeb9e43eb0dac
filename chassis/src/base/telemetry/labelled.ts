/**
 * Counters and histograms for events of every request. Here a labelled metric costs a lookup in maps; prom-client sorts, joins
 * and hashes the labels at each event, and creates strings and closures that the garbage collector must remove.
 */
import type { Metric, Registry } from 'prom-client';

type Value = string | number;

/** A metric with a child for each combination of label values used so far. */
export interface Labelled<Child> {
  readonly name: string;
  /** The child with these values, in the order of the label names. It is exported from then on. */
  of(first: Value, second?: Value, third?: Value): Child;
  /** The samples for a scrape, in the form of prom-client's own metrics. */
  get(): Promise<{ values: Sample[] }>;
  /** Remove all children. */
  reset(): void;
}

export interface LabelledOptions {
  name: string;
  help: string;
  /** One to three; each with a bounded set of values. */
  labelNames: readonly string[];
  registers: readonly Registry[];
}

/** A line of the exposition format (prometheus.io/docs/instrumenting/exposition_formats). */
export interface Sample {
  labels: Record<string, Value>;
  value: number;
  metricName?: string;
}

interface Count {
  inc(by?: number): void;
}

export type LabelledCounter = Labelled<Count>;

/** A counter with labels. */
export function labelledCounter(options: LabelledOptions): LabelledCounter {
  return labelled(options, 'counter', {
    make: () => {
      // A typed array, because V8 allocates a new heap number for each change of a variable above 31 bits.
      const total = new Float64Array(1);
      return {
        total,
        inc: (by = 1) => {
          (total[0] as number) += by;
        },
      };
    },
    samples: (labels, { total }) => [{ labels, value: total[0] ?? 0 }],
  });
}

interface Distribution {
  observe(value: number): void;
}

export type LabelledHistogram = Labelled<Distribution>;

/** A histogram with labels; `buckets` are its upper bounds, ascending. */
export function labelledHistogram(options: LabelledOptions & { buckets: readonly number[] }): LabelledHistogram {
  const { name, buckets } = options;
  const bounds = Float64Array.from([...buckets, Number.POSITIVE_INFINITY]);
  return labelled(options, 'histogram', {
    make: () => {
      const counts = new Float64Array(bounds.length);
      const sum = new Float64Array(1);
      return {
        counts,
        sum,
        observe: (value) => {
          let bucket = 0;
          // A bucket includes its bound.
          while (value > (bounds[bucket] as number)) bucket += 1;
          (counts[bucket] as number) += 1;
          (sum[0] as number) += value;
        },
      };
    },
    samples: (labels, { counts, sum }) => {
      let count = 0;
      const bounded = [...counts].map((inBucket, n) => {
        count += inBucket;
        return { labels: { le: buckets[n] ?? '+Inf', ...labels }, value: count, metricName: `${name}_bucket` };
      });
      return [
        ...bounded,
        { labels, value: sum[0] ?? 0, metricName: `${name}_sum` },
        { labels, value: count, metricName: `${name}_count` },
      ];
    },
  });
}

interface Kind<Child> {
  make: () => Child;
  samples: (labels: Sample['labels'], child: Child) => Sample[];
}

function labelled<Child>(
  { name, help, labelNames, registers }: LabelledOptions,
  type: 'counter' | 'histogram',
  { make, samples }: Kind<Child>,
): Labelled<Child> {
  // By first, second and third value. Unused levels have the key undefined.
  const tree = new Map<Value, Map<Value | undefined, Map<Value | undefined, Child>>>();
  const children: { labels: Sample['labels']; child: Child }[] = [];

  function add(first: Value, second?: Value, third?: Value): Child {
    const values = [first, second, third].filter((value) => value !== undefined);
    if (values.length !== labelNames.length)
      throw new Error(`${name} needs values for these labels: ${labelNames.join(', ')}`);
    const child = make();
    const branch = tree.get(first) ?? new Map<Value | undefined, Map<Value | undefined, Child>>();
    tree.set(first, branch);
    branch.set(second, (branch.get(second) ?? new Map<Value | undefined, Child>()).set(third, child));
    children.push({ labels: Object.fromEntries(values.map((value, n) => [labelNames[n], value])), child });
    return child;
  }

  const metric = {
    name,
    of: (first: Value, second?: Value, third?: Value) =>
      tree.get(first)?.get(second)?.get(third) ?? add(first, second, third),
    get: async () => ({
      name,
      help,
      type,
      values: children.flatMap(({ labels, child }) => samples(labels, child)),
    }),
    reset: () => {
      tree.clear();
      children.length = 0;
    },
  };
  // A registry uses only `name`, `get` and `reset` of a metric.
  for (const registry of registers) registry.registerMetric(metric as unknown as Metric);
  return metric;
}
