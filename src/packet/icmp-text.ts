/** ICMP messages in words: RFC 792, 1122, 1812 (ICMP); RFC 4443, 4861, 2710, 3810 (ICMPv6). */
import { ICMP } from '../header/icmp.ts';
import { ICMPV6 } from '../header/icmpv6.ts';
import { formatIp } from '../net/ip.ts';
import type { IcmpLayer } from './packet.ts';

const UNREACHABLE: readonly string[] = [
  'net unreachable',
  'host unreachable',
  'protocol unreachable',
  'port unreachable',
  'fragmentation needed',
  'source route failed',
  'net unknown',
  'host unknown',
  'source host isolated',
  'net prohibited',
  'host prohibited',
  'net unreachable for this service',
  'host unreachable for this service',
  'administratively prohibited',
  'host precedence violation',
  'precedence cut off',
];

const UNREACHABLE6: readonly string[] = [
  'no route',
  'administratively prohibited',
  'beyond scope of source',
  'address unreachable',
  'port unreachable',
  'source address failed policy',
  'reject route',
];

const REDIRECT: readonly string[] = ['net', 'host', 'net and service', 'host and service'];

const NAMES = new Map<number, string>([
  [ICMP.echoReply, 'echo reply'],
  [ICMP.sourceQuench, 'source quench'],
  [ICMP.echo, 'echo request'],
  [ICMP.routerAdvertisement, 'router advertisement'],
  [ICMP.routerSolicitation, 'router solicitation'],
  [ICMP.parameterProblem, 'parameter problem'],
  [ICMP.timestamp, 'timestamp request'],
  [ICMP.timestampReply, 'timestamp reply'],
  [ICMP.information, 'information request'],
  [ICMP.informationReply, 'information reply'],
  [ICMP.addressMask, 'address mask request'],
  [ICMP.addressMaskReply, 'address mask reply'],
]);

const NAMES6 = new Map<number, string>([
  [ICMPV6.parameterProblem, 'parameter problem'],
  [ICMPV6.echo, 'echo request'],
  [ICMPV6.echoReply, 'echo reply'],
  [ICMPV6.mldQuery, 'multicast listener query'],
  [ICMPV6.mldReport, 'multicast listener report'],
  [ICMPV6.mldDone, 'multicast listener done'],
  [ICMPV6.routerSolicitation, 'router solicitation'],
  [ICMPV6.routerAdvertisement, 'router advertisement'],
  [ICMPV6.neighbourSolicitation, 'neighbour solicitation'],
  [ICMPV6.neighbourAdvertisement, 'neighbour advertisement'],
  [ICMPV6.redirect, 'redirect'],
  [ICMPV6.mldv2Report, 'multicast listener report v2'],
]);

/** What an ICMPv6 message that is no error about a packet is called; undefined when nothing here knows it. */
export function icmpv6Name(type: number): string | undefined {
  return NAMES6.get(type);
}

function query(icmp: IcmpLayer): string {
  return icmp.id === undefined ? '' : `, id ${icmp.id}, seq ${icmp.sequence ?? 0}`;
}

export function icmpText(icmp: IcmpLayer): string {
  const { type, code } = icmp;
  if (type === ICMP.unreachable) {
    const mtu = icmp.mtu === undefined ? '' : `, mtu ${icmp.mtu}`;
    return `ICMP ${UNREACHABLE[code] ?? `unreachable, code ${code}`}${mtu}`;
  }
  if (type === ICMP.timeExceeded) return `ICMP ${code === 1 ? 'reassembly' : 'TTL'} time exceeded`;
  if (type === ICMP.redirect) {
    const gateway = icmp.gateway === undefined ? '' : ` to ${formatIp(icmp.gateway)}`;
    return `ICMP redirect for ${REDIRECT[code] ?? `code ${code}`}${gateway}`;
  }
  const name = NAMES.get(type);
  return name ? `ICMP ${name}${query(icmp)}` : `ICMP type ${type}, code ${code}`;
}

export function icmpv6Text(icmp: IcmpLayer): string {
  const { type, code } = icmp;
  if (type === ICMPV6.unreachable) return `ICMPv6 ${UNREACHABLE6[code] ?? `unreachable, code ${code}`}`;
  if (type === ICMPV6.packetTooBig) return `ICMPv6 packet too big, mtu ${icmp.mtu ?? 0}`;
  if (type === ICMPV6.timeExceeded) return `ICMPv6 ${code === 1 ? 'reassembly' : 'hop limit'} time exceeded`;
  const name = NAMES6.get(type);
  const target = icmp.target === undefined ? '' : ` ${formatIp(icmp.target)}`;
  return name ? `ICMPv6 ${name}${target}${query(icmp)}` : `ICMPv6 type ${type}, code ${code}`;
}
