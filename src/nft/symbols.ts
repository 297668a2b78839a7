/** Symbolic constants by datatype (the symbol_table definitions of nftables' src; `nft describe TYPE`): first the name that nft prints. */
import { lazily } from '../base/memo.ts';
import { protocolNumber, savedProtocol } from '../xtables/names/protocols.ts';
import { servicePort } from '../xtables/names/services.ts';
import { CT_STATE, CT_STATUS, type Datatype, FIB_TYPE, PACKET_TYPE } from './datatype.ts';

type Symbols = Readonly<Record<string, number>>;

/** `name value name value …` */
function table(text: string): Symbols {
  const words = text.trim().split(/\s+/);
  const symbols: Record<string, number> = {};
  for (let i = 0; i + 1 < words.length; i += 2) symbols[words[i] ?? ''] = Number(words[i + 1]);
  return symbols;
}

const SYMBOLS = lazily(
  (): Partial<Readonly<Record<Datatype, Symbols>>> => ({
    boolean: { exists: 1, missing: 0, true: 1, false: 0 },
    ct_state: CT_STATE,
    ct_status: CT_STATUS,
    fib_addrtype: FIB_TYPE,
    pkt_type: PACKET_TYPE,
    ct_dir: { original: 0, reply: 1 },
    ct_event: table(
      'new 1 related 2 destroy 4 reply 8 assured 16 protoinfo 32 helper 64 mark 128 seqadj 256 secmark 512 label 1024',
    ),
    nf_proto: { ipv4: 2, ipv6: 10 },
    tcp_flag: table('fin 1 syn 2 rst 4 psh 8 ack 16 urg 32 ecn 64 cwr 128'),
    dscp: table(`cs0 0 cs1 8 cs2 16 cs3 24 cs4 32 cs5 40 cs6 48 cs7 56 df 0 be 0 lephb 1 af11 10 af12 12 af13 14 af21 18 af22 20
    af23 22 af31 26 af32 28 af33 30 af41 34 af42 36 af43 38 va 44 ef 46`),
    ecn: table('not-ect 0 ect1 1 ect0 2 ce 3'),
    icmp_type:
      table(`echo-reply 0 destination-unreachable 3 source-quench 4 redirect 5 echo-request 8 router-advertisement 9
    router-solicitation 10 time-exceeded 11 parameter-problem 12 timestamp-request 13 timestamp-reply 14 info-request 15
    info-reply 16 address-mask-request 17 address-mask-reply 18`),
    icmp_code:
      table(`net-unreachable 0 host-unreachable 1 prot-unreachable 2 port-unreachable 3 frag-needed 4 net-prohibited 9
    host-prohibited 10 admin-prohibited 13`),
    icmpv6_type:
      table(`destination-unreachable 1 packet-too-big 2 time-exceeded 3 parameter-problem 4 echo-request 128 echo-reply 129
    mld-listener-query 130 mld-listener-report 131 mld-listener-done 132 mld-listener-reduction 132 nd-router-solicit 133
    nd-router-advert 134 nd-neighbor-solicit 135 nd-neighbor-advert 136 nd-redirect 137 router-renumbering 138
    ind-neighbor-solicit 141 ind-neighbor-advert 142 mld2-listener-report 143`),
    icmpv6_code: table(
      'no-route 0 admin-prohibited 1 addr-unreachable 3 port-unreachable 4 policy-fail 5 reject-route 6',
    ),
    icmpx_code: table('no-route 0 port-unreachable 1 host-unreachable 2 admin-prohibited 3'),
    igmp_type: table(
      'membership-query 17 membership-report-v1 18 membership-report-v2 22 leave-group 23 membership-report-v3 34',
    ),
    mh_type:
      table(`binding-refresh-request 0 home-test-init 1 careof-test-init 2 home-test 3 careof-test 4 binding-update 5
    binding-acknowledgement 6 binding-error 7 fast-binding-update 8 fast-binding-acknowledgement 9 fast-binding-advertisement 10
    experimental-mobility-header 11 home-agent-switch-message 12`),
    arp_op: table('request 1 reply 2 rrequest 3 rreply 4 inrequest 8 inreply 9 nak 10'),
    dccp_pkttype: table(
      'request 0 response 1 data 2 ack 3 dataack 4 closereq 5 close 6 reset 7 sync 8 syncack 9',
    ),
    ether_type: table('ip 0x0800 arp 0x0806 ip6 0x86dd 8021q 0x8100 8021ad 0x88a8 vlan 0x8100'),
    iface_type: table('ether 1 ppp 512 ipip 768 ipip6 769 loopback 772 sit 776 ipgre 778'),
    day: { Sunday: 0, Monday: 1, Tuesday: 2, Wednesday: 3, Thursday: 4, Friday: 5, Saturday: 6 },
    devgroup: { default: 0 },
    realm: { cosmos: 0 },
    classid: { none: 0, root: 0xffffffff },
    uid: { root: 0 },
    gid: { root: 0 },
  }),
);

/** Undefined: no constant of that name, or one that only the machine's own tables know. */
export function symbolValue(type: Datatype, name: string): number | undefined {
  if (type === 'inet_service') return servicePort(name);
  if (type === 'inet_proto') return protocolNumber(name);
  if (type === 'day') return dayOf(name);
  const symbols = SYMBOLS()[type];
  return symbols && Object.hasOwn(symbols, name) ? symbols[name] : undefined;
}

/** The name nft prints for it, if it prints one. */
export function symbolName(type: Datatype, value: bigint): string | undefined {
  if (type === 'inet_proto') {
    const name = value < 256n ? savedProtocol(Number(value)) : undefined;
    return name === undefined || /^\d+$/.test(name) ? undefined : name;
  }
  if (type === 'uid' || type === 'gid') return undefined;
  return Object.entries(SYMBOLS()[type] ?? {}).find(([, number]) => BigInt(number) === value)?.[0];
}

/** Names of a bitmask's bits in the order in which nft prints them; undefined when a bit has none. */
export function bitNames(type: Datatype, value: bigint): string[] | undefined {
  const names: string[] = [];
  let rest = value;
  const bits = Object.entries(SYMBOLS()[type] ?? {}).sort(([, a], [, b]) => a - b);
  for (const [name, bit] of bits) {
    if ((value & BigInt(bit)) === 0n) continue;
    names.push(name);
    rest &= ~BigInt(bit);
  }
  return rest === 0n && names.length > 0 ? names : undefined;
}

/** Also cut to three letters or more, in any case. */
function dayOf(text: string): number | undefined {
  if (text.length < 3) return undefined;
  const names = Object.keys(SYMBOLS().day ?? {});
  const at = names.findIndex((name) => name.toLowerCase().startsWith(text.toLowerCase()));
  return at < 0 ? undefined : at;
}
