import { counterEvidence, sysctlEvidence } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { inInterface, nameOf } from '../words.ts';

/** ip6_forward(), net/ipv6/ip6_output.c: only conf.all.forwarding is looked at. */
export const v6ForwardingOff = modelCause({
  id: 'v6-forwarding-off',
  title: 'IPv6 forwarding is switched off',
  severity: 'error',
  symptom: 'IPv4 works, IPv6 beyond the gateway is silent.',
  mechanism:
    'net.ipv6.conf.all.forwarding is the one switch for IPv6 forwarding; the settings of single interfaces only change how they treat router advertisements.',
  check: 'sysctl net.ipv6.conf.all.forwarding; nstat -az Ip6InAddrErrors',
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
