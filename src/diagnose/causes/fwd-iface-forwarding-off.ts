import { sysctlEvidence } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { inInterface, nameOf } from '../words.ts';

/** IN_DEV_FORWARD() of the incoming device decides, net/ipv4/route.c */
export const fwdIfaceForwardingOff = modelCause({
  id: 'fwd-iface-forwarding-off',
  title: 'Forwarding is off for one interface',
  severity: 'error',
  page: () => ({
    symptom: 'As with ip_forward = 0, though ip_forward is 1; or requests pass and the answers die.',
    mechanism:
      'net.ipv4.conf.IFACE.forwarding of the interface a packet comes in by decides, whatever ip_forward says. Writing ip_forward sets all of them; writing one afterwards wins for that one.',
    check: "sysctl -a | grep -F '.forwarding'",
    proof:
      'The packet comes in on the interface whose forwarding is 0 and leaves by none, without ICMP; ip_forward is 1 and IpInAddrErrors grows. What comes in on the other interfaces is forwarded.',
    refutation:
      'The packet is seen on the outgoing interface, or a rule of FORWARD counts it. That forwarding is 0 on the interface it leaves by means nothing.',
    settledBy: [
      'sysctl -a (net.ipv4.conf.*.forwarding; ip_forward alone misleads)',
      'nstat -az IpInAddrErrors',
      'ip route get ADDRESS from SOURCE iif IFACE',
    ],
    repair:
      'Set net.ipv4.conf.IFACE.forwarding of the incoming interface to 1, and in /etc/sysctl.d write it after ip_forward, which overwrites it.',
    references: [
      'net/ipv4/route.c: ip_route_input_slow(), ip_error(), drop reason IP_INADDRERRORS',
      'net/ipv4/devinet.c: inet_forward_change()',
      'Documentation/networking/ip-sysctl.rst: forwarding',
    ],
  }),
  tell(kase, drop) {
    const device = inInterface(drop.trace) ?? '';
    const name = drop.trace.sysctl ?? `net.ipv4.conf.${device}.forwarding`;
    const what = drop.direction === 'forward' ? 'The request' : 'The answer';
    const where = nameOf(kase, drop.namespace);
    return {
      title: `${where} does not forward what comes in on ${device}: ${name} is 0`,
      explanation:
        `${what} comes in on ${device} and has to be forwarded. net.ipv4.ip_forward is 1, but writing it only sets ` +
        `all interfaces at that moment: for each packet the kernel looks at the setting of the interface it came in by, and ` +
        `${name} is 0. It is dropped in the routing decision, silently, before FORWARD.` +
        (drop.direction === 'reply'
          ? ' The request went the other way and was judged by the other interface, so it passed.'
          : ''),
      sysctl: name,
      evidence: [
        ...sysctlEvidence(kase, drop.namespace, name),
        ...sysctlEvidence(kase, drop.namespace, 'net.ipv4.ip_forward'),
      ],
      fix: [{ namespace: drop.namespace, text: `sysctl -w ${name}=1` }],
    };
  },
});
