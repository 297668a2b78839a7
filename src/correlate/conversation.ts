import type { Family, Ip } from '../net/ip.ts';
import { ipKey } from '../net/ip-key.ts';
import { isGroupMac } from '../net/mac.ts';
import { PROTOCOL } from '../net/protocol.ts';
import type { Packet } from '../packet/packet.ts';
import { skbFromFrame } from '../skb/from-packet.ts';
import { AttemptLog, roleOf } from './attempts.ts';
import { emptySide, type FlowEnd, type LegSide, type Sighting } from './flow.ts';
import { isOverlay, tunnelName } from './overlay.ts';
import { endsOf, sightingOf } from './sighting.ts';
import { isWeak, signatureOf } from './signature.ts';

/** Packet types of cooked captures: pcap-linktype(7), LINKTYPE_LINUX_SLL. */
const SLL_BROADCAST = 1;
const SLL_MULTICAST = 2;

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

/** How many packets of a side are kept whole, and how many may be recognised elsewhere by their signature. */
const KEPT = 48;
const SIGNED = 24;
/** One packet reaches the next point within this many seconds; the rest is chance (or a clock that is off by more). */
const SAME_PACKET_SECONDS = 3;
/** The same, where there is no more to know it by than its ports. */
const WEAK_SECONDS = 0.1;

/** Two ends and their packets, at every point that saw exactly this pair. `a` sent the first packet that was read. */
export interface Conversation {
  readonly index: number;
  readonly family: Family;
  readonly protocol: number;
  readonly a: FlowEnd;
  readonly b: FlowEnd;
  readonly points: Map<number, { readonly ab: LegSide; readonly ba: LegSide; attempts?: AttemptLog }>;
  /** Its packets hold others: `vxlan 42`. */
  tunnel?: string;
  /** Who began: certain after a SYN or an echo request. */
  initiator?: { readonly side: 'a' | 'b'; readonly certain: boolean };
}

/** Two conversations that carried one and the same packet, so NAT lies between them. */
export interface Link {
  readonly left: number;
  readonly right: number;
  /** a of the left is a of the right (else its b). */
  readonly parallel: boolean;
}

/** ICMP error with the ends of the packet it quotes. */
export interface QuotedError {
  readonly sighting: Sighting;
  readonly type: number;
  readonly code: number;
  readonly protocol: number;
  readonly source: FlowEnd;
  readonly destination: FlowEnd;
}

interface Signed {
  readonly conversation: number;
  readonly fromA: boolean;
  readonly time: number;
  readonly id: number | undefined;
  readonly point: number;
  /** Not the packet's alone: `isWeak`. */
  readonly weak: boolean;
}

/** Gathers packets into conversations, point after point, and notices the same packet under other addresses. */
export class ConversationTable {
  readonly conversations: Conversation[] = [];
  readonly links: Link[] = [];
  readonly errors: QuotedError[] = [];
  /** Multicast, broadcast, neighbour discovery, IGMP …: seen, and not a flow between two hosts. */
  noise = 0;
  readonly #byEnds = new Map<string, Conversation>();
  readonly #bySignature = new Map<string, Signed[]>();
  readonly #linked = new Set<string>();
  /** Subnet broadcast addresses that cooked captures told, by `ipKey`. */
  readonly #groups = new Set<Ip>();
  readonly #fragments = new Map<string, Conversation>();

  /** `whole`: the bytes are the packet's own, so that it can be known by them elsewhere; those of a trace are made up. */
  add(point: number, packet: Packet, bytes: Uint8Array, whole = true): void {
    const { ip } = packet;
    if (!ip) return;
    if (packet.icmp?.quoted) {
      this.#addError(point, packet);
      return;
    }
    if (isNoise(packet) || (this.#groups.size > 0 && this.#groups.has(ipKey(ip.destination)))) {
      // On its way out of another interface a cooked capture no longer says that it is for everybody.
      if (packet.sllType === SLL_BROADCAST) this.#groups.add(ipKey(ip.destination));
      this.noise++;
      return;
    }
    const sighting = sightingOf(point, packet);
    if (!sighting) return;
    // A text a packet is much where nearly none is a fragment.
    const fragment =
      ip.fragmentOffset > 0 || ip.moreFragments
        ? `${point} ${ip.source} ${ip.destination} ${ip.protocol} ${ip.id}`
        : '';
    let ends = endsOf(packet);
    if (ip.fragmentOffset > 0) {
      const first = this.#fragments.get(fragment);
      if (!first) return;
      ends =
        first.a.address === ip.source
          ? { source: first.a, destination: first.b }
          : { source: first.b, destination: first.a };
    }
    if (!ends) {
      this.noise++;
      return;
    }
    const conversation = this.#find(ip.family, ip.protocol, ends.source, ends.destination);
    if (ip.moreFragments && ip.fragmentOffset === 0) this.#fragments.set(fragment, conversation);
    const [inner] = packet.inner;
    if (inner && isOverlay(inner)) conversation.tunnel ??= tunnelName(inner);
    const fromA = conversation.a.address === ends.source.address && conversation.a.port === ends.source.port;
    let sides = conversation.points.get(point);
    if (!sides) {
      sides = { ab: emptySide(), ba: emptySide() };
      conversation.points.set(point, sides);
    }
    const side = fromA ? sides.ab : sides.ba;
    if (side.packets === 0) side.skb = skbFromFrame(bytes, packet, undefined);
    const before = side.rst;
    record(side, sighting);
    const other = (fromA ? sides.ba : sides.ab).last;
    if (!before && side.rst && other) side.provoked = other;
    noteInitiator(conversation, packet, fromA);
    if (whole) noteAttempt(sides, sighting, roleOf(packet, fromA === (conversation.initiator?.side === 'a')));
    if (whole && side.packets <= SIGNED) this.#sign(conversation, packet, bytes, fromA, sighting);
  }

  /** The conversation of exactly these two ends, and whether `source` is its `a`. */
  lookup(
    protocol: number,
    source: FlowEnd,
    destination: FlowEnd,
  ): { conversation: Conversation; fromA: boolean } | undefined {
    const conversation = this.#byEnds.get(keyOf(protocol, source, destination));
    if (!conversation) return undefined;
    return {
      conversation,
      fromA: conversation.a.address === source.address && conversation.a.port === source.port,
    };
  }

  #find(family: Family, protocol: number, source: FlowEnd, destination: FlowEnd): Conversation {
    const key = keyOf(protocol, source, destination);
    let conversation = this.#byEnds.get(key);
    if (!conversation) {
      conversation = {
        index: this.conversations.length,
        family,
        protocol,
        a: source,
        b: destination,
        points: new Map(),
      };
      this.conversations.push(conversation);
      this.#byEnds.set(key, conversation);
    }
    return conversation;
  }

  #sign(
    conversation: Conversation,
    packet: Packet,
    bytes: Uint8Array,
    fromA: boolean,
    sighting: Sighting,
  ): void {
    const signature = signatureOf(packet, bytes);
    if (signature === undefined) return;
    const { time, id, point } = sighting;
    const mine: Signed = { conversation: conversation.index, fromA, time, id, point, weak: isWeak(packet) };
    const others = this.#bySignature.get(signature);
    if (!others) {
      this.#bySignature.set(signature, [mine]);
      return;
    }
    for (const other of others) {
      if (other.conversation === conversation.index) continue;
      if (Math.abs(other.time - mine.time) > SAME_PACKET_SECONDS) continue;
      const left = this.conversations[other.conversation] as Conversation;
      if (!couldBeTranslated(left, conversation, packet)) continue;
      if ((mine.weak || other.weak) && !isPlainlyNext(left, other, conversation, mine)) continue;
      const name = `${left.index} ${conversation.index}`;
      if (this.#linked.has(name)) continue;
      this.#linked.add(name);
      this.links.push({ left: left.index, right: conversation.index, parallel: other.fromA === fromA });
    }
    if (others.length < 16) others.push(mine);
  }

  #addError(point: number, packet: Packet): void {
    const quoted = packet.icmp?.quoted;
    const sighting = sightingOf(point, packet);
    const ends = quoted && endsOf(quoted);
    if (!packet.icmp || !quoted?.ip || !ends || !sighting) return;
    this.errors.push({
      sighting,
      type: packet.icmp.type,
      code: packet.icmp.code,
      protocol: quoted.ip.protocol,
      source: ends.source,
      destination: ends.destination,
    });
    if (!isRefusal(packet)) return;
    const found = this.lookup(quoted.ip.protocol, ends.source, ends.destination);
    const side = found?.conversation.initiator?.side;
    if (found && found.fromA === (side === 'a'))
      noteAttempt(found.conversation.points.get(point), sighting, 'refused');
  }
}

/** Unreachable for whatever reason but its size, or a TTL that ran out. */
function isRefusal({ ip, icmp }: Packet): boolean {
  if (!icmp) return false;
  if (ip?.family === 6) return icmp.type === 1 || icmp.type === 3;
  return (icmp.type === 3 && icmp.code !== 4) || icmp.type === 11;
}

function noteAttempt(
  sides: { attempts?: AttemptLog } | undefined,
  sighting: Sighting,
  role: ReturnType<typeof roleOf>,
): void {
  if (!sides || role === undefined || role === 'silent') return;
  if (role === 'ask') {
    sides.attempts ??= new AttemptLog();
    sides.attempts.ask(sighting);
  } else sides.attempts?.answer(sighting, role);
}

/** Seen at another point at once, and neither pair of ends at the other's: then they are hardly two packets. */
function isPlainlyNext(left: Conversation, other: Signed, right: Conversation, mine: Signed): boolean {
  if (other.point === mine.point || Math.abs(other.time - mine.time) > WEAK_SECONDS) return false;
  return !left.points.has(mine.point) && !right.points.has(other.point);
}

/** NAT leaves one end as it was, except where both are rewritten (hairpin); a TCP sequence number is proof enough for that. */
function couldBeTranslated(left: Conversation, right: Conversation, packet: Packet): boolean {
  if (left.protocol !== right.protocol || left.family !== right.family) return false;
  if (packet.tcp) return true;
  const addresses = new Set<Ip>([left.a.address, left.b.address]);
  return addresses.has(right.a.address) || addresses.has(right.b.address);
}

function keyOf(protocol: number, source: FlowEnd, destination: FlowEnd): string {
  const from = `${source.address} ${source.port}`;
  const to = `${destination.address} ${destination.port}`;
  return from < to ? `${protocol} ${from} ${to}` : `${protocol} ${to} ${from}`;
}

/** Between no two hosts: multicast, broadcast, neighbour discovery. */
export function isNoise(packet: Packet): boolean {
  const { ip, icmp, ether } = packet;
  if (!ip) return true;
  if (ether?.destination !== undefined && isGroupMac(ether.destination)) return true;
  if (packet.sllType === SLL_BROADCAST || packet.sllType === SLL_MULTICAST) return true;
  if (ip.family === 4) {
    const destination = ip.destination as number;
    if (destination >= 0xe0000000) return true; // multicast, limited broadcast, class E
    return ip.protocol === PROTOCOL.igmp || ip.source === 0;
  }
  if ((ip.destination as bigint) >> 120n === 0xffn) return true;
  const type = icmp?.type ?? 0;
  return ip.protocol === PROTOCOL['ipv6-icmp'] && ((type >= 130 && type <= 137) || type === 143);
}

function record(side: LegSide, sighting: Sighting): void {
  const before = side.lap && (!side.last || side.lap.time >= side.last.time) ? side.lap : side.last;
  if (isLap(before, sighting)) {
    side.laps++;
    side.lap = sighting;
    return;
  }
  side.packets++;
  side.bytes += sighting.length;
  side.payload += sighting.payload;
  side.last = sighting;
  if (side.kept.length < KEPT) side.kept.push(sighting);
  const flags = sighting.tcpFlags;
  if (flags === undefined) return;
  countRepeats(side, sighting);
  if (flags & SYN && !(flags & ACK)) side.syn ??= sighting;
  if (flags & SYN && flags & ACK) side.synAck ??= sighting;
  if (flags & RST) side.rst ??= sighting;
  if (flags & FIN) side.fin ??= sighting;
}

/** A byte of keep-alive is no data; anything more that is sent again and again is not getting through. */
function countRepeats(side: LegSide, sighting: Sighting): void {
  if (sighting.payload <= 1) return;
  if (side.repeated?.sequence === sighting.sequence) {
    side.repeats++;
  } else {
    side.repeats = 0;
    side.repeated = sighting;
  }
}

/** The same packet (identification, sequence numbers, length) with a smaller TTL, a moment later: it was routed back here. */
function isLap(before: Sighting | undefined, now: Sighting): boolean {
  return (
    before?.ttl !== undefined &&
    now.ttl !== undefined &&
    now.ttl < before.ttl &&
    now.time - before.time < 1 &&
    now.id === before.id &&
    now.sequence === before.sequence &&
    now.icmpSequence === before.icmpSequence &&
    now.length === before.length &&
    now.fragmentOffset === before.fragmentOffset
  );
}

function noteInitiator(conversation: Conversation, packet: Packet, fromA: boolean): void {
  if (conversation.initiator?.certain) return;
  const sender = fromA ? 'a' : 'b';
  const other = fromA ? 'b' : 'a';
  const { tcp, icmp } = packet;
  if (tcp && tcp.flags & SYN) {
    conversation.initiator = { side: tcp.flags & ACK ? other : sender, certain: true };
  } else if (icmp) {
    const request = icmp.type === 8 || icmp.type === 13 || icmp.type === 17 || icmp.type === 128;
    conversation.initiator = { side: request ? sender : other, certain: true };
  } else {
    conversation.initiator ??= { side: guessInitiator(conversation), certain: false };
  }
}

/** Whoever speaks from a system port while the other does not is the server; else who was seen first began. */
function guessInitiator({ a, b }: Conversation): 'a' | 'b' {
  const system = (port: number) => port > 0 && port < 1024;
  return system(a.port) && !system(b.port) ? 'b' : 'a';
}
