/** epb_flags: which way a packet crossed its interface, and for whom it is (draft-ietf-opsawg-pcapng, section 4.3.1). */
import type { Point } from '../../correlate/points.ts';
import type { AnalyzeResult } from '../../diagnose/analyze.ts';
import { isGroupMac, type Mac } from '../../net/mac.ts';
import type { Packet } from '../../packet/packet.ts';

const IN = 1;
const OUT = 2;
const UNICAST = 1 << 2;
const MULTICAST = 2 << 2;
const BROADCAST = 3 << 2;
const PROMISCUOUS = 4 << 2;
const EVERYBODY = 0xffffffffffff;

/** By the packet type of a cooked capture (PACKET_HOST …): for us, for all, for a group, for others, from us. */
const COOKED = [IN | UNICAST, IN | BROADCAST, IN | MULTICAST, IN | PROMISCUOUS, OUT];

/** Undefined where neither the capture nor a dumped MAC address tells. */
export function flagsOf(
  { scene }: AnalyzeResult,
  point: Point,
  { sllType, ether }: Packet,
): number | undefined {
  if (sllType !== undefined) return COOKED[sllType];
  if (!ether) return undefined;
  const own = macOf(scene, point);
  if (own === undefined || ether.source === ether.destination) return undefined;
  if (ether.source === own) return OUT | kindOf(ether.destination);
  return ether.destination === own ? IN | UNICAST : undefined;
}

const MACS = new WeakMap<Point, { readonly mac: Mac | undefined }>();

function macOf({ topology }: AnalyzeResult['scene'], point: Point): Mac | undefined {
  const known = MACS.get(point);
  if (known) return known.mac;
  const link = topology.namespaces.get(point.namespace)?.links?.find(({ name }) => name === point.interface);
  // Software makes the loopback's, and gives a tunnel none.
  const mac = link?.mac === 0 ? undefined : link?.mac;
  MACS.set(point, { mac });
  return mac;
}

function kindOf(destination: Mac | undefined): number {
  if (destination === undefined) return 0;
  if (destination === EVERYBODY) return BROADCAST;
  return isGroupMac(destination) ? MULTICAST : UNICAST;
}
