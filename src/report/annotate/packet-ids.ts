/** epb_packetid: one number for all sightings of one packet, made of what NAT and routers leave as it is. */
import { viewOf } from '../../base/bytes.ts';
import { isWeak, signatureOf } from '../../correlate/signature.ts';
import type { Packet } from '../../packet/packet.ts';
import type { PlainPacket } from '../../packet/plain/packet.ts';

/** Packets without a number of their own that are remembered at once, in sets of a few. */
const REMEMBERED = 1 << 16;
const SET = 4;
/** Points of which it is remembered that they saw one. */
const POINTS = 6;
/** Seconds within which the same bytes at one point are one packet still (a bridge and its ports, both ways of `any`). */
const SAME = 0.05;
/** Bytes behind the headers that are looked at: captures with different snaplens (from 64 bytes on Ethernet) agree. */
const TELLING = 22;

/** Seconds that a packet of no flow takes to the next point, at most: who sends the same again is another. */
const ON_ITS_WAY = 1;
/** Those of the longest signature. */
const WORDS = 64;

const KIND = { tcp: 1, udp: 2, icmp: 3, icmpv6: 4, other: 5 } as const;

/**
 * To be asked in order of time, over all captures. A sender that numbers its packets gives a retransmission another number; of the others
 * one that a point has seen before is a new one, and what other points see then is that.
 */
export class PacketIds {
  /** Both halves of the number that `ofPlain` and `of` made. */
  high = 0;
  low = 0;
  readonly #words = new Int32Array(WORDS);
  #count = 0;
  readonly #highs = new Int32Array(REMEMBERED);
  readonly #lows = new Int32Array(REMEMBERED);
  readonly #counts = new Uint32Array(REMEMBERED);
  /** When it was seen first; 0: nothing there. */
  readonly #times = new Float64Array(REMEMBERED);
  /** Point + 1, 0 behind the last. */
  readonly #points = new Uint16Array(REMEMBERED * POINTS);

  /** `flow`: its number, below 0 where it isn't known; `time`: epoch seconds. False: nothing in the packet is telling enough. */
  ofPlain(point: number, packet: PlainPacket, time: number, flow: number): boolean {
    const { view, upper, family, network, transport, end } = packet;
    if (upper === 'arp') return false;
    const own = family === 4 ? view.getUint16(network + 4) : 0;
    this.#begin(KIND[upper], flow, own);
    if (upper === 'tcp') {
      const flags = view.getUint8(transport + 13);
      this.#addTcp(view.getUint32(transport + 4), view.getUint32(transport + 8), flags, packet.payload);
    } else if (upper === 'udp') {
      this.#words[this.#count++] = packet.payload;
      this.#addBytes(view, transport + 8, end);
    } else {
      const isEcho = upper === 'icmp' || view.getUint8(transport) < ROUTER_SOLICITATION;
      this.#words[this.#count++] = view.getUint16(transport);
      if (!isEcho) this.#addBytes(view, network + 8, network + 40, 32);
      this.#addBytes(view, transport + (isEcho ? 6 : 8), end);
    }
    this.#end(point, time, flow, own);
    return true;
  }

  /** The same of any packet. */
  of(point: number, packet: Packet, bytes: Uint8Array, time: number, flow: number): boolean {
    const { ip, tcp, udp, icmp } = packet;
    if (!ip) return false;
    const own = ip.id ?? 0;
    const isWhole = ip.fragmentOffset === 0 && ip.transport >= 0 && !isWeak(packet);
    const view = viewOf(bytes);
    if (isWhole && tcp) {
      this.#begin(KIND.tcp, flow, own);
      this.#addTcp(tcp.sequence, tcp.acknowledgement, tcp.flags, tcp.payload);
    } else if (isWhole && udp) {
      this.#begin(KIND.udp, flow, own);
      this.#words[this.#count++] = udp.length - 8;
      this.#addBytes(view, ip.transport + 8, endOf(packet, bytes, udp.length));
    } else if (isWhole && icmp) {
      this.#begin(ip.family === 4 ? KIND.icmp : KIND.icmpv6, flow, own);
      const isEcho = icmp.id !== undefined;
      this.#words[this.#count++] = (icmp.type << 8) | icmp.code;
      if (!isEcho && ip.family === 6) this.#addBytes(view, ip.offset + 8, ip.offset + 40, 32);
      this.#addBytes(view, ip.transport + (isEcho ? 6 : 8), endOf(packet, bytes));
    } else {
      const signature = signatureOf(packet, bytes);
      if (signature === undefined) return false;
      this.#begin(KIND.other, flow, own);
      for (let i = 0; i < signature.length && this.#count < WORDS - 1; i++)
        this.#words[this.#count++] = signature.charCodeAt(i);
    }
    this.#end(point, time, flow, own);
    return true;
  }

  #begin(kind: number, flow: number, own: number): void {
    const words = this.#words;
    words[0] = kind;
    words[1] = flow;
    words[2] = own;
    this.#count = 3;
  }

  #addTcp(sequence: number, acknowledgement: number, flags: number, payload: number): void {
    const words = this.#words;
    words[3] = sequence;
    words[4] = acknowledgement;
    words[5] = flags & 0x3f;
    words[6] = payload;
    this.#count = 7;
  }

  #addBytes(view: DataView, from: number, end: number, most = TELLING): void {
    const words = this.#words;
    const stop = Math.min(from + most, end, view.byteLength);
    let at = from;
    for (; at + 4 <= stop; at += 4) words[this.#count++] = view.getUint32(at);
    for (; at < stop; at++) words[this.#count++] = view.getUint8(at);
  }

  /** FNV-1a's steps over words, twice; no half is 0. */
  #end(point: number, time: number, flow: number, own: number): void {
    const words = this.#words;
    const count = this.#count;
    let high = 0x811c9dc5 | 0;
    let low = 0x050c5d1f;
    for (let i = 0; i < count; i++) {
      const word = words[i] as number;
      high = Math.imul(high ^ word, 0x01000193);
      high ^= high >>> 15;
      low = Math.imul(low ^ word, 0x9e3779b1);
      low ^= low >>> 13;
    }
    const again = own === 0 ? this.#countOf(high, low, point, time, flow) : 0;
    this.high = mixed(high ^ Math.imul(again, 0x85ebca6b)) || 1;
    this.low = mixed(low ^ Math.imul(again, 0xc2b2ae35)) || 1;
  }

  /** How often it came before. */
  #countOf(high: number, low: number, point: number, time: number, flow: number): number {
    const begin = (mixed(high ^ low) & (REMEMBERED / SET - 1)) * SET;
    let at = begin;
    for (let i = begin; i < begin + SET; i++) {
      if (this.#highs[i] === high && this.#lows[i] === low && this.#times[i] !== 0)
        return this.#again(i, point, time, flow);
      if ((this.#times[i] as number) < (this.#times[at] as number)) at = i;
    }
    this.#highs[at] = high;
    this.#lows[at] = low;
    this.#counts[at] = 0;
    this.#first(at, point, time);
    return 0;
  }

  #again(at: number, point: number, time: number, flow: number): number {
    const points = this.#points;
    const since = time - (this.#times[at] as number);
    let isNew = flow < 0 && since > ON_ITS_WAY;
    for (let i = at * POINTS; i < (at + 1) * POINTS; i++) {
      const known = points[i] as number;
      if (known === 0) points[i] = point + 1;
      if (known === point + 1 && since >= SAME) isNew = true;
      if (known === 0 || known === point + 1) break;
    }
    if (isNew) {
      this.#counts[at] = (this.#counts[at] as number) + 1;
      this.#first(at, point, time);
    }
    return this.#counts[at] as number;
  }

  #first(at: number, point: number, time: number): void {
    this.#times[at] = time || Number.MIN_VALUE;
    this.#points.fill(0, at * POINTS, (at + 1) * POINTS);
    this.#points[at * POINTS] = point + 1;
  }
}

const ROUTER_SOLICITATION = 133;

/** Behind the last captured byte of a UDP datagram or ICMP message: what pads a frame is no part of it. */
function endOf({ ip }: Packet, bytes: Uint8Array, length = Number.POSITIVE_INFINITY): number {
  if (!ip) return 0;
  return Math.min(bytes.length, ip.transport + Math.min(8 + ip.payload, length));
}

function mixed(word: number): number {
  let hash = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
