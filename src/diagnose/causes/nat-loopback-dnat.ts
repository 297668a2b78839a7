import { sysctlEvidence } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { iptablesOf, nameOf, outInterface } from '../words.ts';

/** ip_route_me_harder(): a loopback source can't be routed out, net/ipv4/netfilter.c */
export const natLoopbackDnat = modelCause({
  id: 'nat-loopback-dnat',
  title: '127.0.0.1 can’t be sent to a container',
  severity: 'error',
  symptom: 'The host’s address works, 127.0.0.1 hangs, on the host itself.',
  mechanism:
    'A DNAT rule in OUTPUT rewrites the destination; the source stays 127.0.0.1, and such a packet may only leave by an interface with route_localnet = 1. Then MASQUERADE has to replace the source as well.',
  check: 'sysctl net.ipv4.conf.BRIDGE.route_localnet; iptables -t nat -S OUTPUT',
  tell(kase, drop) {
    const device = outInterface(drop.trace) ?? 'docker0';
    const name = `net.ipv4.conf.${device}.route_localnet`;
    return {
      title: `${nameOf(kase, drop.namespace)} can’t send a packet from 127.0.0.1 out of ${device}: route_localnet is 0`,
      explanation:
        `A DNAT rule in nat OUTPUT sends the connection to ${drop.trace.final.destination}, but its source is still 127.0.0.1. The kernel refuses to route ` +
        `a loopback source out of ${device} (${name} is 0), so the packet is dropped in OUTPUT: nothing is seen on lo and nothing on ${device}.`,
      sysctl: name,
      evidence: sysctlEvidence(kase, drop.namespace, name),
      fix: [
        { namespace: drop.namespace, text: `sysctl -w ${name}=1` },
        {
          namespace: drop.namespace,
          text: `${iptablesOf(kase)} -t nat -A POSTROUTING -o ${device} -m addrtype --src-type LOCAL -j MASQUERADE`,
        },
      ],
    };
  },
});
