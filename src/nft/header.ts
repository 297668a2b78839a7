/** Headers that payload expressions name, with their fields (src/proto.c of nftables; the layouts are the RFCs'). */
import { lazily } from '../base/memo.ts';
import { wordTable } from '../base/word-table.ts';
import type { Datatype } from './datatype.ts';
import type { PayloadBase } from './expression.ts';

export interface HeaderField {
  /** In bits from the header's start. */
  readonly offset: number;
  readonly bits: number;
  readonly type: Datatype;
}

export interface HeaderInfo {
  readonly base: PayloadBase;
  readonly fields: Readonly<Record<string, HeaderField>>;
}

const field = (offset: number, bits: number, type: Datatype = 'integer'): HeaderField => ({
  offset,
  bits,
  type,
});

const PORTS = { sport: field(0, 16, 'inet_service'), dport: field(16, 16, 'inet_service') };

export const HEADERS = lazily(() =>
  wordTable<HeaderInfo>({
    ether: {
      base: 'll',
      fields: {
        daddr: field(0, 48, 'ether_addr'),
        saddr: field(48, 48, 'ether_addr'),
        type: field(96, 16, 'ether_type'),
      },
    },
    /** From the start of the Ethernet header; the kernel puts the tag back where the device took it off. */
    vlan: {
      base: 'll',
      fields: {
        pcp: field(112, 3),
        dei: field(115, 1),
        cfi: field(115, 1),
        id: field(116, 12),
        type: field(128, 16, 'ether_type'),
      },
    },
    arp: {
      base: 'nh',
      fields: {
        htype: field(0, 16),
        ptype: field(16, 16, 'ether_type'),
        hlen: field(32, 8),
        plen: field(40, 8),
        operation: field(48, 16, 'arp_op'),
        'saddr ether': field(64, 48, 'ether_addr'),
        'saddr ip': field(112, 32, 'ipv4_addr'),
        'daddr ether': field(144, 48, 'ether_addr'),
        'daddr ip': field(192, 32, 'ipv4_addr'),
      },
    },
    ip: {
      base: 'nh',
      fields: {
        version: field(0, 4),
        hdrlength: field(4, 4),
        dscp: field(8, 6, 'dscp'),
        ecn: field(14, 2, 'ecn'),
        length: field(16, 16),
        id: field(32, 16),
        'frag-off': field(48, 16),
        ttl: field(64, 8),
        protocol: field(72, 8, 'inet_proto'),
        checksum: field(80, 16),
        saddr: field(96, 32, 'ipv4_addr'),
        daddr: field(128, 32, 'ipv4_addr'),
      },
    },
    ip6: {
      base: 'nh',
      fields: {
        version: field(0, 4),
        dscp: field(4, 6, 'dscp'),
        ecn: field(10, 2, 'ecn'),
        flowlabel: field(12, 20),
        length: field(32, 16),
        nexthdr: field(48, 8, 'inet_proto'),
        hoplimit: field(56, 8),
        saddr: field(64, 128, 'ipv6_addr'),
        daddr: field(192, 128, 'ipv6_addr'),
      },
    },
    icmp: {
      base: 'th',
      fields: {
        type: field(0, 8, 'icmp_type'),
        code: field(8, 8, 'icmp_code'),
        checksum: field(16, 16),
        id: field(32, 16),
        sequence: field(48, 16),
        gateway: field(32, 32),
        mtu: field(48, 16),
      },
    },
    icmpv6: {
      base: 'th',
      fields: {
        type: field(0, 8, 'icmpv6_type'),
        code: field(8, 8, 'icmpv6_code'),
        checksum: field(16, 16),
        'parameter-problem': field(32, 32),
        mtu: field(32, 32),
        id: field(32, 16),
        sequence: field(48, 16),
        'max-delay': field(32, 16),
        taddr: field(64, 128, 'ipv6_addr'),
        daddr: field(192, 128, 'ipv6_addr'),
      },
    },
    igmp: {
      base: 'th',
      fields: {
        type: field(0, 8, 'igmp_type'),
        mrt: field(8, 8),
        checksum: field(16, 16),
        group: field(32, 32, 'ipv4_addr'),
      },
    },
    tcp: {
      base: 'th',
      fields: {
        ...PORTS,
        sequence: field(32, 32),
        ackseq: field(64, 32),
        doff: field(96, 4),
        reserved: field(100, 4),
        flags: field(104, 8, 'tcp_flag'),
        window: field(112, 16),
        checksum: field(128, 16),
        urgptr: field(144, 16),
      },
    },
    udp: { base: 'th', fields: { ...PORTS, length: field(32, 16), checksum: field(48, 16) } },
    udplite: { base: 'th', fields: { ...PORTS, csumcov: field(32, 16), checksum: field(48, 16) } },
    sctp: { base: 'th', fields: { ...PORTS, vtag: field(32, 32), checksum: field(64, 32) } },
    dccp: { base: 'th', fields: { ...PORTS, type: field(67, 4, 'dccp_pkttype') } },
    esp: { base: 'th', fields: { spi: field(0, 32), sequence: field(32, 32) } },
    ah: {
      base: 'th',
      fields: {
        nexthdr: field(0, 8, 'inet_proto'),
        hdrlength: field(8, 8),
        reserved: field(16, 16),
        spi: field(32, 32),
        sequence: field(64, 32),
      },
    },
    comp: {
      base: 'th',
      fields: { nexthdr: field(0, 8, 'inet_proto'), flags: field(8, 8, 'bitmask'), cpi: field(16, 16) },
    },
    /** Any protocol with ports. */
    th: { base: 'th', fields: PORTS },
  }),
);
