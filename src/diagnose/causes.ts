import type { Cause } from './cause.ts';
import { addrNetmaskMismatch } from './causes/addr-netmask-mismatch.ts';
import { addrOnEnslavedPort } from './causes/addr-on-enslaved-port.ts';
import { addrPrefix32 } from './causes/addr-prefix-32.ts';
import { arpIgnoreSilent } from './causes/arp-ignore-silent.ts';
import { bridgeNoIp } from './causes/bridge-no-ip.ts';
import { bridgePortFiltered } from './causes/bridge-port-filtered.ts';
import { bridgePortNotEnslaved } from './causes/bridge-port-not-enslaved.ts';
import { bridgeStpDelay } from './causes/bridge-stp-delay.ts';
import { cmdIptablesRejected } from './causes/cmd-iptables-rejected.ts';
import { ctBadChecksum } from './causes/ct-bad-checksum.ts';
import { ctDnsRace } from './causes/ct-dns-race.ts';
import { ctInvalidDrop } from './causes/ct-invalid-drop.ts';
import { ctInvalidLeak } from './causes/ct-invalid-leak.ts';
import { ctTableFull } from './causes/ct-table-full.ts';
import { dnsEmbeddedFlushed } from './causes/dns-embedded-flushed.ts';
import { dnsLoopbackStub } from './causes/dns-loopback-stub.ts';
import { dnsNxdomain } from './causes/dns-nxdomain.ts';
import { dnsOrder } from './causes/dns-order.ts';
import { dnsUpstreamUnreachable } from './causes/dns-upstream-unreachable.ts';
import { dockerProxyDeadBackend } from './causes/docker-proxy-dead-backend.ts';
import { dockerProxyFallback } from './causes/docker-proxy-fallback.ts';
import { dockerRulesDiffer } from './causes/docker-rules-differ.ts';
import { dupIp } from './causes/dup-ip.ts';
import { dupMac } from './causes/dup-mac.ts';
import { extAntispoof } from './causes/ext-antispoof.ts';
import { extDropAfterHost } from './causes/ext-drop-after-host.ts';
import { extRemoteReset } from './causes/ext-remote-reset.ts';
import { extUnreachable } from './causes/ext-unreachable.ts';
import { fltArpDrop } from './causes/flt-arp-drop.ts';
import { fltBridgeFilterDrop } from './causes/flt-bridge-filter-drop.ts';
import { fltBridgeNfDrop } from './causes/flt-bridge-nf-drop.ts';
import { fltDockerInternal } from './causes/flt-docker-internal.ts';
import { fltDockerIsolation } from './causes/flt-docker-isolation.ts';
import { fltDockerRawDirect } from './causes/flt-docker-raw-direct.ts';
import { fltForwardPolicyDrop } from './causes/flt-forward-policy-drop.ts';
import { fltForwardReplyBlocked } from './causes/flt-forward-reply-blocked.ts';
import { fltIccOff } from './causes/flt-icc-off.ts';
import { fltInputBlocksContainer } from './causes/flt-input-blocks-container.ts';
import { fltInputDrop } from './causes/flt-input-drop.ts';
import { fltIpsetBan } from './causes/flt-ipset-ban.ts';
import { fltK8sServiceDrop } from './causes/flt-k8s-service-drop.ts';
import { fltLegacyNftMix } from './causes/flt-legacy-nft-mix.ts';
import { fltNetdevTcXdp } from './causes/flt-netdev-tc-xdp.ts';
import { fltNftOtherTable } from './causes/flt-nft-other-table.ts';
import { fltOutputDrop } from './causes/flt-output-drop.ts';
import { fltRateLimit } from './causes/flt-rate-limit.ts';
import { fltReject } from './causes/flt-reject.ts';
import { fltRuleDrop } from './causes/flt-rule-drop.ts';
import { fltRulesFlushed } from './causes/flt-rules-flushed.ts';
import { fltUfwBypass } from './causes/flt-ufw-bypass.ts';
import { fwdIfaceForwardingOff } from './causes/fwd-iface-forwarding-off.ts';
import { fwdIpForwardOff } from './causes/fwd-ip-forward-off.ts';
import { fwdIpForwardOffDnat } from './causes/fwd-ip-forward-off-dnat.ts';
import { ifaceMovedLostConfig } from './causes/iface-moved-lost-config.ts';
import { linkDown } from './causes/link-down.ts';
import { linkLoDown } from './causes/link-lo-down.ts';
import { linkQdiscDrop } from './causes/link-qdisc-drop.ts';
import { lostBetweenCaptures } from './causes/lost-between-captures.ts';
import { macvlanHostIsolation } from './causes/macvlan-host-isolation.ts';
import { martianDrop } from './causes/martian-drop.ts';
import { mgrHostRouteGrab } from './causes/mgr-host-route-grab.ts';
import { mtuL2Mismatch } from './causes/mtu-l2-mismatch.ts';
import { mtuPmtuBlackhole } from './causes/mtu-pmtu-blackhole.ts';
import { natDnatMismatch } from './causes/nat-dnat-mismatch.ts';
import { natDnatToLocalhost } from './causes/nat-dnat-to-localhost.ts';
import { natDnatWrongTarget } from './causes/nat-dnat-wrong-target.ts';
import { natEntryLostMidflow } from './causes/nat-entry-lost-midflow.ts';
import { natHairpinSameBridge } from './causes/nat-hairpin-same-bridge.ts';
import { natLoopbackDnat } from './causes/nat-loopback-dnat.ts';
import { natMasqueradeMismatch } from './causes/nat-masquerade-mismatch.ts';
import { natMasqueradeMissing } from './causes/nat-masquerade-missing.ts';
import { natMasqueradeTooBroad } from './causes/nat-masquerade-too-broad.ts';
import { natNoDnatHostRst } from './causes/nat-no-dnat-host-rst.ts';
import { natNotrack } from './causes/nat-notrack.ts';
import { natReplyBypass } from './causes/nat-reply-bypass.ts';
import { natRuleAfterFlow } from './causes/nat-rule-after-flow.ts';
import { natSelfHairpin } from './causes/nat-self-hairpin.ts';
import { natSnatForeignIp } from './causes/nat-snat-foreign-ip.ts';
import { natSnatPortsExhausted } from './causes/nat-snat-ports-exhausted.ts';
import { natStaleUdp } from './causes/nat-stale-udp.ts';
import { natUdpPinnedNoNat } from './causes/nat-udp-pinned-no-nat.ts';
import { neighDiscoveryBlocked } from './causes/neigh-discovery-blocked.ts';
import { neighFailed } from './causes/neigh-failed.ts';
import { neighStaleMac } from './causes/neigh-stale-mac.ts';
import { neighTableOverflow } from './causes/neigh-table-overflow.ts';
import { proxyArpMissing } from './causes/proxy-arp-missing.ts';
import { routeAsymmetricReply } from './causes/route-asymmetric-reply.ts';
import { routeConnmarkNotRestored } from './causes/route-connmark-not-restored.ts';
import { routeExternalToPrivate } from './causes/route-external-to-private.ts';
import { routeLoop } from './causes/route-loop.ts';
import { routeMarkTooLate } from './causes/route-mark-too-late.ts';
import { routeMissingReturn } from './causes/route-missing-return.ts';
import { routeMultiDefault } from './causes/route-multi-default.ts';
import { routeNetnsNoDefault } from './causes/route-netns-no-default.ts';
import { routeOverlapSubnet } from './causes/route-overlap-subnet.ts';
import { routePolicyHijack } from './causes/route-policy-hijack.ts';
import { routeReplyNoDefault } from './causes/route-reply-no-default.ts';
import { routeSpecialType } from './causes/route-special-type.ts';
import { routeWrongGateway } from './causes/route-wrong-gateway.ts';
import { rpfStrictDrop } from './causes/rpf-strict-drop.ts';
import { sockBacklogFull } from './causes/sock-backlog-full.ts';
import { sockEphemeralExhausted } from './causes/sock-ephemeral-exhausted.ts';
import { sockLocalhostWrongNs } from './causes/sock-localhost-wrong-ns.ts';
import { sockLoopbackBound } from './causes/sock-loopback-bound.ts';
import { sockNotListening } from './causes/sock-not-listening.ts';
import { sockPortConflict } from './causes/sock-port-conflict.ts';
import { sockProgramSilent } from './causes/sock-program-silent.ts';
import { srcAddrSelection } from './causes/src-addr-selection.ts';
import { traceModelParts } from './causes/trace-model-parts.ts';
import { ttlExpired } from './causes/ttl-expired.ts';
import { v6Dad } from './causes/v6-dad.ts';
import { v6ForwardingOff } from './causes/v6-forwarding-off.ts';
import { v6NoPath } from './causes/v6-no-path.ts';
import { v6RaLost } from './causes/v6-ra-lost.ts';
import { vxlanBadChecksum } from './causes/vxlan-bad-checksum.ts';
import { vxlanUnderlay } from './causes/vxlan-underlay.ts';

/** Every cause, the particular before the general: where two explain a flow equally well, the earlier one is named. */
export const CAUSES: readonly Cause[] = [
  linkLoDown,
  ifaceMovedLostConfig,
  linkDown,
  dupMac,
  dupIp,
  addrOnEnslavedPort,
  proxyArpMissing,
  macvlanHostIsolation,
  vxlanBadChecksum,
  vxlanUnderlay,
  v6Dad,
  addrPrefix32,
  bridgePortNotEnslaved,
  mgrHostRouteGrab,
  routeOverlapSubnet,
  addrNetmaskMismatch,
  bridgeNoIp,
  routeWrongGateway,
  neighDiscoveryBlocked,
  fltArpDrop,
  neighTableOverflow,
  fwdIpForwardOffDnat,
  fwdIpForwardOff,
  fwdIfaceForwardingOff,
  v6ForwardingOff,
  routeMultiDefault,
  rpfStrictDrop,
  natLoopbackDnat,
  natDnatToLocalhost,
  natSelfHairpin,
  martianDrop,
  routeSpecialType,
  routeLoop,
  ttlExpired,
  traceModelParts,
  routeMarkTooLate,
  routeConnmarkNotRestored,
  routePolicyHijack,
  v6RaLost,
  v6NoPath,
  routeReplyNoDefault,
  routeMissingReturn,
  routeExternalToPrivate,
  routeNetnsNoDefault,
  routeAsymmetricReply,
  bridgePortFiltered,
  bridgeStpDelay,
  arpIgnoreSilent,
  neighStaleMac,
  neighFailed,
  linkQdiscDrop,
  mtuL2Mismatch,
  mtuPmtuBlackhole,
  cmdIptablesRejected,
  ctTableFull,
  ctDnsRace,
  natMasqueradeTooBroad,
  ctBadChecksum,
  ctInvalidLeak,
  natNotrack,
  natEntryLostMidflow,
  natStaleUdp,
  natUdpPinnedNoNat,
  natRuleAfterFlow,
  natHairpinSameBridge,
  natReplyBypass,
  natSnatPortsExhausted,
  natSnatForeignIp,
  srcAddrSelection,
  fltK8sServiceDrop,
  fltNetdevTcXdp,
  fltBridgeFilterDrop,
  fltLegacyNftMix,
  fltNftOtherTable,
  fltDockerRawDirect,
  fltDockerIsolation,
  fltDockerInternal,
  fltIccOff,
  fltBridgeNfDrop,
  fltRulesFlushed,
  fltInputBlocksContainer,
  fltIpsetBan,
  fltRateLimit,
  ctInvalidDrop,
  fltForwardReplyBlocked,
  fltForwardPolicyDrop,
  fltInputDrop,
  fltOutputDrop,
  fltReject,
  fltRuleDrop,
  dnsEmbeddedFlushed,
  dnsLoopbackStub,
  dnsUpstreamUnreachable,
  sockBacklogFull,
  sockProgramSilent,
  sockEphemeralExhausted,
  sockPortConflict,
  sockLocalhostWrongNs,
  sockLoopbackBound,
  natDnatWrongTarget,
  natDnatMismatch,
  natNoDnatHostRst,
  sockNotListening,
  extAntispoof,
  natMasqueradeMismatch,
  natMasqueradeMissing,
  dockerProxyDeadBackend,
  dockerProxyFallback,
  dockerRulesDiffer,
  fltUfwBypass,
  dnsOrder,
  dnsNxdomain,
  extRemoteReset,
  extUnreachable,
  extDropAfterHost,
  lostBetweenCaptures,
];
