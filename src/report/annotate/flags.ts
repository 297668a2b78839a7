/** epb_flags: which way a packet crossed its interface, and for whom it is (draft-ietf-opsawg-pcapng, section 4.3.1). */
import { getUint48 } from '../../base/bytes.ts';
import type { Point } from '../../correlate/points.ts';
import type { AnalyzeResult } from '../../diagnose/analyze.ts';
import { isGroupMac, type Mac } from '../../net/mac.ts';
import type { Packet } from '../../packet/packet.ts';
import type { PlainPacket } from '../../packet/plain/packet.ts';

const IN = 1;
const OUT = 2;
const UNICAST = 1 << 2;
const MULTICAST = 2 << 2;
const BROADCAST = 3 << 2;
const PROMISCUOUS = 4 << 2;
const EVERYBODY = 0xffffffffffff;

/** By the packet type of a cooked capture (PACKET_HOST …): for us, for all, for a group, for others, from us. */
const COOKED = [IN | UNICAST, IN | BROADCAST, IN | MULTICAST, IN | PROMISCUOUS, OUT];

const ETHERNET = 1;
const SLL = 113;
const SLL2 = 276;
const NONE = -1;

/** The MAC address of the point's device, where a dump tells it. */
export function macOf({ scene }: AnalyzeResult, point: Point): Mac | undefined {
  const { links } = scene.topology.namespaces.get(point.namespace) ?? {};
  const mac = links?.find(({ name }) => name === point.interface)?.mac;
  // Software makes the loopback's, and gives a tunnel none.
  return mac === 0 ? undefined : mac;
}

/** `own`: `macOf` its point. Below 0 where neither the capture nor a dumped MAC address tells. */
export function flagsOf(own: Mac | undefined, { sllType, ether }: Packet): number {
  if (sllType !== undefined) return COOKED[sllType] ?? NONE;
  return ether ? crossing(own, ether.source, ether.destination) : NONE;
}

/** The same. */
export function flagsOfPlain(own: Mac | undefined, linkType: number, { view, link }: PlainPacket): number {
  if (linkType === ETHERNET)
    return own === undefined ? NONE : crossing(own, getUint48(view, link + 6), getUint48(view, link));
  if (linkType === SLL) return COOKED[view.getUint16(link)] ?? NONE;
  return linkType === SLL2 ? (COOKED[view.getUint8(link + 10)] ?? NONE) : NONE;
}

function crossing(own: Mac | undefined, source: Mac | undefined, destination: Mac | undefined): number {
  if (own === undefined || source === destination) return NONE;
  if (source === own) return OUT | kindOf(destination);
  return destination === own ? IN | UNICAST : NONE;
}

function kindOf(destination: Mac | undefined): number {
  if (destination === undefined) return 0;
  if (destination === EVERYBODY) return BROADCAST;
  return isGroupMac(destination) ? MULTICAST : UNICAST;
}
