/** One nft ruleset through the kernel of the lab's router and through the model: egress, and what every rule counted. */
import { recogniseDump } from '../../../src/dump/recognise.ts';
import { createWorld } from '../../../src/netstack/world.ts';
import type { NftRuleset } from '../../../src/nft/ruleset.ts';
import { headerOf } from '../../../src/skb/fields.ts';
import { buildSnapshot } from '../../../src/snapshot/build.ts';
import { makeTopology } from '../../../src/topology/build.ts';
import { type End, farMac, type Lab, nearMac, ROUTER, run } from '../../netstack/support/live.ts';
import {
  describe,
  frameOf,
  headerOfFrame,
  type LivePacket,
  lineOf,
  linesOf,
  skbOf,
} from '../../netstack/support/live-case.ts';
import type { RandomRuleset } from './random-ruleset.ts';

// biome-ignore lint/suspicious/noExplicitAny: what the tool prints, taken apart by name.
type Json = any;

export interface NftCase {
  readonly name: string;
  readonly ruleset: RandomRuleset;
  readonly iptables?: string;
  readonly packets: readonly LivePacket[];
  readonly follow?: (frames: readonly [End, Uint8Array][]) => LivePacket[];
}

export interface Sent {
  readonly on: End | 'local';
  readonly bytes: string;
  readonly time: number;
  readonly ether?: readonly [number, number];
  readonly out: readonly (readonly [End, string])[];
  /** `nft -j list ruleset` after it, when every packet is looked at. */
  readonly counted?: string;
}

export interface NftRecording {
  readonly name: string;
  readonly dumps: readonly (readonly [string, string])[];
  /** `nft -j -a list ruleset` before and after the packets, and as text. */
  readonly before: string;
  readonly text: string;
  readonly after: string;
  readonly packets: readonly Sent[];
  readonly refused: number;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export function loadRuleset({ skeleton, rules }: RandomRuleset): number {
  run(`ip netns exec ${ROUTER} nft -f -`, skeleton);
  return addRules(rules);
}

/** All at once; where one is refused, in halves. */
function addRules(rules: readonly string[]): number {
  if (rules.length === 0) return 0;
  try {
    run(`ip netns exec ${ROUTER} nft -f -`, `${rules.join('\n')}\n`);
    return 0;
  } catch {
    if (rules.length === 1) return 1;
    const half = rules.length >> 1;
    return addRules(rules.slice(0, half)) + addRules(rules.slice(half));
  }
}

const list = (): string => run(`ip netns exec ${ROUTER} nft -j -a list ruleset`);

export async function recordNft(lab: Lab, of: NftCase, everyPacket = false): Promise<NftRecording> {
  lab.load('nft', of.iptables ?? '', '');
  const refused = loadRuleset(of.ruleset);
  const dumps = lab.dumps('nft');
  const before = list();
  const text = run(`ip netns exec ${ROUTER} nft -a list ruleset`);
  const packets: Sent[] = [];
  const waiting = [...of.packets];
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const { on, skb } = next;
    const common = { on, bytes: hex(skb.bytes), time: Date.now() / 1000 };
    let out: [End, Uint8Array][];
    let ether: readonly [number, number] | undefined;
    if (on === 'local') out = await lab.sendLocal(skb.bytes);
    else {
      ether = [
        skb.etherSource ?? farMac(on),
        skb.etherDestination ?? nearMac(on.startsWith('p') ? 'br0' : on),
      ];
      out = await lab.sendFrame(on, frameOf(skb, ...ether));
    }
    packets.push({
      ...common,
      ...(ether ? { ether } : {}),
      out: out.map(([end, frame]) => [end, hex(frame)]),
      ...(everyPacket ? { counted: list() } : {}),
    });
    waiting.push(...(of.follow?.(out) ?? []));
  }
  return { name: of.name, dumps, before, text, after: list(), packets, refused };
}

/** Sentences, one for each disagreement; `undecided` counts packets of which the model isn't sure. */
export function compareNft(
  recording: NftRecording,
  read: (recording: NftRecording) => NftRuleset,
): { differences: string[]; packets: number; wrong: number; undecided: number; unread: string[] } {
  const differences: string[] = [];
  const dumps = recording.dumps.flatMap(([command, text]) => {
    const dump = recogniseDump(command, text, command);
    return dump ? [{ dump, namespace: 'host', by: 'argument' as const }] : [];
  });
  const { snapshot } = buildSnapshot({ captures: [], dumps, issues: [] });
  const ruleset = read(recording);
  const host = snapshot.namespaces.get('host');
  if (host) host.nft = ruleset;
  const unread = ruleset.tables.flatMap(({ chains }) =>
    chains.flatMap(({ rules }) =>
      rules
        .filter((rule) =>
          JSON.stringify(rule.statements, (_, v) => (typeof v === 'bigint' ? String(v) : v)).includes(
            '"unknown"',
          ),
        )
        .map((rule) => rule.text),
    ),
  );
  let drawn: ReturnType<typeof headerOfFrame>[] = [];
  const world = createWorld(snapshot, makeTopology(snapshot.namespaces, []), {
    respond: true,
    onlyDumpedSockets: true,
    evidence: {
      port: ({ low, high }) =>
        drawn
          .map((header) => header?.sourcePort ?? header?.icmpId)
          .find((port) => port !== undefined && port >= low && port <= high),
    },
  });
  let wrong = 0;
  let undecided = 0;
  for (const [index, packet] of recording.packets.entries()) {
    const frames = packet.out.map(
      ([end, frame]) => [end, Uint8Array.from(Buffer.from(frame, 'hex'))] as const,
    );
    drawn = frames.map(([, frame]) => headerOfFrame(frame));
    const skb = skbOf(packet);
    const trace =
      packet.on === 'local'
        ? world.sendLocal('host', skb)
        : world.receive({ namespace: 'host', name: packet.on }, skb);
    if (trace.verdict === 'unknown') {
      undecided++;
      differences.push(`packet ${index + 1}: undecided: ${trace.assumptions.join('; ')}`);
    }
    const kernel = frames.flatMap(([end, frame]) => lineOf(end, frame)).toSorted();
    const model = linesOf(trace).toSorted();
    const here: string[] = [];
    if (kernel.join() !== model.join()) {
      here.push(
        `kernel ${kernel.join(', ') || 'nothing'}, model ${model.join(', ') || 'nothing'} (${trace.verdict} ${trace.cause ?? ''})`,
      );
    }
    if (packet.counted !== undefined)
      here.push(...compareCounters(packet.counted, world.nftCounters('host')));
    if (here.length === 0) continue;
    wrong++;
    const path = trace.hops.flatMap(({ steps }) =>
      steps.flatMap((step) =>
        step.kind === 'nft-rule'
          ? [`${step.table} ${step.chain} #${step.handle} ${step.verdict}`]
          : step.kind === 'nft-policy'
            ? [`${step.table} ${step.chain} ${step.verdict}`]
            : step.kind === 'conntrack'
              ? [step.state]
              : [],
      ),
    );
    differences.push(
      `packet ${index + 1} on ${packet.on} ${describe(headerOf(skb))} ${packet.bytes}: ${here.join('; ')} [${path.join(', ')}]`,
    );
    if (packet.counted !== undefined) break;
  }
  const counters = compareCounters(recording.after, world.nftCounters('host'));
  differences.push(...counters);
  return {
    differences,
    packets: recording.packets.length,
    wrong: Math.max(wrong, counters.length > 0 ? 1 : 0),
    undecided,
    unread,
  };
}

function compareCounters(
  json: string,
  model: readonly {
    family: string;
    table: string;
    chain: string;
    handle?: number;
    packets: number;
    bytes: number;
  }[],
): string[] {
  const known = new Map(
    model.map((each) => [`${each.family} ${each.table} ${each.chain} ${each.handle}`, each]),
  );
  return JSON.parse(json).nftables.flatMap((item: Json): string[] => {
    const rule = item.rule;
    const counter = rule?.expr.find(
      (each: Json) => each.counter && typeof each.counter === 'object' && 'packets' in each.counter,
    )?.counter;
    if (!counter) return [];
    const key = `${rule.family} ${rule.table} ${rule.chain} ${rule.handle}`;
    const found = known.get(key);
    if (!found) return [];
    return found.packets === counter.packets && found.bytes === counter.bytes
      ? []
      : [`${key}: kernel ${counter.packets}/${counter.bytes}, model ${found.packets}/${found.bytes}`];
  });
}
