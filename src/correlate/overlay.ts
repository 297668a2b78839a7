/** Packets inside others, as far as hosts send them to each other through tunnel devices of their own. */
import { isGroupMac } from '../net/mac.ts';
import type { Packet } from '../packet/packet.ts';

const OVERLAYS: ReadonlySet<string | undefined> = new Set(['vxlan', 'geneve', 'gre', 'ipip']);

export function isOverlay({ tunnel }: Packet): boolean {
  return OVERLAYS.has(tunnel?.kind);
}

/** `vxlan 42`, as the model's taps name it. */
export function tunnelName({ tunnel }: Packet): string {
  return tunnel?.id === undefined ? `${tunnel?.kind}` : `${tunnel.kind} ${tunnel.id}`;
}

/** A frame for everybody is no flow's. */
export function isForAll({ ether }: Packet): boolean {
  return ether?.destination !== undefined && isGroupMac(ether.destination);
}
