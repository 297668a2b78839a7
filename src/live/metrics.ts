/** What is counted of a followed host, in Prometheus' text format 0.0.4. */
import { STATUSES } from '../correlate/status.ts';
import type { LiveFlow } from './flow-book.ts';
import type { Live } from './live.ts';
import type { LivePoint } from './point-tap.ts';
import type { Sampling } from './sampler.ts';
import type { Trouble } from './troubles.ts';

/** Of one moment; counts are since the program began. */
export interface Counted {
  readonly points: readonly LivePoint[];
  readonly flows: readonly Pick<LiveFlow, 'flow'>[];
  readonly holding: readonly Pick<Trouble, 'finding'>[];
  /** Findings that appeared, by cause. */
  readonly appeared: ReadonlyMap<string, number>;
  readonly analyses: number;
  /** All of them together, and the last one. */
  readonly analysisSeconds: number;
  readonly lastSeconds: number;
  /** Seconds of packets that the last one had. */
  readonly span: number;
  readonly sampling: Sampling | undefined;
  readonly memory: number;
  /** Epoch seconds. */
  readonly begun: number;
}

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

export function countedOf(live: Live, begun: number): Counted {
  const { points, troubles, work, span, sampling } = live;
  return {
    points,
    flows: live.flows.list(),
    holding: troubles.holding,
    appeared: troubles.appeared,
    analyses: work.analyses,
    analysisSeconds: work.seconds,
    lastSeconds: work.last,
    span,
    sampling,
    memory: process.memoryUsage.rss(),
    begun,
  };
}

export function metricsText(counted: Counted): string {
  const points = counted.points.map((point) => ({
    point,
    labels: { namespace: point.point.namespace.name, interface: point.point.device },
  }));
  const perPoint = (pick: (point: LivePoint) => number | undefined): Sample[] =>
    points.flatMap(({ point, labels }) => {
      const value = pick(point);
      return value === undefined ? [] : [[labels, value] as const];
    });
  return [
    counter(
      'packets',
      'Packets that passed a capture point.',
      perPoint(({ packets }) => packets),
    ),
    counter(
      'bytes',
      'Bytes on the wire that passed a capture point.',
      perPoint(({ bytes }) => bytes),
    ),
    counter(
      'dropped_packets',
      'Packets that the kernel had no room for at a capture point.',
      perPoint(({ dropped }) => dropped),
    ),
    gauge(
      'point_up',
      'Whether packets are captured at a point.',
      perPoint(({ ended, isSilent }) => (ended === undefined && isSilent !== true ? 1 : 0)),
    ),
    gauge(
      'flows',
      'Flows of the last minutes by what became of them.',
      STATUSES.map((status) => [
        { status },
        counted.flows.filter(({ flow }) => flow.status === status).length,
      ]),
    ),
    gauge('findings', 'Findings that hold.', byCause(counted.holding)),
    counter(
      'findings_appeared',
      'Findings that appeared.',
      [...counted.appeared].map(([cause, count]) => [{ cause }, count]),
    ),
    counter('analyses', 'Analyses that were made.', [[{}, counted.analyses]]),
    counter('analysis_seconds', 'Time that all analyses took.', [[{}, counted.analysisSeconds]]),
    gauge('last_analysis_seconds', 'Time that the last analysis took.', [[{}, counted.lastSeconds]]),
    gauge('analysed_span_seconds', 'Age of the oldest packet that the last analysis had.', [
      [{}, counted.span],
    ]),
    gauge('kept_ratio', 'Of the packets’ bytes of the last second the share that was kept.', [
      [{}, counted.sampling?.share ?? 1],
    ]),
    gauge('flows_set_aside', 'Large flows whose packets are only counted for want of room.', [
      [{}, counted.sampling?.aside ?? 0],
    ]),
    gauge('resident_memory_bytes', 'Memory of the program, threads included.', [[{}, counted.memory]]),
    gauge('start_time_seconds', 'When the program began, in seconds of Unix time.', [[{}, counted.begun]]),
  ].join('');
}

function byCause(holding: readonly Pick<Trouble, 'finding'>[]): Sample[] {
  const counts = new Map<string, { labels: Labels; count: number }>();
  for (const { finding } of holding) {
    const { cause, severity } = finding;
    const known = counts.get(`${cause} ${severity}`) ?? { labels: { cause, severity }, count: 0 };
    known.count++;
    counts.set(`${cause} ${severity}`, known);
  }
  return [...counts.values()].map(({ labels, count }) => [labels, count]);
}

function counter(name: string, help: string, samples: readonly Sample[]): string {
  return family(`nettrace_${name}_total`, 'counter', help, samples);
}

function gauge(name: string, help: string, samples: readonly Sample[]): string {
  return family(`nettrace_${name}`, 'gauge', help, samples);
}

function family(name: string, type: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => `${name}${labelsText(labels)} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function labelsText(labels: Labels): string {
  const texts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return texts.length === 0 ? '' : `{${texts.join(',')}}`;
}

/** Names of interfaces and containers may have nearly any byte. */
function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
