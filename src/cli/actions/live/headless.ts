/** `nettrace live --headless`: events as lines. */
import { createAnalyst } from '../../../live/analyst.ts';
import { eventText } from '../../../live/event-text.ts';
import { changeOf, endOf, findingOf, type LiveEvent, pointOf, stopOf } from '../../../live/events.ts';
import { Live } from '../../../live/live.ts';
import type { MetricsServer } from '../../../live/metrics-server.ts';
import { SamplingNews } from '../../../live/sampling-news.ts';
import { nameOf } from '../../../live/tap.ts';
import type { Analysis } from '../../../report/analysis.ts';
import { jsonText } from '../../../report/json.ts';
import type { LiveCommandOptions } from '../../commands/live.ts';
import type { Io, Status } from '../../io.ts';
import { textOptions } from '../../terminal.ts';
import { beginLive, type Followed, liveOptions } from './follow.ts';
import { startMetrics } from './metrics.ts';
import { recorderOf } from './record.ts';

/** Until it is told to end, the time is over, or something is found that it was to end with. */
export async function headless(options: LiveCommandOptions, io: Io, followed: Followed): Promise<Status> {
  const tell = teller(options, io, followed.end);
  const now = () => Date.now() / 1000;
  const dropped = new Map<string, number>();
  const sampling = new SamplingNews();
  let wasBehind = false;
  const onWarning = (text: string): void => tell({ event: 'warning', time: now(), text });
  const live = new Live(liveOptions(options, followed), {
    recorder: recorderOf(options, onWarning),
    host: followed.host,
    analyst: createAnalyst(options.limit),
    now: Date.now,
    listener: {
      onChange: (changes) => {
        for (const change of changes) tell(changeOf(change, now()));
      },
      onAnalysis: (analysis, { appeared, ended: over }) => {
        const time = now();
        for (const trouble of appeared) tell(findingOf(trouble, time), analysis);
        for (const trouble of over) tell(endOf(trouble, time));
        for (const point of live.points) {
          const more = (point.dropped ?? 0) - (dropped.get(nameOf(point.point)) ?? 0);
          dropped.set(nameOf(point.point), point.dropped ?? 0);
          const { namespace, interface: device } = pointOf(point);
          if (more > 0) tell({ event: 'drops', time, namespace, interface: device, dropped: more });
        }
        if (live.isBehind && !wasBehind) tell({ event: 'behind', time, span: live.span });
        wasBehind = live.isBehind;
      },
      onCount: () => {
        const sampled = sampling.next(live.sampling, now());
        if (sampled) tell(sampled);
      },
      onWarning,
    },
  });
  let metrics: MetricsServer | undefined;
  try {
    metrics = await startMetrics(options.metrics, live);
    // Whoever has enough before all is read needn't wait for it.
    const isBegun = await Promise.race([
      beginLive(live).then(() => true),
      followed.ended(undefined).then(() => false),
    ]);
    if (isBegun) {
      tell({
        event: 'begin',
        time: now(),
        points: live.points.map(pointOf),
        namespaces: live.state.namespaces.map(({ name }) => name),
        ...(metrics && { metrics: metrics.port }),
        missing: live.state.missing.map((missing) => ({ ...missing })),
      });
      await followed.ended(options.duration);
    }
  } finally {
    await metrics?.close();
    await live.stop();
  }
  // With what the captures still had.
  tell(stopOf(live, now()));
  return live.troubles.count > 0 ? 1 : 0;
}

function teller(
  options: LiveCommandOptions,
  io: Io,
  end: () => void,
): (event: LiveEvent, analysis?: Analysis) => void {
  const style = textOptions(io, options);
  return (event, analysis) => {
    if (options.quiet && !['finding', 'end', 'warning'].includes(event.event)) return;
    if (options.format === 'jsonl') io.stdout.write(`${jsonText(event)}\n`);
    else io.stdout.write(eventText(event, analysis, style));
    if (options.exitOnFinding && event.event === 'finding') end();
  };
}
