/** Words of protocols, as tcpdump and Wireshark have them. */
import { PROTOCOL } from '../net/protocol.ts';
import { protocolNumber } from '../xtables/names/protocols.ts';
import { ARP_PROTOCOL, type Filter } from './filter.ts';

/** Those that stand by themselves, `tcp` or `tcp port 80`. */
const WORDS: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['tcp', { kind: 'protocol', protocol: PROTOCOL.tcp }],
  ['udp', { kind: 'protocol', protocol: PROTOCOL.udp }],
  ['icmp', { kind: 'protocol', protocol: PROTOCOL.icmp }],
  ['icmpv6', { kind: 'protocol', protocol: PROTOCOL['ipv6-icmp'] }],
  ['icmp6', { kind: 'protocol', protocol: PROTOCOL['ipv6-icmp'] }],
  ['sctp', { kind: 'protocol', protocol: PROTOCOL.sctp }],
  ['dccp', { kind: 'protocol', protocol: PROTOCOL.dccp }],
  ['udplite', { kind: 'protocol', protocol: PROTOCOL.udplite }],
  ['igmp', { kind: 'protocol', protocol: PROTOCOL.igmp }],
  ['gre', { kind: 'protocol', protocol: PROTOCOL.gre }],
  ['esp', { kind: 'protocol', protocol: PROTOCOL.esp }],
  ['ah', { kind: 'protocol', protocol: PROTOCOL.ah }],
  ['arp', { kind: 'protocol', protocol: ARP_PROTOCOL }],
  ['ip', { kind: 'family', family: 4 }],
  ['ipv4', { kind: 'family', family: 4 }],
  ['ip6', { kind: 'family', family: 6 }],
  ['ipv6', { kind: 'family', family: 6 }],
]);

export function protocolWord(word: string): Filter | undefined {
  return WORDS.get(word.toLowerCase());
}

/** What stands behind `proto`: a word, any name of /etc/protocols, or a number. */
export function protocolFilter(word: string): Filter | undefined {
  const known = protocolWord(word);
  if (known) return known;
  const protocol = /^\d{1,3}$/.test(word) ? Number(word) : protocolNumber(word);
  return protocol === undefined || protocol > 255 ? undefined : { kind: 'protocol', protocol };
}

export function wordOf(protocol: number): string {
  for (const [word, filter] of WORDS)
    if (filter.kind === 'protocol' && filter.protocol === protocol) return word;
  return `proto ${protocol}`;
}
