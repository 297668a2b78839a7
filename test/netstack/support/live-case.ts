/** One case through the kernel, as a recording, and the recording held against the model. */
import { recogniseDump } from '../../../src/dump/recognise.ts';
import type { DumpInput } from '../../../src/input/input.ts';
import type { Header, Trace } from '../../../src/netstack/hop.ts';
import { createWorld } from '../../../src/netstack/world.ts';
import { buildSkb } from '../../../src/skb/build.ts';
import { headerOf } from '../../../src/skb/fields.ts';
import { layoutOf } from '../../../src/skb/layout.ts';
import type { Skb } from '../../../src/skb/skb.ts';
import { buildSnapshot } from '../../../src/snapshot/build.ts';
import { makeTopology } from '../../../src/topology/build.ts';
import { readCounters } from './kernel-gen.ts';
import { ENDS, type End, farMac, type Lab, nearMac } from './live.ts';

export type Backend = 'nft' | 'legacy';

export interface LivePacket {
  /** Far end it is sent from, or `local`: sent by the router itself. */
  readonly on: End | 'local';
  readonly skb: Skb;
}

export interface LiveCase {
  readonly name: string;
  readonly rules4: string;
  readonly rules6: string;
  /** Shell commands before and after; `R ` at the start of a command runs it in the router. */
  readonly setup?: string;
  readonly teardown?: string;
  readonly packets: readonly LivePacket[];
  /** More packets, made from what came out. */
  readonly follow?: (frames: readonly [End, Uint8Array][]) => LivePacket[];
}

/** What a kernel did with a case. Bytes are hexadecimal. */
export interface Recording {
  readonly name: string;
  readonly backend: Backend;
  /** Command and what it printed. */
  readonly dumps: readonly (readonly [string, string])[];
  readonly packets: readonly {
    readonly on: End | 'local';
    /** IP packet. */
    readonly bytes: string;
    readonly time: number;
    readonly ether?: readonly [source: number, destination: number];
    /** Where frames came out, and the frames. */
    readonly out: readonly (readonly [End, string])[];
  }[];
  readonly counters: Readonly<Record<4 | 6, string>>;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

export async function record(lab: Lab, live: LiveCase, backend: Backend): Promise<Recording> {
  lab.load(backend, live.rules4, live.rules6);
  lab.setup(live.setup ?? '');
  try {
    const dumps = lab.dumps(backend);
    const packets: Recording['packets'][number][] = [];
    const waiting = [...live.packets];
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { on, skb } = next;
      const time = Date.now() / 1000;
      const common = { on, bytes: hex(skb.bytes), time };
      if (on === 'local') {
        const out = await lab.sendLocal(skb.bytes);
        packets.push({ ...common, out: out.map(([end, frame]) => [end, hex(frame)]) });
        waiting.push(...(live.follow?.(out) ?? []));
        continue;
      }
      const source = skb.etherSource ?? farMac(on);
      const destination = skb.etherDestination ?? nearMac(on.startsWith('p') ? 'br0' : on);
      const out = await lab.sendFrame(on, frameOf(skb, source, destination));
      const ether = [source, destination] as const;
      packets.push({ ...common, ether, out: out.map(([end, frame]) => [end, hex(frame)]) });
      waiting.push(...(live.follow?.(out) ?? []));
    }
    const counters = { 4: lab.counters(backend, 4), 6: lab.counters(backend, 6) };
    return { name: live.name, backend, dumps, packets, counters };
  } finally {
    lab.setup(live.teardown ?? '');
  }
}

/** Sentences, one for each disagreement. `each` sees every packet's trace. */
export function compare(recording: Recording, each?: (index: number, trace: Trace) => void): string[] {
  const differences: string[] = [];
  const { snapshot } = buildSnapshot({ captures: [], dumps: recording.dumps.map(dumpOf), issues: [] });
  let drawn: Header[] = [];
  const world = createWorld(snapshot, makeTopology(snapshot.namespaces, []), {
    respond: true,
    onlyDumpedSockets: true,
    // Ports that the kernel draws at random are taken from what left.
    evidence: {
      port: ({ low, high }) =>
        drawn
          .map((header) => header.sourcePort ?? header.icmpId)
          .find((port) => port !== undefined && port >= low && port <= high),
    },
  });
  for (const [index, packet] of recording.packets.entries()) {
    const frames = packet.out.map(([end, frame]) => [end, bytesOf(frame)] as const);
    drawn = frames.flatMap(([, frame]) => headerOfFrame(frame) ?? []);
    const skb = skbOf(packet);
    const trace =
      packet.on === 'local'
        ? world.sendLocal('host', skb)
        : world.receive({ namespace: 'host', name: packet.on }, skb);
    each?.(index, trace);
    const kernel = frames.flatMap(([end, frame]) => lineOf(end, frame)).toSorted();
    const model = linesOf(trace).toSorted();
    if (kernel.join() === model.join()) continue;
    differences.push(
      `packet ${index + 1} on ${packet.on} ${describe(headerOf(skb))}: kernel ${kernel.join(', ') || 'nothing'}, model ${model.join(', ') || 'nothing'} (${trace.verdict} ${trace.cause ?? ''})`,
    );
  }
  for (const family of [4, 6] as const) {
    const model = readCounters(world.counters('host', family));
    for (const [key, value] of readCounters(recording.counters[family])) {
      const found = model.get(key);
      if (found !== value) differences.push(`IPv${family} ${key}: kernel ${value}, model ${found}`);
    }
  }
  return differences;
}

function dumpOf([command, text]: readonly [string, string]): DumpInput {
  const dump = recogniseDump(command, text, command);
  if (!dump) throw new Error(`${command} is not recognised`);
  return { dump, namespace: 'host', by: 'argument' };
}

export function skbOf(packet: Pick<Recording['packets'][number], 'bytes' | 'time' | 'ether'>): Skb {
  const bytes = bytesOf(packet.bytes);
  const plain = buildSkb({ source: 0, destination: 0, protocol: 0, time: packet.time });
  const [etherSource, etherDestination] = packet.ether ?? [];
  return { ...plain, ...layoutOf(bytes), bytes, etherSource, etherDestination };
}

export function linesOf(trace: Trace): string[] {
  const own = trace.taps
    .filter((tap) => tap.direction === 'out' && ENDS.some((end) => end === tap.interface))
    .map((tap) => `${tap.interface} ${describe(tap.header)}`);
  return [...own, ...trace.answers.flatMap(linesOf)];
}

/** Neighbour discovery and group reports are the router's own business. */
export function lineOf(end: End, frame: Uint8Array): string[] {
  const header = headerOfFrame(frame);
  if (!header) return [];
  const isOwn = header.protocol === 'icmpv6' && (header.icmpType ?? 0) >= 130 && header.ttl !== 63;
  return isOwn ? [] : [`${end} ${describe(header)}`];
}

export function headerOfFrame(frame: Uint8Array): Header | undefined {
  const type = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
  if (type !== 0x0800 && type !== 0x86dd) return undefined;
  const skb = packetOfFrame(frame);
  return skb && headerOf(skb);
}

export function packetOfFrame(frame: Uint8Array): Skb | undefined {
  const bytes = frame.slice(14);
  const layout = layoutOf(bytes);
  const plain = buildSkb({ source: 0, destination: 0, protocol: 0 });
  return layout && { ...plain, ...layout, bytes };
}

export function describe(header: Header): string {
  const { source, destination, protocol, sourcePort, destinationPort, icmpType, icmpCode, ttl } = header;
  const what = icmpType === undefined ? '' : ` ${icmpType}/${icmpCode}`;
  const ports = sourcePort === undefined ? '' : ` ${sourcePort}>${destinationPort}`;
  return `${source}>${destination} ${protocol}${ports}${what} ttl ${ttl}`;
}

export function frameOf(skb: Skb, source: number, destination: number): Uint8Array {
  const frame = new Uint8Array(14 + skb.bytes.length);
  const view = new DataView(frame.buffer);
  for (const [at, mac] of [
    [0, destination],
    [6, source],
  ] as const) {
    view.setUint16(at, Math.floor(mac / 2 ** 32));
    view.setUint32(at + 2, mac % 2 ** 32);
  }
  view.setUint16(12, skb.family === 4 ? 0x0800 : 0x86dd);
  frame.set(skb.bytes, 14);
  return frame;
}
