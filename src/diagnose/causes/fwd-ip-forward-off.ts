import { isRoot } from '../../input/host.ts';
import { parseIp } from '../../net/ip.ts';
import { contains, networkOf } from '../../net/prefix.ts';
import type { Netns } from '../../snapshot/snapshot.ts';
import { netnsOf, sysctlOf } from '../case.ts';
import { capUnlessDumped, dropConfidence } from '../confidence.ts';
import { counterEvidence, sysctlEvidence } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { capital, inInterface, nameOf, requestName } from '../words.ts';

/** ip_error(), net/ipv4/route.c: SKB_DROP_REASON_IP_INADDRERRORS */
export const fwdIpForwardOff = modelCause({
  id: 'fwd-ip-forward-off',
  title: 'IP forwarding is switched off',
  severity: 'error',
  page: () => ({
    symptom:
      'The gateway answers pings, but nothing beyond it does; requests reach the bridge and never the uplink.',
    mechanism:
      'A packet for somebody else is forwarded only while net.ipv4.ip_forward is 1. With 0 the kernel drops it in the routing decision: after PREROUTING, before FORWARD, silently; only IpInAddrErrors counts it.',
    check: 'sysctl net.ipv4.ip_forward; nstat -az IpInAddrErrors',
    proof:
      'The request is on the bridge and not on the uplink, no ICMP comes back, FORWARD counts nothing, and IpInAddrErrors grows by one for each packet.',
    refutation:
      'The packet on the uplink, a counter in FORWARD that grows, or an ICMP error of this host about it: without forwarding it sends none.',
    settledBy: [
      'sysctl net.ipv4.ip_forward',
      'nstat -az IpInAddrErrors',
      'ip route get ADDRESS from SOURCE iif IFACE ("No route to host" while forwarding is off)',
    ],
    repair:
      'Set net.ipv4.ip_forward to 1 and keep it in /etc/sysctl.d; hardening scripts and network managers are known to set it back after Docker has started.',
    references: [
      'net/ipv4/route.c: ip_route_input_slow(), ip_error(), drop reason IP_INADDRERRORS',
      'RFC 1122, section 3.2.1.3',
      'moby/moby#27319',
      'moby/moby#47966',
      'docker/for-linux#840',
      'debops/debops#1878',
    ],
  }),
  tell(kase, drop) {
    const where = nameOf(kase, drop.namespace);
    const device = inInterface(drop.trace);
    const dumped = sysctlOf(kase, drop.namespace, 'net.ipv4.ip_forward') !== undefined;
    const counted = counterEvidence(
      kase,
      drop.namespace,
      'IpInAddrErrors',
      'packets dropped because forwarding is off',
    );
    const netns = netnsOf(kase, drop.namespace);
    // What comes from the link where it belongs, or to a machine with one link, was never to be forwarded: it has gone astray.
    const astray = isLeaf(netns) || isOnLink(netns, device, drop.trace.final.destination);
    const confidence = astray ? Math.min(dropConfidence(kase, drop), 0.5) : dropConfidence(kase, drop);
    // Without its settings and its addresses nothing can be said of what it forwards.
    if (
      !dumped &&
      counted.length === 0 &&
      (netns?.addressesUnknown || !netns?.links?.some((link) => !link.inferred))
    )
      return undefined;
    const value = dumped ? 'is 0' : 'was not dumped; the kernel’s default is 0';
    return {
      title: `${where} ${dumped ? 'does' : 'may'} not forward: net.ipv4.ip_forward ${value}`,
      explanation:
        `${capital(requestName(kase))} reaches ${where} on ${device ?? 'its interface'} and has to be ` +
        `forwarded${dumped ? ', but net.ipv4.ip_forward is 0' : '; net.ipv4.ip_forward was not dumped, and by default it is 0'}. With 0 the kernel drops every packet that is not for one of its own ` +
        'addresses, in the routing decision: the raw, mangle and nat PREROUTING chains have run, FORWARD and POSTROUTING ' +
        'never do. No ICMP error is sent, so the sender only sees silence. Packets to the host’s own addresses still work, ' +
        'which is why the gateway answers pings.',
      sysctl: 'net.ipv4.ip_forward',
      confidence: capUnlessDumped(
        counted.length > 0 && !astray ? Math.min(0.98, confidence + 0.03) : confidence,
        dumped,
      ),
      evidence: [...sysctlEvidence(kase, drop.namespace, 'net.ipv4.ip_forward'), ...counted],
      fix: [{ namespace: drop.namespace, text: 'sysctl -w net.ipv4.ip_forward=1' }],
    };
  },
});

/** A namespace with one interface is nobody's router. */
function isLeaf(netns: Netns | undefined): boolean {
  const links = (netns?.links ?? []).filter(({ name }) => name !== 'lo');
  return !isRoot(netns?.name ?? '') && links.length === 1 && !links[0]?.inferred;
}

function isOnLink(netns: Netns | undefined, device: string | undefined, destination: string): boolean {
  const target = parseIp(destination);
  const link = netns?.links?.find(({ name }) => name === device);
  return (
    typeof target === 'number' &&
    (link?.addresses ?? []).some(
      ({ address, length }) =>
        typeof address === 'number' && length < 32 && contains(networkOf(address, length), target),
    )
  );
}
