import { counterEvidence, sysctlEvidence } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { inInterface, nameOf } from '../words.ts';

/** ip6_forward(), net/ipv6/ip6_output.c: conf.all.forwarding decides, and from Linux 6.17 on force_forwarding of the incoming interface. */
export const v6ForwardingOff = modelCause({
  id: 'v6-forwarding-off',
  title: 'IPv6 forwarding is switched off',
  severity: 'error',
  page: () => ({
    symptom: 'IPv4 works, IPv6 beyond the gateway is silent.',
    mechanism:
      'net.ipv6.conf.all.forwarding is the one switch for IPv6 forwarding; forwarding of single interfaces only changes how they treat router advertisements. Since Linux 6.17 force_forwarding of the interface a packet comes in by lets it pass as well.',
    check: 'sysctl net.ipv6.conf.all.forwarding; nstat -az Ip6InAddrErrors',
    proof:
      'The packet is on the bridge and not on the uplink, no ICMPv6 comes back, FORWARD of ip6tables counts nothing, and Ip6InAddrErrors grows.',
    refutation:
      'The packet on the uplink, or an ICMPv6 "no route" error: that comes from a missing route, whatever forwarding is.',
    settledBy: [
      'sysctl net.ipv6.conf.all.forwarding',
      'nstat -az Ip6InAddrErrors',
      'ip -6 route get ADDRESS',
    ],
    repair:
      'Set net.ipv6.conf.all.forwarding to 1; first set accept_ra to 2 on an uplink whose default route comes from router advertisements.',
    references: [
      'net/ipv6/ip6_output.c: ip6_forward(), Ip6InAddrErrors',
      'Documentation/networking/ip-sysctl.rst: force_forwarding (Linux 6.17)',
      'Documentation/networking/ip-sysctl.rst: forwarding, accept_ra',
      'docker/for-linux#359',
    ],
  }),
  tell(kase, drop) {
    const name = 'net.ipv6.conf.all.forwarding';
    const where = nameOf(kase, drop.namespace);
    return {
      title: `${where} does not forward IPv6: ${name} is 0`,
      explanation:
        `The packet comes in on ${inInterface(drop.trace) ?? 'an interface'} and is for somebody else, and ${name} is 0, so the kernel ` +
        'drops it before FORWARD and says nothing. IPv4 forwarding is a setting of its own and does not help here.',
      sysctl: name,
      evidence: [
        ...sysctlEvidence(kase, drop.namespace, name),
        ...counterEvidence(
          kase,
          drop.namespace,
          'Ip6InAddrErrors',
          'IPv6 packets dropped because forwarding is off',
        ),
      ],
      fix: [{ namespace: drop.namespace, text: `sysctl -w ${name}=1` }],
      effect:
        'Note: with forwarding on, set accept_ra=2 on an uplink that gets its default route from router advertisements.',
    };
  },
});
