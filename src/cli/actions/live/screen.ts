/** `nettrace live`: the screen. */
import { printable } from '../../../base/printable.ts';
import { createAnalyst } from '../../../live/analyst.ts';
import { eventText, samplingText } from '../../../live/event-text.ts';
import { stopOf } from '../../../live/events.ts';
import { Live } from '../../../live/live.ts';
import { App } from '../../../tui/app.ts';
import type { ScreenData } from '../../../tui/data.ts';
import { Rates } from '../../../tui/rates.ts';
import type { LiveCommandOptions } from '../../commands/live.ts';
import { type Io, type Status, UsageError } from '../../io.ts';
import { hasColor, isUtf8, textOptions } from '../../terminal.ts';
import { actsOf } from './acts.ts';
import { beginLive, type Followed, liveOptions } from './follow.ts';
import { startMetrics } from './metrics.ts';
import { recordedText, recorderOf } from './record.ts';
import { checkTerminalName, trustDescriptions } from './terminal-description.ts';

export interface TerminalStreams {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly name: string;
}

const HEADLESS = 'nettrace live --headless prints what happens, as text or as JSON lines.';

/** Throws where there is none that a screen can be drawn on. */
export function requireTerminal({ env }: Io): TerminalStreams {
  const { stdin: input, stdout: output } = process;
  if (!input.isTTY || !output.isTTY) throw new UsageError('the screen needs a terminal', HEADLESS);
  const name = env.TERM ?? '';
  if (name === '' || name === 'dumb')
    throw new UsageError(
      name === '' ? 'TERM is not set: what can this terminal do?' : 'a dumb terminal has no screen',
      HEADLESS,
    );
  checkTerminalName(name, HEADLESS);
  return { input, output, name };
}

/** Terminals with 256 colours, by what TERM calls them. */
const RICH = /256color|direct|^(alacritty|contour|foot|ghostty|kitty|rio|tmux|wezterm|xterm-(kitty|ghostty))/;

export async function onScreen(
  options: LiveCommandOptions,
  io: Io,
  followed: Followed,
  { input, output, name }: TerminalStreams,
): Promise<Status> {
  trustDescriptions(process.env, process.geteuid?.() === 0);
  // Two megabytes that only a screen needs.
  const { default: blessed } = await import('blessed');
  const recorder = recorderOf(options, (text) => app.say(text, true));
  const live = new Live(liveOptions(options, followed), {
    recorder,
    host: followed.host,
    analyst: createAnalyst(options.limit),
    now: Date.now,
    listener: {
      onChange: () => {},
      onAnalysis: () => {},
      onWarning: (text) => app.say(text, true),
    },
  });
  const rates = new Rates();
  const acts = actsOf(live, io.env);
  let isBegun = false;
  const app = new App(
    {
      blessed,
      input,
      output,
      terminal: name,
      isRich: RICH.test(name) || /^(truecolor|24bit)$/.test(io.env.COLORTERM ?? ''),
      color: hasColor(io, io.stdout, options.color),
      unicode: isUtf8(io.env),
    },
    {
      data: () => dataOf(live, rates, isBegun),
      bundle: () => live.bundle(Number.NEGATIVE_INFINITY),
      watchRules: (isWatched) => live.watchRules(isWatched),
      acts,
      env: io.env,
    },
  );
  void app.left.then(followed.end);
  const metrics = startMetrics(options.metrics, live);
  const begun = metrics
    .then(() => beginLive(live))
    .then(() => {
      isBegun = true;
    });
  const ended = followed.ended(options.duration);
  try {
    // Whoever has enough before all is read needn't wait for the screen to go.
    await Promise.race([begun, ended]);
    await ended;
  } finally {
    app.end();
    // What isn't begun yet ends with it.
    begun.catch(() => {});
    await metrics.then((server) => server?.close()).catch(() => {});
    await live.stop();
  }
  const stop = stopOf(live, Date.now() / 1000);
  io.stdout.write(eventText(stop, undefined, textOptions(io, options)));
  if (recorder) io.stdout.write(`${printable(recordedText(recorder))}\n`);
  for (const text of acts.done) io.stdout.write(`${printable(text)}\n`);
  return live.troubles.count > 0 ? 1 : 0;
}

function dataOf(live: Live, rates: Rates, isBegun: boolean): ScreenData {
  const now = Date.now() / 1000;
  return {
    now,
    points: rates.take(live.points, now),
    flows: live.flows.list(),
    troubles: live.troubles.list(),
    analysis: live.analysis,
    packets: live.packets,
    links: live.links,
    rules: live.rules,
    notes: isBegun ? notesOf(live) : ['reading the host …'],
  };
}

function notesOf(live: Live): string[] {
  const { sampling, isBehind, span } = live;
  return [
    ...(sampling ? [samplingText(sampling)] : []),
    ...(isBehind ? [`more packets come than are looked at: of the last ${span.toFixed(1)} s only`] : []),
  ];
}
