/** A recording of the bench held against the model: every frame that came out, all counters, and what the bridges learned. */
import type { Frame } from '../../../src/capture/frame.ts';
import { recogniseDump } from '../../../src/dump/recognise.ts';
import type { DumpInput } from '../../../src/input/input.ts';
import { formatMac } from '../../../src/net/mac.ts';
import type { Header, Tap, Trace } from '../../../src/netstack/hop.ts';
import { createWorld, type World } from '../../../src/netstack/world.ts';
import { dissect } from '../../../src/packet/dissect.ts';
import { buildSkb } from '../../../src/skb/build.ts';
import { headerOf } from '../../../src/skb/fields.ts';
import { skbFromFrame } from '../../../src/skb/from-packet.ts';
import { layoutOf } from '../../../src/skb/layout.ts';
import type { Skb } from '../../../src/skb/skb.ts';
import { buildSnapshot } from '../../../src/snapshot/build.ts';
import { buildTopology } from '../../../src/topology/build.ts';
import { readCounters } from '../support/kernel-gen.ts';
import type { BenchPacket, BenchRecording } from './bench.ts';

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

/** Sentences, one for each disagreement. `each` sees every packet's trace. */
export function compareBench(
  recording: BenchRecording,
  each?: (index: number, trace: Trace) => void,
): string[] {
  const differences: string[] = [];
  const { snapshot } = buildSnapshot({ captures: [], dumps: recording.dumps.map(dumpOf), issues: [] });
  let drawn: Header[] = [];
  let seen: { readonly tap: Tap; readonly line: string }[] = [];
  const world = createWorld(snapshot, buildTopology(snapshot, []), {
    respond: true,
    onlyDumpedSockets: true,
    onlyDumpedStations: true,
    observer: {
      tap: (tap, skb) =>
        seen.push({ tap, line: lineOf(`${tap.namespace}:${tap.interface}`, tap.header, skb, skb.length) }),
    },
    // Ports that the kernel draws at random are taken from what left.
    evidence: {
      ports: () => drawn.flatMap((header) => header.sourcePort ?? header.icmpId ?? []),
    },
  });
  for (const [index, packet] of recording.packets.entries()) {
    const frames = packet.out.flatMap(([end, frame]) => {
      const skb = skbOfFrame(bytesOf(frame), packet.time);
      return skb ? [{ end, skb }] : [];
    });
    drawn = frames.map(({ skb }) => headerOf(skb));
    seen = [];
    const trace = inject(world, recording, packet);
    each?.(index, trace);
    const kernel = frames.map(({ end, skb }) => lineOf(end, headerOf(skb), skb, skb.length)).toSorted();
    const model = seen
      .filter(
        ({ tap }) => tap.direction === 'out' && recording.ends.includes(`${tap.namespace}:${tap.interface}`),
      )
      .map(({ line }) => line)
      .toSorted();
    if (kernel.join() === model.join()) continue;
    differences.push(
      `packet ${index + 1} on ${packet.on}: kernel ${kernel.join(', ') || 'nothing'}; model ${model.join(', ') || 'nothing'} (${trace.verdict} ${trace.cause ?? ''} ${trace.assumptions.join('. ')})`,
    );
  }
  for (const [name, after] of Object.entries(recording.after)) {
    for (const family of [4, 6] as const) {
      const model = readCounters(world.counters(name, family));
      for (const [key, value] of readCounters(after[family])) {
        const found = model.get(key);
        if (found !== value) {
          differences.push(`${name} IPv${family} ${key}: kernel ${value}, model ${found}`);
        }
      }
    }
    const [kernel, model] = [kernelStations(after.fdb), modelStations(world, name, recording.end)];
    if (kernel !== model) differences.push(`${name} FDB: kernel ${kernel}, model ${model}`);
  }
  return differences;
}

function inject(world: World, recording: BenchRecording, packet: BenchPacket): Trace {
  const bytes = bytesOf(packet.bytes);
  if (!recording.ends.includes(packet.on)) {
    const plain = buildSkb({ source: 0, destination: 0, protocol: 0, time: packet.time });
    return world.sendLocal(packet.on, { ...plain, ...layoutOf(bytes), bytes });
  }
  const [namespace = '', name = ''] = packet.on.split(':');
  const skb = skbOfFrame(bytes, packet.time);
  if (!skb) throw new Error(`no IP packet: ${packet.bytes}`);
  return world.receive({ namespace, name }, skb);
}

function skbOfFrame(bytes: Uint8Array, time: number): Skb | undefined {
  const seconds = Math.floor(time);
  const frame: Frame = {
    bytes,
    number: 1,
    seconds,
    nanoseconds: Math.round((time - seconds) * 1e9),
    length: bytes.length,
    captured: bytes.length,
    linkType: 1,
  } as Frame;
  return skbFromFrame(bytes, dissect(frame), undefined);
}

function dumpOf([namespace, command, text]: readonly [string, string, string]): DumpInput {
  const dump = recogniseDump(`${namespace}/${command}`, text, command);
  if (!dump) throw new Error(`${command} is not recognised: ${text.slice(0, 200)}`);
  return { dump, namespace, by: 'argument' };
}

function lineOf(
  end: string,
  header: Header,
  ether: Pick<Skb, 'etherSource' | 'etherDestination' | 'vlans'>,
  length: number,
): string {
  const { source, destination, protocol, sourcePort, destinationPort, icmpType, icmpCode, ttl } = header;
  const macs = [ether.etherSource, ether.etherDestination].map((mac) =>
    mac === undefined ? '?' : formatMac(mac).replace(/:00/g, ''),
  );
  const what = icmpType === undefined ? '' : ` ${icmpType}/${icmpCode}`;
  const ports = sourcePort === undefined ? '' : ` ${sourcePort}>${destinationPort}`;
  const tags = ether.vlans.map((vlan) => ` vlan ${vlan}`).join('');
  return `${end} [${macs.join('>')}${tags}] ${source}>${destination} ${protocol}${ports}${what} ttl ${ttl} length ${length}`;
}

interface FdbRecord {
  readonly mac: string;
  readonly ifname: string;
  readonly master?: string;
  readonly vlan?: number;
  readonly state?: string;
  readonly flags?: readonly string[];
}

/** What was learned: neither the bridges' own addresses nor what somebody put there. */
function kernelStations(text: string): string {
  return (JSON.parse(text.trim() || '[]') as FdbRecord[])
    .filter(({ master, state }) => master !== undefined && state === '')
    .map(
      ({ mac, ifname, vlan }) =>
        `${mac.replace(/:00/g, '')} ${ifname}${vlan === undefined ? '' : ` ${vlan}`}`,
    )
    .toSorted()
    .join(', ');
}

function modelStations(world: World, name: string, now: number): string {
  return world
    .stations(name, now)
    .map(
      ({ mac, dev, vlan }) =>
        `${formatMac(mac).replace(/:00/g, '')} ${dev}${vlan === undefined ? '' : ` ${vlan}`}`,
    )
    .toSorted()
    .join(', ');
}
