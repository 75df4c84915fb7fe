/** A histogram in which an observation is an addition: prom-client's own makes and hashes an object of labels for each. */
import type { Histogram, Registry } from 'prom-client';

type Label = 'server' | 'method' | 'outcome';
type Exposed = Omit<Awaited<ReturnType<Histogram['get']>>, 'collect' | 'type'>;
type Value = Exposed['values'][number];
type Labels = Readonly<Record<Label, string>>;

/** Seconds; calls of tools take anything from a millisecond to minutes. */
const BUCKETS_S = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 300];

/** The durations of calls with the same labels. */
class Series {
  readonly labels: Labels;
  /** Of each bucket, without those below; the last is beyond all bounds. */
  readonly counts: number[] = Array.from({ length: BUCKETS_S.length + 1 }, () => 0);
  sum = 0;

  constructor(labels: Labels) {
    this.labels = labels;
  }

  add(seconds: number): void {
    let bucket = 0;
    while (bucket < BUCKETS_S.length && seconds > (BUCKETS_S[bucket] as number)) bucket += 1;
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.sum += seconds;
  }
}

export class CallDurations {
  /** Read by the registry. */
  readonly name: string;
  readonly #help: string;
  /** By server, method and outcome. */
  readonly #series = new Map<string, Map<string, Map<string, Series>>>();

  constructor(name: string, help: string) {
    this.name = name;
    this.#help = help;
  }

  /** A registry asks its metrics for their name and their values only. */
  registerIn(registry: Registry): void {
    registry.registerMetric(this as unknown as Histogram);
  }

  add(server: string, method: string, outcome: string, seconds: number): void {
    const series =
      this.#series.get(server)?.get(method)?.get(outcome) ?? this.#open({ server, method, outcome });
    series.add(seconds);
  }

  async get(): Promise<Exposed & { readonly type: 'histogram' }> {
    const all = [...this.#series.values()].flatMap((methods) =>
      [...methods.values()].flatMap((outcomes) => [...outcomes.values()]),
    );
    const values = all.flatMap((series) => this.#valuesOf(series));
    return { name: this.name, help: this.#help, type: 'histogram', aggregator: 'sum', values };
  }

  reset(): void {
    this.#series.clear();
  }

  #open(labels: Labels): Series {
    const methods = this.#series.get(labels.server) ?? new Map<string, Map<string, Series>>();
    const outcomes = methods.get(labels.method) ?? new Map<string, Series>();
    const series = new Series(labels);
    this.#series.set(labels.server, methods.set(labels.method, outcomes.set(labels.outcome, series)));
    return series;
  }

  /** As Prometheus wants them: each bucket with those below. */
  #valuesOf({ labels, counts, sum }: Series): Value[] {
    let total = 0;
    const buckets = counts.map((count, at): Value => {
      total += count;
      return {
        metricName: `${this.name}_bucket`,
        labels: { le: BUCKETS_S[at] ?? '+Inf', ...labels },
        value: total,
      };
    });
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: total },
    ];
  }
}
