/** Every match there is: one file each, one line each here. */
import type { Family } from '../net/ip.ts';
import type { MatchDefinition } from './extension.ts';
import { addrtype } from './matches/addrtype.ts';
import { ah } from './matches/ah.ts';
import { ah6 } from './matches/ah6.ts';
import { bpf } from './matches/bpf.ts';
import { cgroup } from './matches/cgroup.ts';
import { cluster } from './matches/cluster.ts';
import { comment } from './matches/comment.ts';
import { connbytes } from './matches/connbytes.ts';
import { connlabel } from './matches/connlabel.ts';
import { connlimit } from './matches/connlimit.ts';
import { connmark } from './matches/connmark.ts';
import { conntrack } from './matches/conntrack.ts';
import { cpu } from './matches/cpu.ts';
import { dccp } from './matches/dccp.ts';
import { devgroup } from './matches/devgroup.ts';
import { dscp } from './matches/dscp.ts';
import { ecn } from './matches/ecn.ts';
import { esp } from './matches/esp.ts';
import { eui64 } from './matches/eui64.ts';
import { frag } from './matches/frag.ts';
import { hashlimit } from './matches/hashlimit.ts';
import { dst, hbh } from './matches/hbh.ts';
import { helper } from './matches/helper.ts';
import { icmp, icmp6 } from './matches/icmp.ts';
import { ipcomp } from './matches/ipcomp.ts';
import { iprange } from './matches/iprange.ts';
import { ipv6header } from './matches/ipv6header.ts';
import { ipvs } from './matches/ipvs.ts';
import { length } from './matches/length.ts';
import { limit } from './matches/limit.ts';
import { mac } from './matches/mac.ts';
import { mark } from './matches/mark.ts';
import { mh } from './matches/mh.ts';
import { multiport } from './matches/multiport.ts';
import { nfacct } from './matches/nfacct.ts';
import { osf } from './matches/osf.ts';
import { owner } from './matches/owner.ts';
import { physdev } from './matches/physdev.ts';
import { pkttype } from './matches/pkttype.ts';
import { policy } from './matches/policy.ts';
import { quota } from './matches/quota.ts';
import { rateest } from './matches/rateest.ts';
import { realm } from './matches/realm.ts';
import { recent } from './matches/recent.ts';
import { rpfilter } from './matches/rpfilter.ts';
import { rt } from './matches/rt.ts';
import { sctp } from './matches/sctp.ts';
import { set } from './matches/set.ts';
import { socket } from './matches/socket.ts';
import { srh } from './matches/srh.ts';
import { state } from './matches/state.ts';
import { statistic } from './matches/statistic.ts';
import { string } from './matches/string.ts';
import { tcp } from './matches/tcp.ts';
import { tcpmss } from './matches/tcpmss.ts';
import { time } from './matches/time.ts';
import { tos } from './matches/tos.ts';
import { hl, ttl } from './matches/ttl.ts';
import { u32 } from './matches/u32.ts';
import { udp, udplite } from './matches/udp.ts';
import { optionNames } from './options.ts';
import { Registry } from './registry.ts';

export const registry = new Registry<MatchDefinition>([
  [addrtype, 'addrtype'],
  [ah, 'ah', [4]],
  [ah6, 'ah', [6]],
  [bpf, 'bpf'],
  [cgroup, 'cgroup'],
  [cluster, 'cluster'],
  [comment, 'comment'],
  [connbytes, 'connbytes'],
  [connlabel, 'connlabel'],
  [connlimit, 'connlimit'],
  [connmark, 'connmark'],
  [conntrack, 'conntrack'],
  [cpu, 'cpu'],
  [dccp, 'dccp'],
  [devgroup, 'devgroup'],
  [dscp, 'dscp'],
  [dst, 'dst', [6]],
  [ecn, 'ecn'],
  [esp, 'esp'],
  [eui64, 'eui64', [6]],
  [frag, 'frag', [6]],
  [hashlimit, 'hashlimit'],
  [hbh, 'hbh', [6]],
  [helper, 'helper'],
  [hl, 'hl', [6]],
  [icmp, 'icmp', [4]],
  [icmp6, 'icmp6', [6], 'icmpv6', 'ipv6-icmp'],
  [ipcomp, 'ipcomp'],
  [iprange, 'iprange'],
  [ipv6header, 'ipv6header', [6]],
  [ipvs, 'ipvs'],
  [length, 'length'],
  [limit, 'limit'],
  [mac, 'mac'],
  [mark, 'mark'],
  [mh, 'mh', [6], 'ipv6-mh'],
  [multiport, 'multiport'],
  [nfacct, 'nfacct'],
  [osf, 'osf'],
  [owner, 'owner'],
  [physdev, 'physdev'],
  [pkttype, 'pkttype'],
  [policy, 'policy'],
  [quota, 'quota'],
  [rateest, 'rateest'],
  [realm, 'realm', [4]],
  [recent, 'recent'],
  [rpfilter, 'rpfilter'],
  [rt, 'rt', [6]],
  [sctp, 'sctp'],
  [set, 'set'],
  [socket, 'socket'],
  [srh, 'srh', [6]],
  [state, 'state'],
  [statistic, 'statistic'],
  [string, 'string'],
  [tcp, 'tcp'],
  [tcpmss, 'tcpmss'],
  [time, 'time'],
  [tos, 'tos'],
  [ttl, 'ttl', [4]],
  [u32, 'u32'],
  [udp, 'udp'],
  [udplite, 'udplite'],
]);

/** All there are; a rule asks for few of them. */
export function allMatches(): readonly MatchDefinition[] {
  return registry.all();
}

export function findMatch(name: string, family: Family): MatchDefinition | undefined {
  return registry.find(name, family);
}

/** Names of the matches that have the option, for telling what is missing before it. */
export function matchesWithOption(option: string, family: Family): string[] {
  return allMatches()
    .filter(
      (match) => (match.families ?? [family]).includes(family) && optionNames(match.options).has(option),
    )
    .map((match) => match.name);
}
