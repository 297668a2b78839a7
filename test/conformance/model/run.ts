/** A recording's case through the model. */

import { printDump } from '../../../src/dump/print.ts';
import { recogniseDump } from '../../../src/dump/recognise.ts';
import type { DumpInput } from '../../../src/input/input.ts';
import { printTuple } from '../../../src/netstack/conntrack/print.ts';
import type { Tap, Trace } from '../../../src/netstack/hop.ts';
import type { WorldObserver } from '../../../src/netstack/run.ts';
import { createWorld } from '../../../src/netstack/world.ts';
import { fieldsOf } from '../../../src/skb/fields.ts';
import { networkOfBytes } from '../../../src/skb/layout.ts';
import type { Skb } from '../../../src/skb/skb.ts';
import { buildSnapshot } from '../../../src/snapshot/build.ts';
import { makeTopology } from '../../../src/topology/build.ts';
import type { LinkRef, Wire } from '../../../src/topology/topology.ts';
import type { Hook } from '../../../src/xtables/rule.ts';
import { modelNftCounters, readCounters } from '../counters.ts';
import { headline, signature } from '../describe.ts';
import { outFrame, skbOf } from '../frame.ts';
import { unhex } from '../kernel/agent.ts';
import { parts } from '../kernel/lab.ts';
import type { Observation, OutFrame, PacketObservation, Way } from '../observation.ts';
import type { RecordedStimulus, Recording } from '../recording.ts';
import { comparableSets } from '../sets.ts';

export interface ModelRun {
  readonly observation: Observation;
  /** By stimulus: what the model could not decide, and what it took for granted. */
  readonly unknown: readonly (readonly string[] | undefined)[];
  /** Ways whose steps may come in another order than the kernel's: two packets that look the same. */
  readonly unordered: ReadonlySet<Way>;
}

/** `indexFrom`: see WorldOptions. */
export function runOnModel(recording: Recording, indexFrom = Number.POSITIVE_INFINITY): ModelRun {
  const { snapshot } = buildSnapshot({ captures: [], dumps: recording.dumps.map(dumpOf), issues: [] });
  const topology = makeTopology(snapshot.namespaces, recording.wires.map(wireOf));
  const watch = new Watch(recording);
  const world = createWorld(snapshot, topology, {
    respond: true,
    onlyDumpedSockets: true,
    onlyDumpedStations: true,
    indexFrom,
    ...(recording.clock ? { clock: recording.clock } : {}),
    observer: watch,
    evidence: { ports: ({ namespace, skb }) => watch.drawn(namespace, skb) },
  });
  const packets: PacketObservation[] = [];
  const unknown: (readonly string[] | undefined)[] = [];
  const unordered = new Set<Way>();
  for (const [index, stimulus] of recording.stimuli.entries()) {
    const skb = skbOf(unhex(stimulus.bytes), { ...stimulus, time: stimulus.time });
    if (!skb) throw new Error(`${recording.name}: stimulus ${index + 1} is no IP packet`);
    watch.begin(index);
    const trace = stimulus.on.startsWith('local:')
      ? world.sendLocal(stimulus.on.slice('local:'.length), skb)
      : world.receive(linkOf(recording, stimulus), skb);
    const { ways, mixed } = watch.waysOf({ ...skb, local: stimulus.on.startsWith('local:') }, trace, (each) =>
      world.packetOf(each),
    );
    for (const way of mixed) unordered.add(way);
    packets.push({ ways, out: watch.out });
    unknown.push(
      isUnknown(trace)
        ? [...trace.assumptions, ...trace.answers.flatMap((each) => each.assumptions)]
        : undefined,
    );
  }
  const counters = Object.fromEntries(
    [...snapshot.namespaces.keys()].map((name) => [
      name,
      {
        ...readCounters(world.counters(name, 4), 4),
        ...readCounters(world.counters(name, 6), 6),
        ...modelNftCounters(world.nftCounters(name), world.nftObjectCounters(name)),
      },
    ]),
  );
  const sets = Object.fromEntries(
    Object.keys(recording.observation.sets ?? {}).map((name) => {
      const state = world.sets(name, recording.end);
      return [name, comparableSets(printDump({ kind: 'ipsets', sets: state }) ?? '')];
    }),
  );
  const connections = Object.fromEntries(
    [...snapshot.namespaces.keys()].map((name) => [name, world.connections(name, recording.end)]),
  );
  return { observation: { packets, counters, connections, sets }, unknown, unordered };
}

function isUnknown(trace: Trace): boolean {
  return trace.verdict === 'unknown' || trace.answers.some(isUnknown);
}

/** Notes what passes while the model runs a packet. */
class Watch implements WorldObserver {
  out: OutFrame[] = [];
  /** Ports and ids that the kernel's own packets had. */
  private told: number[] = [];
  private passes: { readonly of: string; readonly line: string }[] = [];
  private readonly endOf = new Map<string, string>();
  private readonly recording: Recording;

  constructor(recording: Recording) {
    this.recording = recording;
    for (const [name, place] of Object.entries(recording.ends)) this.endOf.set(place, name);
  }

  begin(index: number): void {
    this.out = [];
    this.passes = [];
    const { out = [], ways = [] } = this.recording.observation.packets[index] ?? {};
    this.told = [
      ...out.flatMap(({ bytes }) => portOf(unhex(bytes))),
      ...ways.flatMap(({ passed }) => passed.flatMap(portOfLine)),
    ];
  }

  /** What the kernel drew at random is among these: a packet's ports show it, or at the end the table does. */
  drawn(namespace: string, { conntrack }: Skb): number[] {
    const { connections } = this.recording.observation;
    const words = conntrack?.entry ? ` ${printTuple(conntrack.entry.original).join(' ')} ` : '?';
    const lines = (connections[namespace] ?? []).filter((line) => line.includes(words));
    return [...this.told, ...lines.flatMap(replyPortOf)];
  }

  tap(tap: Tap, skb: Skb): void {
    const end = this.endOf.get(`${tap.namespace}:${tap.interface}`);
    if (tap.direction !== 'out' || end === undefined) return;
    this.out.push(
      outFrame(end, {
        source: skb.etherSource ?? 0,
        destination: skb.etherDestination ?? 0,
        vlans: skb.vlans,
        payload: skb.bytes.slice(),
      }),
    );
  }

  passed(namespace: string, hook: Hook, skb: Skb): void {
    if (hook !== 'INPUT' && hook !== 'POSTROUTING') return;
    const { network, transport } = headersOf(skb);
    const where = hook === 'INPUT' ? 'delivered' : 'left';
    this.passes.push({
      of: signature(network, transport),
      line: `${namespace} ${where}: ${headline({ network, transport, mark: skb.mark })}`,
    });
  }

  waysOf(
    stimulus: Skb,
    trace: Trace,
    packetOf: (trace: Trace) => Skb | undefined,
  ): { ways: Way[]; mixed: Way[] } {
    const own = signatureOf(stimulus);
    const fragment = stimulus.moreFragments || stimulus.fragmentOffset > 0;
    const nameOf = (found: string) =>
      found === own || (fragment && found.split(' ')[0] === own.split(' ')[0]) ? 'packet' : found;
    const drafts = new Map<
      string,
      { of: string; path: string[]; tracked: string[]; passed: string[]; traces: number }
    >();
    const draftOf = (of: string) => {
      const draft = drafts.get(of) ?? { of, path: [], tracked: [], passed: [], traces: 0 };
      drafts.set(of, draft);
      return draft;
    };
    const add = (each: Trace, of: string) => {
      const draft = draftOf(of);
      draft.traces++;
      for (const { namespace, steps } of each.hops) {
        for (const step of steps) {
          switch (step.kind) {
            case 'rule':
              draft.path.push(`${namespace} ${step.table}:${step.chain}:${step.number}`);
              break;
            case 'policy':
              draft.path.push(`${namespace} ${step.table}:${step.chain}:policy`);
              break;
            case 'nft-rule':
              draft.path.push(`${namespace} ${step.family}/${step.table}:${step.chain}:${step.number}`);
              break;
            case 'nft-policy':
              draft.path.push(`${namespace} ${step.family}/${step.table}:${step.chain}:policy`);
              break;
            case 'conntrack':
              if (step.state !== 'INVALID') {
                draft.tracked.push(`${namespace} ${step.state}${step.direction === 'reply' ? ' reply' : ''}`);
              }
              break;
            default:
          }
        }
      }
      for (const answer of each.answers) {
        const skb = packetOf(answer);
        add(answer, nameOf(skb ? signatureOf(skb) : '?'));
      }
    };
    add(trace, 'packet');
    for (const { of, line } of this.passes) draftOf(nameOf(of)).passed.push(line);
    // When the sender's own copy of a group's packet comes round hangs on whether it was sent by a process or an interrupt.
    const toMany = this.passes.filter(({ of }) => nameOf(of) === 'packet').length > 2;
    const made = [...drafts.values()].map(({ traces, ...way }) => ({ way, traces }));
    return {
      ways: made.map(({ way }) => way),
      mixed: made
        .filter(({ traces, way }) => traces > 1 || (way.of === 'packet' && stimulus.local && toMany))
        .map(({ way }) => way),
    };
  }
}

function headersOf(skb: Skb): { network: Uint8Array; transport: Uint8Array } {
  // A later fragment's transport header is whatever lies where one would be.
  const behind = skb.family === 4 ? ((skb.bytes[0] ?? 0) & 15) * 4 : -1;
  const readable = networkOfBytes(skb.bytes)?.transport ?? -1;
  const at = readable < 0 ? behind : readable;
  return { network: skb.bytes, transport: at < 0 ? new Uint8Array(0) : skb.bytes.slice(at, at + 20) };
}

function signatureOf(skb: Skb): string {
  const { network, transport } = headersOf(skb);
  return signature(network, transport);
}

function portOf(packet: Uint8Array): number[] {
  const skb = skbOf(packet);
  if (!skb) return [];
  const { sourcePort, icmpId } = fieldsOf(skb);
  const port = sourcePort ?? icmpId;
  return port === undefined ? [] : [port];
}

/** Of a headline. An IPv6 address without a port ends as if it had one. */
function portOfLine(line: string): number[] {
  const pattern = line.includes(' icmp ') ? / id (\d+) / : /: \S+:(\d+)>\S+ (?:tcp|udp)\b/;
  const found = pattern.exec(line);
  return found ? [Number(found[1])] : [];
}

/** Of a connection's line: the port or id that its answers go to. */
function replyPortOf(line: string): number[] {
  const found = [...line.matchAll(/(?:dport|id)=(\d+)/g)].at(-1);
  return found ? [Number(found[1])] : [];
}

function dumpOf([namespace, command, text]: Recording['dumps'][number]): DumpInput {
  const dump = recogniseDump(command, text, command);
  if (!dump) throw new Error(`${command} in ${namespace} is not recognised:\n${text.slice(0, 300)}`);
  return { dump, namespace, by: 'argument' };
}

function linkOf({ ends }: Recording, { on }: RecordedStimulus): LinkRef {
  const [namespace, name] = parts(ends[on] ?? '');
  return { namespace, name };
}

function wireOf([one, other]: Recording['wires'][number]): Wire {
  const end = (place: string): LinkRef => {
    const [namespace, name] = parts(place);
    return { namespace, name };
  };
  return { ends: [end(one), end(other)], by: 'ifindex' };
}
