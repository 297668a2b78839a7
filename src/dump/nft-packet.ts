/** The packet in a line of `nft monitor trace`: expressions with their values, `ip saddr 10.0.0.2 tcp dport 80`. */
import { lazily } from '../base/memo.ts';
import { wordTable } from '../base/word-table.ts';
import { familyOf, parseIp } from '../net/ip.ts';
import { parseMac } from '../net/mac.ts';
import { PROTOCOL } from '../net/protocol.ts';
import { protocolNumber } from '../xtables/names/protocols.ts';
import { servicePort } from '../xtables/names/services.ts';
import { parseNumber } from './fields.ts';
import { present } from './trace-fields.ts';
import type { TracedHeader } from './trace-record.ts';

const DSCP = lazily(() =>
  wordTable<number>({
    ...Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`cs${i}`, i * 8])),
    ...Object.fromEntries([1, 2, 3, 4].flatMap((c) => [1, 2, 3].map((d) => [`af${c}${d}`, c * 8 + d * 2]))),
    be: 0,
    ef: 46,
    va: 44,
    'voice-admit': 44,
    le: 1,
  }),
);
const ECN = lazily(() => wordTable<number>({ 'not-ect': 0, ect1: 1, ect0: 2, ce: 3 }));
const FLAGS = lazily(() =>
  wordTable<number>({
    fin: 1,
    syn: 2,
    rst: 4,
    psh: 8,
    ack: 16,
    urg: 32,
    ecn: 64,
    cwr: 128,
  }),
);

/** icmp_type_tbl and icmp6_type_tbl, src/proto.c; codes are printed by the names of destination-unreachable's, whatever the type. */
const ICMP = lazily(() =>
  wordTable<number>({
    'echo-reply': 0,
    'destination-unreachable': 3,
    'source-quench': 4,
    redirect: 5,
    'echo-request': 8,
    'router-advertisement': 9,
    'router-solicitation': 10,
    'time-exceeded': 11,
    'parameter-problem': 12,
    'timestamp-request': 13,
    'timestamp-reply': 14,
    'info-request': 15,
    'info-reply': 16,
    'address-mask-request': 17,
    'address-mask-reply': 18,
  }),
);
const ICMPV6 = lazily(() =>
  wordTable<number>({
    'destination-unreachable': 1,
    'packet-too-big': 2,
    'time-exceeded': 3,
    'parameter-problem': 4,
    'echo-request': 128,
    'echo-reply': 129,
    'mld-listener-query': 130,
    'mld-listener-report': 131,
    'mld-listener-done': 132,
    'mld-listener-reduction': 132,
    'nd-router-solicit': 133,
    'nd-router-advert': 134,
    'nd-neighbor-solicit': 135,
    'nd-neighbor-advert': 136,
    'nd-redirect': 137,
    'router-renumbering': 138,
    'ind-neighbor-solicit': 141,
    'ind-neighbor-advert': 142,
    'mld2-listener-report': 143,
  }),
);
const ICMP_CODE = lazily(() =>
  wordTable<number>({
    'net-unreachable': 0,
    'host-unreachable': 1,
    'prot-unreachable': 2,
    'port-unreachable': 3,
    'frag-needed': 4,
    'net-prohibited': 9,
    'host-prohibited': 10,
    'admin-prohibited': 13,
  }),
);
const ICMPV6_CODE = lazily(() =>
  wordTable<number>({
    'no-route': 0,
    'admin-prohibited': 1,
    'addr-unreachable': 3,
    'port-unreachable': 4,
    'policy-fail': 5,
    'reject-route': 6,
  }),
);

/** Undefined without an IP header. */
export function parseNftPacket(text: string): TracedHeader | undefined {
  const value = (expression: string) =>
    new RegExp(`(?:^|\\s)${expression} (?:== )?("[^"]*"|\\S+)`).exec(text)?.[1]?.replaceAll('"', '');
  const number = (expression: string) => parseNumber(value(expression) ?? '');
  const source = parseIp(value('ip6? saddr') ?? '');
  const destination = parseIp(value('ip6? daddr') ?? '');
  if (source === undefined || destination === undefined || familyOf(source) !== familyOf(destination)) {
    return undefined;
  }
  const family = familyOf(source);
  const four = family === 4;
  const upper = /(?:^|\s)(tcp|udp|udplite|sctp|dccp|icmp|icmpv6|ah|esp|comp|th) (?!length)/.exec(
    text.replace(/^.*?ip6? length \S+/, ''),
  )?.[1];
  const protocol = protocolOf(upper, value('ip protocol') ?? value('ip6 nexthdr'));
  const port = (end: string) => {
    const word = value(`(?:tcp|udp|udplite|sctp|dccp|th) ${end}`);
    return word === undefined ? undefined : (parseNumber(word) ?? servicePort(word));
  };
  const word = (names: Readonly<Record<string, number>>, name: string | undefined) =>
    name === undefined ? undefined : (parseNumber(name) ?? names[name]);
  const dscp = word(DSCP(), value('ip6? dscp'));
  const length = number('ip6? length');
  const offset = number('ip frag-off');
  const icmp = protocol === PROTOCOL.icmp || protocol === PROTOCOL['ipv6-icmp'];
  return present({
    family,
    in: value('iif') ?? value('iifname'),
    out: value('oif') ?? value('oifname'),
    etherSource: parseMac(value('ether saddr') ?? ''),
    etherDestination: parseMac(value('ether daddr') ?? ''),
    source,
    destination,
    length: length === undefined || four ? length : length + 40,
    tos: dscp === undefined ? undefined : dscp * 4 + (word(ECN(), value('ip6? ecn')) ?? 0),
    ttl: number('ip ttl') ?? number('ip6 hoplimit'),
    id: number('ip id'),
    flowLabel: number('ip6 flowlabel'),
    fragmentOffset: offset === undefined ? undefined : (offset & 0x1fff) * 8,
    dontFragment: offset === undefined ? undefined : (offset & 0x4000) !== 0,
    moreFragments: offset === undefined ? undefined : (offset & 0x2000) !== 0,
    protocol,
    sourcePort: port('sport'),
    destinationPort: port('dport'),
    tcpFlags:
      protocol === PROTOCOL.tcp
        ? flagsOf(/ tcp flags (?:== )?([^ ]+(?: \| \w+)*)/.exec(text)?.[1])
        : undefined,
    tcpSequence: number('tcp sequence'),
    tcpAcknowledgement: number('tcp ackseq'),
    tcpWindow: number('tcp window'),
    icmpType: icmp ? word(four ? ICMP() : ICMPV6(), value('icmp(?:v6)? type')) : undefined,
    icmpCode: icmp ? word(four ? ICMP_CODE() : ICMPV6_CODE(), value('icmp(?:v6)? code')) : undefined,
    icmpId: icmp ? number('icmp(?:v6)? id') : undefined,
    icmpSequence: icmp ? number('icmp(?:v6)? sequence') : undefined,
    mark: number('(?:meta )?mark'),
  });
}

function protocolOf(upper: string | undefined, named: string | undefined): number | undefined {
  if (upper === 'icmpv6') return PROTOCOL['ipv6-icmp'];
  if (upper !== undefined && upper !== 'th') return protocolNumber(upper);
  return named === undefined ? undefined : (parseNumber(named) ?? protocolNumber(named));
}

/** `syn`, `syn | ack`, `syn,ack`, `0x14`. */
function flagsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = parseNumber(text);
  if (number !== undefined) return number;
  return text.split(/[|,]/).reduce((sum, name) => sum | (FLAGS()[name.trim()] ?? 0), 0);
}
