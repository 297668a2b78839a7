import type { PacketOrigin } from '../../correlate/packet-origin.ts';
import type { Trace } from '../../netstack/hop.ts';
import { createWorld, type World } from '../../netstack/world.ts';
import { jsonText } from '../../report/json.ts';
import type { Skb } from '../../skb/skb.ts';
import type { ReplayOptions } from '../commands/replay.ts';
import { parseFilterOptions } from '../filter.ts';
import type { Io, Status } from '../io.ts';
import { tellIssues } from '../messages.ts';
import { openOutput } from '../output.ts';
import { loadScene } from '../scene.ts';
import { askedPackets } from './replay/asked.ts';
import { capturedFeeds } from './replay/captured.ts';
import { countersText } from './replay/counters.ts';
import { injectedFeeds, parseInjections } from './replay/inject.ts';
import { linesOf } from './replay/lines.ts';
import { merged } from './replay/merge.ts';

/** What was fed into the model, for the user to know what was not. */
export interface Tally {
  replayed: number;
  /** Frames that hold no IP packet: the model has no use for them. */
  foreign: number;
}

export async function replayAction(
  words: readonly string[],
  options: ReplayOptions,
  io: Io,
): Promise<Status> {
  const wanted = parseFilterOptions(options);
  const injections = parseInjections(options.inject ?? []);
  const output = openOutput(io, options.output, [...words, ...injections.map(({ path }) => path)]);
  const scene = await loadScene(words, options, io, wanted);
  if (!scene) return 2;
  const asked = askedPackets(scene.correlation);
  const tally: Tally = { replayed: 0, foreign: 0 };
  const feeds =
    injections.length > 0
      ? injectedFeeds(injections, scene, tally, asked)
      : capturedFeeds(scene, tally, asked);
  const world = createWorld(scene.snapshot, scene.topology, { respond: options.respond ?? false });
  for await (const { skb, origin } of merged(feeds)) {
    tally.replayed++;
    const trace = send(world, origin, skb);
    if (options.format === 'counters') continue;
    for (const line of linesOf(skb, trace, options.respond ?? false)) {
      output.write(`${jsonText(line)}\n`);
    }
    await output.ready();
  }
  if (options.format === 'counters') output.write(countersText(world, scene.snapshot));
  output.end();
  const problems = feeds.flatMap((feed) => feed.issues());
  if (tally.foreign > 0) {
    const text = `${tally.foreign} of ${tally.foreign + tally.replayed} packets are not IP and were not replayed`;
    problems.push({ severity: 'warning', code: 'not-replayed', text });
  }
  tellIssues(io, problems, options);
  return scene.unusable || problems.some((issue) => issue.severity === 'error') ? 2 : 0;
}

function send(world: World, origin: PacketOrigin, skb: Skb): Trace {
  if (origin.kind === 'wire') return world.receive(origin.link, skb);
  return world.sendLocal(origin.namespace, skb, origin.out === undefined ? {} : { out: origin.out });
}
