/** One case through the kernel and through the model: what left where, packet by packet, and the counters at the end. */
import type { Header, Trace } from '../../../src/netstack/hop.ts';
import { createWorld } from '../../../src/netstack/world.ts';
import { headerOf } from '../../../src/skb/fields.ts';
import { layoutOf } from '../../../src/skb/layout.ts';
import type { Skb } from '../../../src/skb/skb.ts';
import { makeTopology } from '../../../src/topology/build.ts';
import { readCounters } from './kernel-gen.ts';
import { ENDS, type End, farMac, type Lab, nearMac } from './live.ts';

export interface LivePacket {
  /** Far end it is sent from, or `local`: sent by the router itself. */
  readonly on: End | 'local';
  readonly skb: Skb;
}

export interface LiveCase {
  readonly name: string;
  readonly backend: 'nft' | 'legacy';
  readonly rules4: string;
  readonly rules6: string;
  /** Shell commands before and after; `R ` at the start of a command runs it in the router. */
  readonly setup?: string;
  readonly teardown?: string;
  readonly packets: readonly LivePacket[];
  /** More packets, made from what came out so far. */
  readonly follow?: (on: End | 'local', frames: readonly [End, Uint8Array][]) => LivePacket[];
}

/** Sentences, one for each disagreement. */
export async function runLive(lab: Lab, live: LiveCase): Promise<string[]> {
  const differences: string[] = [];
  lab.load(live.backend, live.rules4, live.rules6);
  lab.setup(live.setup ?? '');
  try {
    const snapshot = lab.snapshot(live.backend);
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
    const packets = [...live.packets];
    for (let index = 0; index < packets.length; index++) {
      const next = packets[index];
      if (!next) break;
      const { on, skb } = next;
      const packet: Skb = { ...skb, bytes: skb.bytes.slice(), time: Date.now() / 1000 };
      let trace: Trace;
      let frames: [End, Uint8Array][];
      if (on === 'local') {
        frames = await lab.sendLocal(packet.bytes);
        drawn = frames.flatMap(([, frame]) => headerOfFrame(frame) ?? []);
        trace = world.sendLocal('host', packet);
      } else {
        packet.etherSource ??= farMac(on);
        packet.etherDestination ??= nearMac(on.startsWith('p') ? 'br0' : on);
        frames = await lab.sendFrame(on, frameOf(packet));
        drawn = frames.flatMap(([, frame]) => headerOfFrame(frame) ?? []);
        trace = world.receive({ namespace: 'host', name: on }, packet);
      }
      packets.push(...(live.follow?.(on, frames) ?? []));
      const kernel = frames.flatMap(([end, frame]) => lineOf(end, frame)).toSorted();
      const model = linesOf(trace).toSorted();
      if (kernel.join() !== model.join()) {
        differences.push(
          `packet ${index + 1} on ${on} ${describe(headerOf(skb))}\n    kernel ${kernel.join(', ') || 'nothing'}\n    model  ${model.join(', ') || 'nothing'} (${trace.verdict} ${trace.cause ?? ''})`,
        );
      }
    }
    for (const family of [4, 6] as const) {
      const kernel = readCounters(lab.counters(live.backend, family));
      const model = readCounters(world.counters('host', family));
      for (const [key, value] of kernel) {
        if (model.get(key) !== value)
          differences.push(`IPv${family} ${key}: kernel ${value}, model ${model.get(key)}`);
      }
    }
  } finally {
    lab.setup(live.teardown ?? '');
  }
  return differences;
}

function linesOf(trace: Trace): string[] {
  const own = trace.taps
    .filter((tap) => tap.direction === 'out' && ENDS.some((end) => end === tap.interface))
    .map((tap) => `${tap.interface} ${describe(tap.header)}`);
  return [...own, ...trace.answers.flatMap(linesOf)];
}

function lineOf(end: End, frame: Uint8Array): string[] {
  const header = headerOfFrame(frame);
  if (!header) return [];
  const isDiscovery = header.protocol === 'icmpv6' && (header.icmpType ?? 0) >= 130 && header.ttl !== 63;
  return isDiscovery ? [] : [`${end} ${describe(header)}`];
}

function headerOfFrame(frame: Uint8Array): Header | undefined {
  const type = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
  if (type !== 0x0800 && type !== 0x86dd) return undefined;
  const bytes = frame.slice(14);
  const layout = layoutOf(bytes);
  return layout && headerOf({ ...layout, bytes, mark: 0 } as Skb);
}

function describe(header: Header): string {
  const { source, destination, protocol, sourcePort, destinationPort, icmpType, icmpCode, ttl } = header;
  const what = icmpType === undefined ? '' : ` ${icmpType}/${icmpCode}`;
  const ports = sourcePort === undefined ? '' : ` ${sourcePort}>${destinationPort}`;
  return `${source}>${destination} ${protocol}${ports}${what} ttl ${ttl}`;
}

function frameOf(skb: Skb): Uint8Array {
  const frame = new Uint8Array(14 + skb.bytes.length);
  const view = new DataView(frame.buffer);
  for (const [at, mac] of [
    [0, skb.etherDestination ?? 0],
    [6, skb.etherSource ?? 0],
  ] as const) {
    view.setUint16(at, Math.floor(mac / 2 ** 32));
    view.setUint32(at + 2, mac % 2 ** 32);
  }
  view.setUint16(12, skb.family === 4 ? 0x0800 : 0x86dd);
  frame.set(skb.bytes, 14);
  return frame;
}
