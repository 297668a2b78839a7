import { sysctlEvidence } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { inInterface, nameOf } from '../words.ts';

/** ip_route_input_slow(): SKB_DROP_REASON_IP_LOCALNET */
export const natDnatToLocalhost = modelCause({
  id: 'nat-dnat-to-localhost',
  title: 'DNAT to 127.0.0.1 of packets from outside',
  severity: 'error',
  page: () => ({
    symptom: 'A forwarded port hangs, though the service answers on 127.0.0.1 locally.',
    mechanism:
      'A packet from an interface that is addressed to 127/8 is a martian. DNAT in PREROUTING makes it one, and the routing decision drops it silently, unless route_localnet of the incoming interface or of conf.all is 1.',
    check: 'iptables -t nat -S PREROUTING; sysctl net.ipv4.conf.IFACE.route_localnet',
    proof:
      'The SYN comes in and nothing follows: no packet on lo, no RST, no ICMP. The DNAT rule to 127/8 counts every retransmission, and route_localnet is 0 for both.',
    refutation:
      'route_localnet is 1 for all or for the incoming interface, or anything answers: REDIRECT, which leads to the interface’s address, ends in a RST and not in silence.',
    settledBy: [
      'iptables-save -t nat -c',
      'sysctl net.ipv4.conf.all.route_localnet net.ipv4.conf.IFACE.route_localnet',
      'ss -lntu',
    ],
    repair:
      'Let the service listen on 0.0.0.0 and use REDIRECT. Where route_localnet has to be 1, drop everything else that comes from outside for 127/8.',
    references: [
      'net/ipv4/route.c: ip_route_input_slow(), drop reason IP_LOCALNET',
      'Documentation/networking/ip-sysctl.rst: route_localnet',
      'RFC 1122, section 3.2.1.3',
      'kubernetes/kubernetes#92315',
      'kubernetes/kubernetes#90259',
    ],
  }),
  tell(kase, drop) {
    const device = inInterface(drop.trace) ?? 'eth0';
    const name = `net.ipv4.conf.${device}.route_localnet`;
    return {
      title: `${nameOf(kase, drop.namespace)} drops what DNAT sends to ${drop.trace.final.destination}: loopback addresses are not accepted from ${device}`,
      explanation:
        `nat PREROUTING rewrites the destination to ${drop.trace.final.destination}. A packet that came in by ${device} must not be for a loopback address: the routing ` +
        `decision drops it as a martian, silently. ${name} = 1 would allow it, for everything on that link; a service bound to 0.0.0.0 with REDIRECT is the safer way.`,
      sysctl: name,
      evidence: sysctlEvidence(kase, drop.namespace, name),
      fix: [{ namespace: drop.namespace, text: `sysctl -w ${name}=1` }],
    };
  },
});
