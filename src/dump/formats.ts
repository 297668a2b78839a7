import { lazily } from '../base/memo.ts';
import type { Format } from './format.ts';
import { arp } from './formats/arp.ts';
import { brctlShow } from './formats/brctl-show.ts';
import { bridgeFdb } from './formats/bridge-fdb.ts';
import { bridgeFdbJson } from './formats/bridge-fdb-json.ts';
import { bridgeLink } from './formats/bridge-link.ts';
import { bridgeLinkJson } from './formats/bridge-link-json.ts';
import { bridgeMdb, bridgeMdbJson } from './formats/bridge-mdb.ts';
import { bridgeVlan, bridgeVlanJson } from './formats/bridge-vlan.ts';
import { conntrack } from './formats/conntrack.ts';
import { conntrackStats } from './formats/conntrack-stats.ts';
import { dockerInspect } from './formats/docker-inspect.ts';
import { dockerNetwork } from './formats/docker-network.ts';
import { dockerPs, dockerPsJson } from './formats/docker-ps.ts';
import { arptablesSave, ebtablesSave } from './formats/frame-filter.ts';
import { ifconfig } from './formats/ifconfig.ts';
import { ipAddr, ipLink } from './formats/ip-addr.ts';
import { ipAddrJson, ipLinkJson } from './formats/ip-addr-json.ts';
import { ipBriefAddr, ipBriefLink, ipOneLineAddr } from './formats/ip-brief.ts';
import { ipNeigh } from './formats/ip-neigh.ts';
import { ipNeighJson } from './formats/ip-neigh-json.ts';
import { ipNexthop, ipNexthopBucket } from './formats/ip-nexthop.ts';
import { ipNexthopBucketJson, ipNexthopJson } from './formats/ip-nexthop-json.ts';
import { ipRoute } from './formats/ip-route.ts';
import { ipRouteJson } from './formats/ip-route-json.ts';
import { ipRule } from './formats/ip-rule.ts';
import { ipRuleJson } from './formats/ip-rule-json.ts';
import { ipsetList } from './formats/ipset-list.ts';
import { ipsetSave } from './formats/ipset-save.ts';
import { ipsetXml } from './formats/ipset-xml.ts';
import { iptablesL, iptablesS } from './formats/iptables-list.ts';
import { iptablesSave } from './formats/iptables-save.ts';
import { kernelLog } from './formats/kernel-log.ts';
import { ethtoolS, netstatI, procNetDev } from './formats/link-counters.ts';
import { lsof } from './formats/lsof.ts';
import { ipNetns, ipNetnsJson, lsns, lsnsJson } from './formats/namespaces.ts';
import { netstat } from './formats/netstat.ts';
import { netstatStatistics } from './formats/netstat-s.ts';
import { nft } from './formats/nft.ts';
import { nftJson } from './formats/nft-json.ts';
import { nftTrace } from './formats/nft-trace.ts';
import { nstat, nstatJson } from './formats/nstat.ts';
import { procNetCounters, procNetSoftnet, procNetStat } from './formats/proc-net-counters.ts';
import { procNetRoute } from './formats/proc-net-route.ts';
import { procNetSockets } from './formats/proc-net-sockets.ts';
import { ps } from './formats/ps.ts';
import { hosts, nsswitchConf, resolvConf } from './formats/resolver.ts';
import { routeN } from './formats/route-n.ts';
import { ss } from './formats/ss.ts';
import { sysctl } from './formats/sysctl.ts';
import { sysctlConf } from './formats/sysctl-conf.ts';
import { tcQdisc, tcQdiscJson } from './formats/tc-qdisc.ts';
import { ALIKE_FORMATS, UNUSED_FORMATS } from './formats/unused/formats.ts';
import { xtablesMonitor } from './formats/xtables-monitor.ts';

/** Every dump that something is taken from, the more particular grammar before the more general one. */
export const READ_FORMATS: readonly Format[] = [
  nftJson,
  dockerInspect,
  dockerNetwork,
  dockerPsJson,
  ipAddrJson,
  bridgeLinkJson,
  ipLinkJson,
  bridgeMdbJson,
  bridgeVlanJson,
  bridgeFdbJson,
  ipNeighJson,
  tcQdiscJson,
  ipNexthopBucketJson,
  ipNexthopJson,
  ipRuleJson,
  ipRouteJson,
  nstatJson,
  lsnsJson,
  ipNetnsJson,
  nftTrace,
  xtablesMonitor,
  kernelLog,
  ebtablesSave,
  arptablesSave,
  iptablesSave,
  iptablesS,
  iptablesL,
  ipsetSave,
  ipsetList,
  ipsetXml,
  nft,
  bridgeLink,
  ipAddr,
  ipLink,
  ipBriefLink,
  ipBriefAddr,
  ipOneLineAddr,
  ifconfig,
  tcQdisc,
  ss,
  netstat,
  lsof,
  netstatI,
  netstatStatistics,
  routeN,
  procNetRoute,
  procNetSockets,
  procNetDev,
  procNetCounters,
  procNetSoftnet,
  procNetStat,
  ethtoolS,
  lsns,
  ipNetns,
  brctlShow,
  dockerPs,
  bridgeVlan,
  bridgeMdb,
  ps,
  arp,
  conntrack,
  conntrackStats,
  nstat,
  ipNexthopBucket,
  ipNexthop,
  ipRule,
  bridgeFdb,
  ipNeigh,
  ipRoute,
  sysctlConf,
  sysctl,
  resolvConf,
  nsswitchConf,
  hosts,
];

/** Every dump that is known: the first that recognises a file has it. */
export const FORMATS = lazily((): readonly Format[] => [
  ...ALIKE_FORMATS,
  ...READ_FORMATS,
  ...UNUSED_FORMATS(),
]);
