import { sysctlEvidence } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { inInterface, nameOf } from '../words.ts';

/** ip_route_input_slow(): SKB_DROP_REASON_IP_LOCALNET */
export const natDnatToLocalhost = modelCause({
  id: 'nat-dnat-to-localhost',
  title: 'DNAT to 127.0.0.1 of packets from outside',
  severity: 'error',
  symptom: 'A forwarded port hangs, though the service answers on 127.0.0.1 locally.',
  mechanism:
    'A packet from an interface that is addressed to 127/8 is a martian. DNAT in PREROUTING makes it one, and the routing decision drops it silently, unless route_localnet of the incoming interface is 1.',
  check: 'iptables -t nat -S PREROUTING; sysctl net.ipv4.conf.IFACE.route_localnet',
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
