import type { Packet } from '../packet/packet.ts';
import type { ArpExchange, Sighting } from './flow.ts';

const REQUEST = 1;
const NEIGHBOUR_SOLICITATION = 135;
const NEIGHBOUR_ADVERTISEMENT = 136;
/** Requests and claims kept for citing, an exchange. */
const KEPT = 8;
/** Different (sender, target) pairs remembered a point: a scan of a /16 must not fill the memory. */
const MOST = 4096;

/** Who asked for whose link address, and who answered: ARP (RFC 826) and IPv6 neighbour discovery (RFC 4861). */
export class ArpLedger {
  readonly exchanges = new Map<string, ArpExchange>();
  readonly #claims = new Map<string, { readonly mac: number; readonly sighting: Sighting }[]>();

  add(point: number, packet: Packet): void {
    const { arp, icmp, ip, ether } = packet;
    const sighting = plainSighting(point, packet);
    if (arp) {
      if (arp.operation === REQUEST && arp.senderIp !== 0 && arp.senderIp !== arp.targetIp) {
        this.#request(point, arp.targetIp, arp.senderIp, arp.senderMac, sighting);
      } else if (arp.operation !== REQUEST) {
        this.#claim(point, arp.senderIp, arp.senderMac, sighting);
      }
    } else if (icmp?.target !== undefined && ip && ether?.source !== undefined) {
      if (icmp.type === NEIGHBOUR_SOLICITATION && ip.source !== 0n) {
        this.#request(point, icmp.target, ip.source, ether.source, sighting);
      } else if (icmp.type === NEIGHBOUR_ADVERTISEMENT) {
        this.#claim(point, icmp.target, ether.source, sighting);
      }
    }
  }

  #request(
    point: number,
    target: ArpExchange['target'],
    sender: ArpExchange['sender'],
    senderMac: number,
    sighting: Sighting,
  ) {
    const key = `${point} ${sender} ${target}`;
    let exchange = this.exchanges.get(key);
    if (!exchange) {
      if (this.exchanges.size >= MOST) return;
      const claims = this.#claims.get(`${point} ${target}`) ?? [];
      this.#claims.set(`${point} ${target}`, claims);
      exchange = { point, target, sender, senderMac, requests: [], replies: claims, count: 0 };
      this.exchanges.set(key, exchange);
    }
    exchange.count++;
    if (exchange.requests.length < KEPT) exchange.requests.push(sighting);
  }

  #claim(point: number, address: ArpExchange['target'], mac: number, sighting: Sighting) {
    const key = `${point} ${address}`;
    let claims = this.#claims.get(key);
    if (!claims) {
      if (this.#claims.size >= MOST) return;
      claims = [];
      this.#claims.set(key, claims);
    }
    if (claims.length < KEPT) claims.push({ mac, sighting });
  }
}

export function plainSighting(point: number, packet: Packet): Sighting {
  return {
    point,
    number: packet.number,
    time: packet.seconds + packet.nanoseconds / 1e9,
    source: packet.arp?.senderIp ?? packet.ip?.source ?? 0,
    destination: packet.arp?.targetIp ?? packet.ip?.destination ?? 0,
    sourcePort: 0,
    destinationPort: 0,
    ttl: packet.ip?.ttl ?? 0,
    line: packet.told?.line,
    length: packet.length,
    payload: 0,
    etherSource: packet.ether?.source,
    etherDestination: packet.ether?.destination,
    fragmentOffset: 0,
  };
}
