import type { Packet } from '../packet/packet.ts';
import { plainSighting } from './arp.ts';
import type { Sighting } from './flow.ts';

const ROUTER_ADVERTISEMENT = 134;
/** Different routers remembered a capture. */
const MOST = 256;

/** A router that offers itself on a link by ICMPv6 (RFC 4861, 4.2), as one capture saw it. */
export interface RouterAdvertisement {
  readonly point: number;
  /** Its link-local address. */
  readonly router: bigint;
  readonly first: Sighting;
  count: number;
}

export class AdvertisementLedger {
  readonly routers = new Map<string, RouterAdvertisement>();

  add(point: number, packet: Packet): void {
    const { icmp, ip } = packet;
    if (icmp?.type !== ROUTER_ADVERTISEMENT || typeof ip?.source !== 'bigint') return;
    const key = `${point} ${ip.source}`;
    const known = this.routers.get(key);
    if (known) known.count++;
    else if (this.routers.size < MOST) {
      this.routers.set(key, { point, router: ip.source, first: plainSighting(point, packet), count: 1 });
    }
  }
}
