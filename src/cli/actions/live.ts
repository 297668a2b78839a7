import { printable } from '../../base/printable.ts';
import type { Missing } from '../../collect/bundle.ts';
import { Host } from '../../collect/host.ts';
import { createAnalyst } from '../../live/analyst.ts';
import { eventText } from '../../live/event-text.ts';
import { changeOf, endOf, findingOf, type LiveEvent, pointOf } from '../../live/events.ts';
import { Live } from '../../live/live.ts';
import { type Backend, backends } from '../../live/programs.ts';
import { nameOf } from '../../live/tap.ts';
import type { Analysis } from '../../report/analysis.ts';
import type { LiveCommandOptions } from '../commands/live.ts';
import { type Io, type Status, UsageError } from '../io.ts';
import { onInterrupt } from '../signals.ts';
import { textOptions } from '../terminal.ts';

/** Events as lines, until it is told to end, the time is over, or something is found that it was to end with. */
export async function liveAction(options: LiveCommandOptions, io: Io): Promise<Status> {
  if (!options.headless)
    throw new UsageError('there is no screen yet', 'nettrace live --headless prints what happens.');
  const host = new Host(io.env);
  const backend = backendOf(host, options);
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const tell = teller(options, io, end);
  const release = onInterrupt((times) => {
    if (times === 1) end();
    else {
      host.killAll();
      process.exit(130);
    }
  });
  const now = () => Date.now() / 1000;
  const dropped = new Map<string, number>();
  let wasBehind = false;
  const live = new Live(
    {
      points: options.interfaces,
      scope: { hostChoice: options.hostNamespace, only: options.only },
      backend,
      limits: {
        snaplen: options.snaplen,
        promiscuous: options.promiscuous,
        ...(options.filter !== undefined && { filter: options.filter }),
      },
    },
    {
      host,
      analyst: createAnalyst(),
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
        onWarning: (text) => tell({ event: 'warning', time: now(), text }),
      },
    },
  );
  try {
    const wrong = await live.begin();
    if (wrong) throw new UsageError(printable(wrong.wrong), wrong.hint);
    tell({
      event: 'begin',
      time: now(),
      points: live.points.map(pointOf),
      namespaces: live.state.namespaces.map(({ name }) => name),
      missing: live.state.missing.map((missing: Missing) => ({ ...missing })),
    });
    const timer = options.duration === undefined ? undefined : setTimeout(end, options.duration * 1000);
    await ended;
    clearTimeout(timer);
    tell({ event: 'stop', time: now(), points: live.points.map(pointOf), findings: live.troubles.count });
    return live.troubles.count > 0 ? 1 : 0;
  } finally {
    release();
    await live.stop();
  }
}

function backendOf(host: Host, { backend: wanted }: LiveCommandOptions): Backend {
  const usable = backends(host);
  const chosen = wanted === 'auto' ? usable[0] : usable.find((each) => each === wanted);
  if (chosen !== undefined) return chosen;
  if (wanted === 'cap')
    throw new UsageError(
      'the package cap was not built here',
      "It needs libpcap's headers (libpcap-dev) and a compiler when nettrace is installed: npm rebuild cap",
    );
  throw new UsageError(
    wanted === 'tcpdump'
      ? 'tcpdump is not installed'
      : 'nothing captures here: tcpdump is not installed, and cap was not built',
    'Install tcpdump; or libpcap-dev and a compiler, and then: npm rebuild cap',
  );
}

function teller(
  options: LiveCommandOptions,
  io: Io,
  end: () => void,
): (event: LiveEvent, analysis?: Analysis) => void {
  const style = textOptions(io, options);
  return (event, analysis) => {
    if (options.quiet && !['finding', 'end', 'warning'].includes(event.event)) return;
    if (options.format === 'jsonl') io.stdout.write(`${JSON.stringify(event)}\n`);
    else io.stdout.write(eventText(event, analysis, style));
    if (options.exitOnFinding && event.event === 'finding') end();
  };
}
