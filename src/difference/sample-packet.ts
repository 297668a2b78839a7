/** The packet that a sample stands for, as the model takes it. */
import { viewOf } from '../base/bytes.ts';
import { Ipv4 } from '../header/ipv4.ts';
import { buildSkb, transportLength } from '../skb/build.ts';
import { refreshLayout } from '../skb/layout.ts';
import type { Nfct, SkbConntrack } from '../skb/nfct.ts';
import { sealChecksums } from '../skb/rewrite.ts';
import type { PacketType, Skb } from '../skb/skb.ts';
import type { Tuple } from '../skb/tuple.ts';
import { PACKET_TYPES, STATES } from '../symbolic/layout.ts';
import type { Sample } from '../symbolic/sample.ts';

/** Offset of a later fragment, in units of eight bytes: not the first of those that the kernel drops as an attack. */
const LATER = 185;

export function packetOf({ values }: Sample, local: boolean): Skb {
  const [source, destination] = values.addresses;
  const header = typeof source === 'number' ? 20 : 40;
  const skb = buildSkb({
    source,
    destination,
    protocol: values.protocol,
    sourcePort: values.sourcePort,
    destinationPort: values.destinationPort,
    icmpType: values.icmpType,
    icmpCode: values.icmpCode,
    tcpFlags: values.tcpFlags,
    ttl: values.ttl,
    tos: values.tos,
    mark: values.mark,
    payload: Math.max(0, values.length - header - transportLength(values.protocol)),
    local,
    packetType: local ? 'host' : packetTypeOf(values.packetType),
    etherSource: values.hasMac && !local ? values.mac : undefined,
  });
  if (values.fragment) {
    const view = viewOf(skb.bytes);
    view.setUint16(6, LATER);
    new Ipv4(view, 0).sealChecksum();
    refreshLayout(skb);
  }
  sealChecksums(skb);
  return skb;
}

function packetTypeOf(code: number): PacketType {
  const type = PACKET_TYPES[code] ?? 'unicast';
  return type === 'unicast' ? 'host' : type;
}

/** What conntrack says of the packet, made up: the connection that a packet of that state has. */
export function connectionOf({ values }: Sample, skb: Skb): SkbConntrack {
  const state = STATES[values.state] ?? 'INVALID';
  if (state === 'INVALID' || state === 'UNTRACKED') return { state, direction: 'original' };
  const direction = values.direction ? 'reply' : 'original';
  const [source, destination] = values.addresses;
  const there: Tuple = {
    family: skb.family,
    protocol: skb.protocol,
    source,
    destination,
    sourcePort: values.sourcePort,
    destinationPort: values.destinationPort,
    zone: 0,
  };
  const back: Tuple = {
    ...there,
    source: destination,
    destination: source,
    sourcePort: values.destinationPort,
    destinationPort: values.sourcePort,
  };
  const has = (bit: number): boolean => (values.status & bit) !== 0;
  const entry: Nfct = {
    id: 1,
    original: values.direction ? back : there,
    reply: values.direction ? there : back,
    mark: values.connmark,
    expected: has(1),
    seenReply: has(2),
    assured: has(4),
    confirmed: has(8),
    srcNat: values.sourceNat === 1,
    dstNat: values.destinationNat === 1,
    srcNatDone: false,
    dstNatDone: false,
    expires: 1000,
    packets: { original: 1, reply: 0 },
    bytes: { original: 60, reply: 0 },
    labels: new Set(),
  };
  return { state, direction, entry };
}
