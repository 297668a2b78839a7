/** A packet where the rules stopped it, as they see it: rebuilt from what the model's path tells of it. */
import { formatIp, type Ip, parseIp } from '../../net/ip.ts';
import { PROTOCOL, protocolName } from '../../net/protocol.ts';
import { newConnection } from '../../netstack/conntrack/connection.ts';
import type { Header, Hop, Step } from '../../netstack/hop.ts';
import { buildSkb } from '../../skb/build.ts';
import { fieldsOf } from '../../skb/fields.ts';
import type { SkbConntrack } from '../../skb/nfct.ts';
import type { Skb } from '../../skb/skb.ts';
import type { Tuple } from '../../skb/tuple.ts';
import type { Hook } from '../../xtables/rule.ts';
import type { Field } from './condition.ts';

export interface StoppedPacket {
  readonly skb: Skb;
  readonly hook: Hook;
  readonly direction: 'forward' | 'reply';
  /** Its path tells what conntrack made of it; a netfilter trace doesn't. */
  readonly isTracked: boolean;
  /** It comes from a bridge of the host, as containers' packets do. */
  readonly isFromBridge: boolean;
  /** As the client addressed it, where DNAT has changed that since. */
  readonly asked?: Skb;
}

/** Undefined where the header isn't one that can be built again. `asked`: destination and port before NAT. */
export function stoppedPacket(of: {
  readonly header: Header;
  readonly hop: Hop;
  readonly hook: Hook;
  readonly direction: 'forward' | 'reply';
  readonly asked?: { readonly address: Ip; readonly port: number };
  /** Epoch seconds. */
  readonly time: number;
  readonly isFromBridge: boolean;
}): StoppedPacket | undefined {
  const { header, hop, hook, direction, asked, time, isFromBridge } = of;
  const built = skbOf(header, direction);
  if (!built) return undefined;
  const sees = {
    ...(hook !== 'OUTPUT' && hook !== 'POSTROUTING' && { in: hop.in, physin: hop.physin }),
    ...(hook !== 'PREROUTING' && hook !== 'INPUT' && { out: hop.out, physout: hop.physout }),
  };
  const conntrack = trackedBy(hop.steps, built);
  const skb: Skb = { ...built, ...sees, time, ...(conntrack && { conntrack }) };
  const before =
    asked && typeof asked.address === typeof fieldsOf(skb).destination
      ? skbOf({ ...header, destination: formatIp(asked.address), destinationPort: asked.port }, direction)
      : undefined;
  const isTracked = hop.steps.some(({ kind }) => kind === 'conntrack');
  return {
    skb,
    hook,
    direction,
    isTracked,
    isFromBridge,
    ...(before && { asked: { ...skb, bytes: before.bytes } }),
  };
}

function skbOf(header: Header, direction: 'forward' | 'reply'): Skb | undefined {
  const [source, destination] = [parseIp(header.source), parseIp(header.destination)];
  const protocol = numberOf(header.protocol);
  if (source === undefined || destination === undefined || protocol === undefined) return undefined;
  if (typeof source !== typeof destination) return undefined;
  const { sourcePort, destinationPort, icmpType, icmpCode, icmpId, ttl, tos, mark } = header;
  const tcpFlags = direction === 'reply' ? 0x12 : 2;
  const ports = { sourcePort, destinationPort, icmpType, icmpCode, icmpId };
  return buildSkb({ source, destination, protocol, ...ports, ttl, tos, mark, tcpFlags });
}

function numberOf(protocol: string | number): number | undefined {
  if (typeof protocol === 'number') return protocol;
  if (protocol === 'icmpv6') return PROTOCOL['ipv6-icmp'];
  return Object.entries(PROTOCOL).find(([name]) => name === protocol)?.[1];
}

/** Of what conntrack knows, the path tells the state and, of a new connection, what NAT did. */
function trackedBy(steps: readonly Step[], skb: Skb): SkbConntrack | undefined {
  const step = steps.findLast((each) => each.kind === 'conntrack');
  if (step?.kind !== 'conntrack') return undefined;
  const { state, direction } = step;
  if (state === 'INVALID' || state === 'UNTRACKED') return { state, direction };
  const { family, source, destination, protocol } = fieldsOf(skb);
  const tuple: Tuple = { family, source, destination, protocol, sourcePort: 0, destinationPort: 0, zone: 0 };
  const entry = newConnection({ id: 0, original: tuple, reply: tuple, now: skb.time });
  for (const each of steps) {
    if (each.kind !== 'nat') continue;
    if (each.manip === 'dst') entry.dstNat = true;
    else entry.srcNat = true;
  }
  return { state, direction, entry };
}

/** `the packet comes in by eth0`; of a field that DNAT has changed, what it was, too. */
export function whatItHas(field: Field, { skb, asked, hook }: StoppedPacket): string {
  const now = fieldsOf(skb);
  switch (field) {
    case 'source':
      return `the packet comes from ${formatIp(now.source)}`;
    case 'destination':
      return `the packet is for ${formatIp(now.destination)}${before(now.destination, asked && fieldsOf(asked).destination, formatIp)}`;
    case 'in':
      return skb.in === undefined
        ? `${hook} knows no incoming interface`
        : `the packet comes in by ${skb.in}`;
    case 'out':
      return skb.out === undefined
        ? `${hook} knows no outgoing interface`
        : `the packet leaves by ${skb.out}`;
    case 'family':
      return `the packet is IPv${now.family}`;
    case 'protocol':
      return `the packet is ${protocolName(now.protocol)}`;
    case 'source port':
      return now.sourcePort === undefined
        ? `the packet is ${protocolName(now.protocol)}`
        : `the packet comes from port ${now.sourcePort}`;
    case 'destination port':
      return now.destinationPort === undefined
        ? `the packet is ${protocolName(now.protocol)}`
        : `the packet is for port ${now.destinationPort}${before(now.destinationPort, asked && fieldsOf(asked).destinationPort, String)}`;
    case 'icmp':
      return now.icmpType === undefined
        ? `the packet is ${protocolName(now.protocol)}`
        : `the packet is ICMP type ${now.icmpType}, code ${now.icmpCode ?? 0}`;
    case 'flags':
      return `the packet has other flags`;
    case 'state':
      return `conntrack has the packet as ${skb.conntrack?.state ?? 'INVALID'}`;
    case 'status':
      return `its connection has another status${skb.conntrack?.entry?.dstNat ? '' : ', DNAT has not changed it'}`;
    case 'mark':
      return `the packet has mark 0x${(skb.mark >>> 0).toString(16)}`;
    case 'set':
      return 'the packet is not in that set';
  }
}

function before<T>(now: T | undefined, then: T | undefined, print: (value: T) => string): string {
  return then === undefined || then === now ? '' : `, ${print(then)} before DNAT`;
}
