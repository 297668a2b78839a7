/**
 * A packet in which addresses and names are replaced and what it carries is blanked, with all lengths as they were. Checksums are
 * carried along by the difference (RFC 1624): a right one is right, a wrong one wrong, and one that a device was to complete still is.
 */

import { getUint48, getUint128, setUint48, setUint128, viewOf } from '../../base/bytes.ts';
import { fold, sumBytes, sumPseudoHeader, updateChecksum } from '../../base/checksum.ts';
import { crc32c } from '../../base/crc32c.ts';
import type { InputLimits } from '../../base/limits.ts';
import { siphash } from '../../base/siphash.ts';
import { GENEVE_PORT } from '../../header/geneve.ts';
import { GTP_PORT } from '../../header/gtp.ts';
import { VXLAN_PORTS } from '../../header/vxlan.ts';
import type { Ip } from '../../net/ip.ts';
import type { Addresses, Key } from './addresses.ts';
import { redactDns } from './dns.ts';
import type { Names } from './names.ts';

export interface PacketRedactor {
  readonly addresses: Addresses;
  readonly names: Names;
  readonly key: Key;
  /** Others than the defaults. */
  readonly limits?: InputLimits;
}

const DEPTH = 8;
const DNS_PORTS = new Set([53, 5353, 5355]);
const VLAN_TYPES = new Set([0x8100, 0x88a8, 0x9100]);

/** The frame's own bytes are left alone. `learn`: only cards and names are looked for, and nothing is made. */
export function redactFrame(
  bytes: Uint8Array,
  linkType: number,
  redactor: PacketRedactor,
  learn = false,
): Uint8Array {
  const copy = bytes.slice();
  new Frame(viewOf(bytes), viewOf(copy), redactor, learn).link(linkType);
  return copy;
}

interface Pair {
  readonly source: Ip;
  readonly destination: Ip;
}

class Frame {
  private readonly old: DataView;
  private readonly view: DataView;
  private readonly redactor: PacketRedactor;
  private readonly learn: boolean;
  /** Checksums that the device was to complete, inside tunnels. */
  private readonly partial: Partial[] = [];

  constructor(old: DataView, view: DataView, redactor: PacketRedactor, learn: boolean) {
    this.old = old;
    this.view = view;
    this.redactor = redactor;
    this.learn = learn;
  }

  link(linkType: number): undefined {
    const end = this.view.byteLength;
    switch (linkType) {
      case 1:
        return this.ethernet(0, end, DEPTH);
      case 113: // LINUX_SLL
        if (end < 16) return this.blank(0, end);
        if (this.view.getUint16(4) === 6) this.mac(6);
        return this.etherType(this.view.getUint16(14), 16, end, DEPTH);
      case 276: // LINUX_SLL2
        if (end < 20) return this.blank(0, end);
        if (this.view.getUint8(11) === 6) this.mac(12);
        return this.etherType(this.view.getUint16(0), 20, end, DEPTH);
      case 0: // BSD loopback
      case 108:
        return this.network(4, end, DEPTH);
      case 12: // RAW
      case 101:
      case 228:
      case 229:
        return this.network(0, end, DEPTH);
      default:
        return this.blank(0, end);
    }
  }

  private ethernet(start: number, end: number, depth: number): undefined {
    if (start + 14 > end) return this.blank(start, end);
    this.mac(start);
    this.mac(start + 6);
    this.etherType(this.view.getUint16(start + 12), start + 14, end, depth);
  }

  private etherType(type: number, at: number, end: number, depth: number): undefined {
    if (VLAN_TYPES.has(type) && at + 4 <= end)
      return this.etherType(this.view.getUint16(at + 2), at + 4, end, depth);
    if (type === 0x0800 || type === 0x86dd) return this.network(at, end, depth);
    if (type === 0x0806) return this.arp(at, end);
    if (type <= 1500 || type === 4) return this.llc(at, end);
    // MPLS: labels of four bytes, the last with its bottom bit set.
    if (type === 0x8847 || type === 0x8848) {
      let behind = at;
      while (behind + 4 <= end && (this.view.getUint8(behind + 2) & 1) === 0) behind += 4;
      return this.network(behind + 4, end, depth);
    }
    // PPPoE: six bytes, and PPP's protocol.
    if (type === 0x8864 && at + 8 <= end) {
      const protocol = this.view.getUint16(at + 6);
      if (protocol === 0x21 || protocol === 0x57) return this.network(at + 8, end, depth);
    }
    this.blank(at, end);
  }

  /** Spanning tree's bridge ids have cards' addresses in them: IEEE 802.1D, 9.3.1. */
  private llc(at: number, end: number): undefined {
    if (at + 38 <= end && this.view.getUint16(at) === 0x4242 && this.view.getUint8(at + 2) === 3) {
      this.mac(at + 10);
      this.mac(at + 22);
      return this.blank(at + 39, end);
    }
    this.blank(at + 3, end);
  }

  private arp(at: number, end: number): undefined {
    if (at + 8 > end || this.view.getUint8(at + 4) !== 6 || this.view.getUint8(at + 5) !== 4 || at + 28 > end)
      return this.blank(at + 8, end);
    this.mac(at + 8);
    this.ip4(at + 14);
    this.mac(at + 18);
    this.ip4(at + 24);
    this.blank(at + 28, end);
  }

  private network(at: number, end: number, depth: number): undefined {
    if (at >= end) return;
    const version = depth === 0 ? 0 : this.view.getUint8(at) >> 4;
    if (version === 4) this.ipv4(at, end, depth);
    else if (version === 6) this.ipv6(at, end, depth);
    else this.blank(at, end);
  }

  private ipv4(at: number, end: number, depth: number): undefined {
    const length = (this.view.getUint8(at) & 15) * 4;
    if (at + 20 > end || length < 20 || at + length > end) return this.blank(Math.min(at + 20, end), end);
    const old = { source: this.old.getUint32(at + 12), destination: this.old.getUint32(at + 16) };
    this.ip4(at + 12);
    this.ip4(at + 16);
    this.options4(at + 20, at + length);
    const total = this.view.getUint16(at + 2);
    // A segment that a device is to cut has no length yet; behind the packet's end is padding.
    const behind = total < length ? end : Math.min(end, at + total);
    this.blank(behind, end);
    const fragment = this.view.getUint16(at + 6);
    const made = { source: this.view.getUint32(at + 12), destination: this.view.getUint32(at + 16) };
    this.upper(
      this.view.getUint8(at + 9),
      at + length,
      behind,
      { old, made },
      {
        offset: fragment & 0x1fff,
        more: (fragment & 0x2000) !== 0,
        length: (total < length ? end - at : total) - length,
      },
      depth,
    );
    this.adjust(at + 10, at, at + length, 0, 0);
  }

  /** Routes and time stamps hold addresses: RFC 791, section 3.1. */
  private options4(start: number, end: number): undefined {
    let at = start;
    while (at < end) {
      const type = this.view.getUint8(at);
      if (type === 0) return;
      const size = type === 1 ? 1 : at + 1 < end ? this.view.getUint8(at + 1) : 0;
      if (size === 0 || at + size > end) return;
      if (type === 7 || type === 131 || type === 137)
        for (let each = at + 3; each + 4 <= at + size; each += 4) this.ip4(each);
      at += size;
    }
  }

  private ipv6(at: number, end: number, depth: number): undefined {
    if (at + 40 > end) return this.blank(at + 8, end);
    const old = { source: getUint128(this.old, at + 8), destination: getUint128(this.old, at + 24) };
    this.ip6(at + 8);
    this.ip6(at + 24);
    const made = { source: getUint128(this.view, at + 8), destination: getUint128(this.view, at + 24) };
    const payload = this.view.getUint16(at + 4);
    const behind = payload === 0 ? end : Math.min(end, at + 40 + payload);
    this.blank(behind, end);
    let next = this.view.getUint8(at + 6);
    let here = at + 40;
    let offset = 0;
    let more = false;
    let lastOld: Ip | undefined;
    for (let headers = 0; headers < 16 && [0, 43, 44, 60, 51, 135].includes(next); headers++) {
      if (here + 8 > behind) return this.blank(here, behind);
      const size =
        next === 44
          ? 8
          : next === 51
            ? (this.view.getUint8(here + 1) + 2) * 4
            : (this.view.getUint8(here + 1) + 1) * 8;
      if (here + size > behind) return this.blank(here + 8, behind);
      if (next === 44) {
        offset = this.view.getUint16(here + 2) >> 3;
        more = (this.view.getUint16(here + 2) & 1) !== 0;
      }
      if (next === 43) {
        // The last of the addresses counts in the pseudo-header while it is not reached (RFC 8200, 8.1).
        for (let each = here + 8; each + 16 <= here + size; each += 16) this.ip6(each);
        if (this.view.getUint8(here + 3) > 0 && size >= 24) lastOld = getUint128(this.old, here + size - 16);
      }
      const following = this.view.getUint8(here);
      here += size;
      if (next === 44 && offset > 0) {
        next = following;
        break;
      }
      next = following;
    }
    const final = lastOld === undefined ? undefined : this.redactor.addresses.of(lastOld);
    this.upper(
      next,
      here,
      behind,
      {
        old: { ...old, destination: lastOld ?? old.destination },
        made: { ...made, destination: final ?? made.destination },
      },
      { offset, more, length: payload === 0 ? behind - here : Math.max(0, at + 40 + payload - here) },
      depth,
    );
  }

  private upper(
    protocol: number,
    at: number,
    end: number,
    ends: { readonly old: Pair; readonly made: Pair },
    fragment: { readonly offset: number; readonly more: boolean; readonly length: number },
    depth: number,
  ): undefined {
    if (fragment.offset > 0) return this.blankAlike(at, end);
    const pseudo = (pair: Pair): number =>
      sumPseudoHeader(pair.source, pair.destination, protocol, fragment.length);
    const [before, after] = [pseudo(ends.old), pseudo(ends.made)];
    switch (protocol) {
      case 6: {
        if (at + 20 > end) return;
        const head = at + Math.max(20, (this.view.getUint8(at + 12) >> 4) * 4);
        const ports = [this.view.getUint16(at), this.view.getUint16(at + 2)];
        const dns = ports.includes(53) && head + 14 <= end ? this.view.getUint16(head) : 0;
        if (dns >= 12 && head + 2 + dns <= end) {
          redactDns(this.view, head + 2, head + 2 + dns, this.redactor, this.learn);
          this.blank(head + 2 + dns, end);
        } else this.blank(Math.min(head, end), end);
        return this.adjust(at + 16, at, end, before, after, true);
      }
      case 17:
      case 136:
        return this.udp(at, end, before, after, depth);
      case 1:
        this.icmp4(at, end, depth);
        return this.adjust(at + 2, at, end, 0, 0);
      case 58:
        this.icmp6(at, end, depth);
        return this.adjust(at + 2, at, end, before, after, true);
      case 132:
        return this.sctp(at, end);
      case 4:
      case 41:
        return this.network(at, end, depth - 1);
      case 47:
        return this.gre(at, end, depth);
      case 2: // IGMP: groups
        return this.blank(at + 16, end);
      default:
        return this.standIn(at + 8, end);
    }
  }

  private udp(at: number, end: number, before: number, after: number, depth: number): undefined {
    if (at + 8 > end) return;
    const data = at + 8;
    const [from, to] = [this.view.getUint16(at), this.view.getUint16(at + 2)];
    if (DNS_PORTS.has(from) || DNS_PORTS.has(to)) redactDns(this.view, data, end, this.redactor, this.learn);
    else if (VXLAN_PORTS.includes(to) && data + 8 <= end && depth > 0)
      this.ethernet(data + 8, end, depth - 1);
    else if (to === GENEVE_PORT && data + 8 <= end && depth > 0) {
      const inner = data + 8 + (this.view.getUint8(data) & 0x3f) * 4;
      const type = this.view.getUint16(data + 2);
      this.blank(data + 8, Math.min(inner, end));
      if (type === 0x6558) this.ethernet(inner, end, depth - 1);
      else this.network(inner, end, depth - 1);
    } else if (
      (to === GTP_PORT || from === GTP_PORT) &&
      data + 8 <= end &&
      this.view.getUint8(data + 1) === 255
    ) {
      this.network(data + ((this.view.getUint8(data) & 7) === 0 ? 8 : 12), end, depth - 1);
    } else this.standIn(data, end);
    if (this.old.getUint16(at + 6) === 0) return;
    this.adjust(at + 6, at, end, before, after, true);
    if (this.view.getUint16(at + 6) === 0) this.view.setUint16(at + 6, 0xffff);
  }

  private icmp4(at: number, end: number, depth: number): undefined {
    if (at + 8 > end) return;
    const type = this.view.getUint8(at);
    if (type === 5) this.ip4(at + 4);
    if ([3, 4, 5, 11, 12].includes(type)) return this.network(at + 8, end, depth - 1);
    if (type === 13 || type === 14) return this.blank(at + 20, end);
    this.standIn(at + 8, end);
  }

  private icmp6(at: number, end: number, depth: number): undefined {
    if (at + 8 > end) return;
    const type = this.view.getUint8(at);
    if (type < 128) return this.network(at + 8, end, depth - 1);
    switch (type) {
      case 130: // MLD
      case 131:
      case 132:
        if (at + 24 <= end) this.ip6(at + 8);
        return this.blank(at + 28, end);
      case 143: {
        let record = at + 8;
        while (record + 20 <= end) {
          this.ip6(record + 4);
          const sources = this.view.getUint16(record + 2);
          for (let each = 0; each < sources && record + 36 + each * 16 <= end; each++)
            this.ip6(record + 20 + each * 16);
          record += 20 + sources * 16 + this.view.getUint8(record + 1) * 4;
        }
        return;
      }
      case 133:
        return this.discovery(at + 8, end, depth);
      case 134:
        return this.discovery(at + 16, end, depth);
      case 135:
      case 136:
        if (at + 24 <= end) this.ip6(at + 8);
        return this.discovery(at + 24, end, depth);
      case 137:
        if (at + 40 > end) return this.blank(at + 8, end);
        this.ip6(at + 8);
        this.ip6(at + 24);
        return this.discovery(at + 40, end, depth);
      default:
        this.standIn(at + 8, end);
    }
  }

  /** Options of neighbour discovery: RFC 4861, section 4.6; RFC 8106. */
  private discovery(start: number, end: number, depth: number): undefined {
    let at = start;
    while (at + 8 <= end) {
      const type = this.view.getUint8(at);
      const size = this.view.getUint8(at + 1) * 8;
      if (size === 0 || at + size > end) break;
      if (type === 1 || type === 2) this.mac(at + 2);
      else if (type === 3 && size === 32) this.ip6(at + 16);
      else if (type === 4) this.network(at + 8, at + size, depth - 1);
      else if (type === 25) for (let each = at + 8; each + 16 <= at + size; each += 16) this.ip6(each);
      else if (type !== 5 && type !== 14) this.blank(at + 2, at + size);
      at += size;
    }
    this.blank(at, end);
  }

  private gre(at: number, end: number, depth: number): undefined {
    if (at + 4 > end) return;
    const flags = this.view.getUint16(at);
    const type = this.view.getUint16(at + 2);
    const inner = at + 4 + (flags & 0xc000 ? 4 : 0) + (flags & 0x2000 ? 4 : 0) + (flags & 0x1000 ? 4 : 0);
    if (inner <= end) {
      if (type === 0x6558 && depth > 0) this.ethernet(inner, end, depth - 1);
      else if (type === 0x0800 || type === 0x86dd) this.network(inner, end, depth - 1);
      else this.blank(inner, end);
    }
    if (flags & 0x8000 && at + 8 <= end) this.adjust(at + 4, at, end, 0, 0);
  }

  /** Chunks keep their heads; of the set-up the addresses are replaced, of the rest what is carried is blanked (RFC 9260, section 3). */
  private sctp(at: number, end: number): undefined {
    if (at + 12 > end) return;
    let chunk = at + 12;
    while (chunk + 4 <= end) {
      const type = this.view.getUint8(chunk);
      const size = this.view.getUint16(chunk + 2);
      if (size < 4) break;
      const behind = Math.min(end, chunk + size);
      if (type === 0) this.standIn(chunk + 16, behind);
      else if (type === 1 || type === 2) this.parameters(chunk + 20, behind);
      else if (type !== 3) this.blank(chunk + 4, behind);
      chunk += (size + 3) & ~3;
    }
    // What was wrong by some bits stays wrong by those.
    const change = crc32c(this.old, at, end - at, at + 8) ^ crc32c(this.view, at, end - at, at + 8);
    this.view.setUint32(at + 8, (this.old.getUint32(at + 8, true) ^ change) >>> 0, true);
  }

  private parameters(start: number, end: number): undefined {
    let at = start;
    while (at + 4 <= end) {
      const type = this.view.getUint16(at);
      const size = this.view.getUint16(at + 2);
      if (size < 4) break;
      if (type === 5 && size === 8 && at + 8 <= end) this.ip4(at + 4);
      else if (type === 6 && size === 20 && at + 20 <= end) this.ip6(at + 4);
      else this.blank(at + 4, Math.min(end, at + size));
      at += (size + 3) & ~3;
    }
  }

  private mac(at: number): undefined {
    if (at + 6 > this.view.byteLength) return;
    const mac = getUint48(this.view, at);
    if (this.learn) this.redactor.addresses.learnMac(mac);
    else setUint48(this.view, at, this.redactor.addresses.ofMac(mac));
  }

  private ip4(at: number): undefined {
    if (!this.learn) this.view.setUint32(at, this.redactor.addresses.of(this.view.getUint32(at)) as number);
  }

  private ip6(at: number): undefined {
    if (!this.learn)
      setUint128(this.view, at, this.redactor.addresses.of(getUint128(this.view, at)) as bigint);
  }

  private blank(from: number, to: number): undefined {
    if (this.learn) return;
    for (let at = Math.max(0, from); at < to; at++) this.view.setUint8(at, 0);
  }

  /**
   * What is carried, blanked but for eight bytes that stand for it: the same packet is known at two points by the beginning of its
   * payload, which they are made of.
   */
  private standIn(from: number, to: number): undefined {
    if (this.learn || from >= to) return;
    const head = new Uint8Array(this.old.buffer, this.old.byteOffset + from, Math.min(22, to - from));
    const mark = siphash(head, this.redactor.key);
    this.blank(from, to);
    for (let at = 0; at < Math.min(8, to - from); at++)
      this.view.setUint8(from + at, Number((mark >> BigInt(8 * at)) & 255n));
  }

  /** A later fragment: its sum has to stay, since the checksum is in the first one. */
  private blankAlike(from: number, to: number): undefined {
    if (this.learn || to - from < 2) return;
    const sum = fold(sumBytes(this.old, from, to - from));
    this.blank(from, to);
    this.view.setUint16(from, sum);
  }

  /** The checksum at `field` over the bytes from `start`, whose pseudo-header had the sum `before` and has `after`. */
  private adjust(
    field: number,
    start: number,
    end: number,
    before: number,
    after: number,
    offloaded = false,
  ): undefined {
    if (this.learn || field + 2 > end) return;
    const found = this.old.getUint16(field);
    // The sum of the pseudo-header alone: the device was to add the rest.
    if (offloaded && found === fold(before)) {
      this.partial.push({ field, start, end, before, after });
      this.view.setUint16(field, fold(after));
      return;
    }
    let [left, right] = [
      sumBytes(this.old, start, end - start, before),
      sumBytes(this.view, start, end - start, after),
    ];
    // A tunnel's checksum is made over what the device is to complete inside, as completed (lco_csum(), include/linux/skbuff.h).
    if (fold(left) !== 0xffff) {
      for (const inner of this.partial.filter((each) => each.start >= start && each.end <= end)) {
        left += completion(this.old, inner, inner.before);
        right += completion(this.view, inner, inner.after);
      }
    }
    const own = this.view.getUint16(field);
    this.view.setUint16(field, updateChecksum(found, left - found, right - own));
  }
}

interface Partial {
  readonly field: number;
  readonly start: number;
  readonly end: number;
  /** Sums of its pseudo-header. */
  readonly before: number;
  readonly after: number;
}

/** What the checksum that belongs there adds to a sum, instead of the one that stands there. */
function completion(view: DataView, { field, start, end }: Partial, pseudo: number): number {
  const stands = view.getUint16(field);
  return (~fold(sumBytes(view, start, end - start, pseudo) - stands) & 0xffff) - stands;
}
