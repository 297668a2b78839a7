/** What a capture shows of the place where it was taken, gathered packet by packet in bounded memory. */
import type { Ip } from '../net/ip.ts';
import { ipKey } from '../net/ip-key.ts';
import { isGroupMac, type Mac } from '../net/mac.ts';
import type { Packet } from '../packet/packet.ts';
import type { ReceivedPackets, SentPackets } from '../scan/capture-flows.ts';
import type { ObservedAddress, PointObservation, Station } from './topology.ts';

/** What is kept at most: stations of a point, addresses of a station. */
const STATIONS = 4096;
const ADDRESSES = 512;

interface Address {
  readonly address: Ip;
  packets: number;
  readonly ttls: Map<number, number>;
}

/** All by `ipKey`. */
interface StationState {
  sent: number;
  received: number;
  readonly sources: Map<Ip, Address>;
  readonly destinations: Map<Ip, Ip>;
  readonly claims: Map<Ip, Ip>;
  cut: boolean;
}

interface PointState {
  readonly interface: string | undefined;
  readonly linkTypes: Set<number>;
  packets: number;
  readonly stations: Map<Mac, StationState>;
  /** By `ipKey`. */
  readonly addresses: Map<Ip, Address>;
}

export interface Observer {
  add(packet: Packet): void;
  addSent(sent: SentPackets): void;
  addReceived(received: ReceivedPackets): void;
  /** One for the capture, or one for each interface that its packets name. */
  observations(): PointObservation[];
}

export function createObserver(input: number): Observer {
  const points = new Map<string | undefined, PointState>();
  const pointOf = (name: string | undefined): PointState => {
    let point = points.get(name);
    if (!point) {
      point = {
        interface: name,
        linkTypes: new Set(),
        packets: 0,
        stations: new Map(),
        addresses: new Map(),
      };
      points.set(name, point);
    }
    return point;
  };
  return {
    add: (packet) => observe(pointOf(packet.interfaceName), packet),
    addSent: (sent) => observeSent(pointOf(sent.interfaceName), sent),
    addReceived: (received) => observeReceived(pointOf(received.interfaceName), received),
    observations: () => [...points.values()].map((point) => finish(input, point)),
  };
}

function observe(point: PointState, packet: Packet): void {
  point.packets++;
  point.linkTypes.add(packet.linkType);
  const { ether, ip, arp } = packet;
  const sender = ether?.source === undefined ? undefined : stationOf(point, ether.source);
  if (sender) sender.sent++;
  const target =
    ether?.destination === undefined || isGroupMac(ether.destination)
      ? undefined
      : stationOf(point, ether.destination);
  if (target) target.received++;
  if (arp && arp.senderIp !== 0) {
    const claimant = stationOf(point, arp.senderMac);
    if (claimant) keep(claimant.claims, arp.senderIp, claimant);
  }
  if (!ip) return;
  const isAdvertisement = packet.icmp?.type === 136 && ip.family === 6;
  if (isAdvertisement && sender && packet.icmp?.target !== undefined) {
    keep(sender.claims, packet.icmp.target, sender);
  }
  if (sender) count(sender.sources, ip.source, ip.ttl, 1, sender);
  else count(point.addresses, ip.source, ip.ttl, 1);
  if (target) keep(target.destinations, ip.destination, target);
}

function observeSent(point: PointState, { packets, linkType, source, ttl, etherSource }: SentPackets): void {
  point.packets += packets;
  point.linkTypes.add(linkType);
  const sender = etherSource === undefined ? undefined : stationOf(point, etherSource);
  if (sender) sender.sent += packets;
  if (sender) count(sender.sources, source, ttl, packets, sender);
  else count(point.addresses, source, ttl, packets);
}

function observeReceived(
  point: PointState,
  { packets, destination, etherDestination }: ReceivedPackets,
): void {
  const target = etherDestination === undefined ? undefined : stationOf(point, etherDestination);
  if (!target) return;
  target.received += packets;
  keep(target.destinations, destination, target);
}

function stationOf(point: PointState, mac: Mac): StationState | undefined {
  if (mac === 0) return undefined;
  let station = point.stations.get(mac);
  if (!station && point.stations.size < STATIONS) {
    station = {
      sent: 0,
      received: 0,
      sources: new Map(),
      destinations: new Map(),
      claims: new Map(),
      cut: false,
    };
    point.stations.set(mac, station);
  }
  return station;
}

function keep(addresses: Map<Ip, Ip>, ip: Ip, station: StationState): void {
  const key = ipKey(ip);
  if (addresses.has(key)) return;
  if (addresses.size < ADDRESSES) addresses.set(key, ip);
  else station.cut = true;
}

function count(
  addresses: Map<Ip, Address>,
  ip: Ip,
  ttl: number | undefined,
  packets: number,
  station?: StationState,
): void {
  const key = ipKey(ip);
  let address = addresses.get(key);
  if (!address) {
    if (addresses.size >= ADDRESSES) {
      if (station) station.cut = true;
      return;
    }
    address = { address: ip, packets: 0, ttls: new Map() };
    addresses.set(key, address);
  }
  address.packets += packets;
  if (ttl !== undefined) address.ttls.set(ttl, (address.ttls.get(ttl) ?? 0) + packets);
}

function finish(input: number, point: PointState): PointObservation {
  return {
    input,
    ...(point.interface === undefined ? {} : { interface: point.interface }),
    linkTypes: [...point.linkTypes],
    packets: point.packets,
    stations: [...point.stations].map(
      ([mac, state]): Station => ({
        mac,
        sent: state.sent,
        received: state.received,
        sources: listed(state.sources),
        destinations: [...state.destinations.values()],
        claims: [...state.claims.values()],
        cut: state.cut,
      }),
    ),
    addresses: listed(point.addresses),
  };
}

function listed(addresses: ReadonlyMap<Ip, Address>): ObservedAddress[] {
  return [...addresses.values()];
}
