/** IPv6 extension headers, TCP and IPv4 options that expressions name (src/exthdr.c, tcpopt.c and ipopt.c of nftables). */
import { lazily } from '../base/memo.ts';
import { wordTable } from '../base/word-table.ts';
import type { HeaderField } from './header.ts';

export interface ExtensionInfo {
  readonly number: number;
  readonly fields: Readonly<Record<string, HeaderField>>;
}

const field = (offset: number, bits: number, type: HeaderField['type'] = 'integer'): HeaderField => ({
  offset,
  bits,
  type,
});

const NEXT = { nexthdr: field(0, 8, 'inet_proto'), hdrlength: field(8, 8) };

export const EXTENSION_HEADERS = lazily(() =>
  wordTable<ExtensionInfo>({
    hbh: { number: 0, fields: NEXT },
    rt: { number: 43, fields: { ...NEXT, type: field(16, 8), 'seg-left': field(24, 8) } },
    /** Addresses are `addr[1]` …, 128 bits each from bit 64 on. */
    rt0: { number: 43, fields: { 'addr[1]': field(64, 128, 'ipv6_addr') } },
    rt2: { number: 43, fields: { addr: field(64, 128, 'ipv6_addr') } },
    srh: {
      number: 43,
      fields: {
        'last-entry': field(32, 8),
        flags: field(40, 8, 'bitmask'),
        tag: field(48, 16),
        'sid[1]': field(64, 128, 'ipv6_addr'),
      },
    },
    frag: {
      number: 44,
      fields: {
        nexthdr: field(0, 8, 'inet_proto'),
        reserved: field(8, 8),
        'frag-off': field(16, 13),
        reserved2: field(29, 2),
        'more-fragments': field(31, 1),
        id: field(32, 32),
      },
    },
    dst: { number: 60, fields: NEXT },
    mh: {
      number: 135,
      fields: { ...NEXT, type: field(16, 8, 'mh_type'), reserved: field(24, 8), checksum: field(32, 16) },
    },
  }),
);

const SIZED = { kind: field(0, 8), length: field(8, 8) };

/** A SACK block: `left` and `right` are 32 bits from bit 16 + 64 × block on. */
const sack = (block: number): ExtensionInfo => ({
  number: 5,
  fields: { ...SIZED, left: field(16 + 64 * block, 32), right: field(48 + 64 * block, 32) },
});

export const TCP_OPTIONS = lazily(() =>
  wordTable<ExtensionInfo>({
    eol: { number: 0, fields: { kind: field(0, 8) } },
    nop: { number: 1, fields: { kind: field(0, 8) } },
    maxseg: { number: 2, fields: { ...SIZED, size: field(16, 16) } },
    window: { number: 3, fields: { ...SIZED, count: field(16, 8) } },
    'sack-perm': { number: 4, fields: SIZED },
    sack: sack(0),
    sack0: sack(0),
    sack1: sack(1),
    sack2: sack(2),
    sack3: sack(3),
    timestamp: { number: 8, fields: { ...SIZED, tsval: field(16, 32), tsecr: field(48, 32) } },
    fastopen: { number: 34, fields: SIZED },
    md5sig: { number: 19, fields: SIZED },
    mptcp: { number: 30, fields: { ...SIZED, subtype: field(16, 4) } },
  }),
);

const ROUTE = { type: field(0, 8), length: field(8, 8), ptr: field(16, 8), addr: field(24, 32, 'ipv4_addr') };

/** Numbers with the copy bit and class. */
export const IP_OPTIONS = lazily(() =>
  wordTable<ExtensionInfo>({
    lsrr: { number: 131, fields: ROUTE },
    ssrr: { number: 137, fields: ROUTE },
    rr: { number: 7, fields: ROUTE },
    ra: { number: 148, fields: { type: field(0, 8), length: field(8, 8), value: field(16, 16) } },
  }),
);
