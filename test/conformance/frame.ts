/** Ethernet frames around the packets of a case. */
import { formatMac, type Mac } from '../../src/net/mac.ts';
import { buildSkb } from '../../src/skb/build.ts';
import { transportChecksum } from '../../src/skb/checksum.ts';
import { layoutOf } from '../../src/skb/layout.ts';
import { sealChecksums } from '../../src/skb/rewrite.ts';
import type { Skb } from '../../src/skb/skb.ts';
import { hex } from './kernel/agent.ts';
import type { OutFrame } from './observation.ts';

const ETHERTYPE = { ipv4: 0x0800, ipv6: 0x86dd, vlan: 0x8100, stacked: 0x88a8 } as const;

export interface Ethernet {
  readonly source: Mac;
  readonly destination: Mac;
  readonly vlans: readonly number[];
  /** Behind the VLAN tags. */
  readonly type: number;
  readonly payload: Uint8Array;
}

export function frameOf(
  packet: Uint8Array,
  source: Mac,
  destination: Mac,
  vlans: readonly number[] = [],
): Uint8Array {
  const head = 12 + 4 * vlans.length + 2;
  const frame = new Uint8Array(head + packet.length);
  const view = new DataView(frame.buffer);
  writeMac(view, 0, destination);
  writeMac(view, 6, source);
  for (const [index, vlan] of vlans.entries()) {
    view.setUint16(12 + 4 * index, ETHERTYPE.vlan);
    view.setUint16(14 + 4 * index, vlan);
  }
  view.setUint16(head - 2, (packet[0] ?? 0) >> 4 === 6 ? ETHERTYPE.ipv6 : ETHERTYPE.ipv4);
  frame.set(packet, head);
  return frame;
}

/** Undefined for what isn't IP: ARP between the namespaces, say. */
export function readFrame(frame: Uint8Array): Ethernet | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const vlans: number[] = [];
  let at = 12;
  while (at + 6 <= frame.length && isTag(view.getUint16(at))) {
    vlans.push(view.getUint16(at + 2) & 0xfff);
    at += 4;
  }
  if (at + 2 > frame.length) return undefined;
  const type = view.getUint16(at);
  if (type !== ETHERTYPE.ipv4 && type !== ETHERTYPE.ipv6) return undefined;
  return {
    source: readMac(view, 6),
    destination: readMac(view, 0),
    vlans,
    type,
    payload: frame.slice(at + 2),
  };
}

function isTag(type: number): boolean {
  return type === ETHERTYPE.vlan || type === ETHERTYPE.stacked;
}

export function outFrame(
  end: string,
  { source, destination, vlans, payload }: Omit<Ethernet, 'type'>,
): OutFrame {
  const tags = vlans.map((vlan) => ` vlan ${vlan}`).join('');
  return {
    end,
    ether: `${formatMac(source)}>${formatMac(destination)}${tags}`,
    bytes: hex(finished(unpadded(payload))),
  };
}

/** A checksum left to the device (CHECKSUM_PARTIAL) is filled in, as a device would. */
function finished(packet: Uint8Array): Uint8Array {
  const skb = skbOf(packet.slice());
  if (!skb || transportChecksum(skb) !== 'partial') return packet;
  sealChecksums(skb);
  return skb.bytes;
}

/** Without what Ethernet adds to reach 60 bytes. */
function unpadded(packet: Uint8Array): Uint8Array {
  const length = layoutOf(packet)?.length ?? packet.length;
  return length > 0 ? packet.subarray(0, length) : packet;
}

/** A packet of the model's kind, of bytes; undefined when they are no IP packet. */
export function skbOf(
  bytes: Uint8Array,
  more: {
    readonly time?: number;
    readonly ether?: readonly [Mac, Mac] | undefined;
    readonly vlans?: readonly number[];
  } = {},
): Skb | undefined {
  const layout = layoutOf(bytes);
  if (!layout) return undefined;
  const plain = buildSkb({ source: 0, destination: 0, protocol: 0, time: more.time ?? 0 });
  return {
    ...plain,
    ...layout,
    bytes,
    etherSource: more.ether?.[0],
    etherDestination: more.ether?.[1],
    vlans: more.vlans ?? [],
  };
}

function writeMac(view: DataView, at: number, mac: Mac): void {
  view.setUint16(at, Math.floor(mac / 2 ** 32));
  view.setUint32(at + 2, mac % 2 ** 32);
}

function readMac(view: DataView, at: number): Mac {
  return view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2);
}
