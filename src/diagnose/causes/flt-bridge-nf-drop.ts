import { sysctlEvidence } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { inInterface, iptablesOf, nameOf } from '../words.ts';

export const fltBridgeNfDrop = modelCause({
  id: 'flt-bridge-nf-drop',
  title: 'iptables drops packets between two ports of one bridge',
  severity: 'error',
  symptom: 'Two hosts on the same bridge resolve each other by ARP, and no IP packet gets through.',
  mechanism:
    'With bridge-nf-call-iptables = 1 (br_netfilter) frames that are only switched from port to port pass iptables too: PREROUTING, FORWARD with -i and -o both the bridge, POSTROUTING. A FORWARD policy DROP then cuts the bridge in two; ARP is not filtered.',
  check: 'sysctl net.bridge.bridge-nf-call-iptables; iptables -L FORWARD -nv',
  proof:
    'ARP passes between both ports; the IP packet is on the first port and not on the second; a rule or policy of FORWARD counts.',
  refutation: 'bridge-nf-call-iptables is 0, or the packet is seen on the second port.',
  settledBy: ['sysctl net.bridge.bridge-nf-call-iptables', 'iptables-save -c'],
  repair:
    'Accept bridged packets (-m physdev --physdev-is-bridged), or set the sysctl to 0 where nothing needs it.',
  references: [
    'net/bridge/br_netfilter_hooks.c: br_nf_forward()',
    'iptables-extensions(8): physdev',
    'moby/moby#48365',
    'moby/moby#48411',
  ],
  tell(kase, drop) {
    const bridge = inInterface(drop.trace);
    const name =
      kase.flow.family === 4 ? 'net.bridge.bridge-nf-call-iptables' : 'net.bridge.bridge-nf-call-ip6tables';
    return {
      title: `${nameOf(kase, drop.namespace)} drops frames that ${bridge} only had to switch (${name.slice(11)} = 1)`,
      explanation:
        `Both ends are ports of ${bridge}, so the packet is switched, not routed. But ${name} is 1, so switched packets pass ` +
        `iptables FORWARD with -i ${bridge} -o ${bridge}, and there it is dropped. ARP is not filtered by iptables, which is why the neighbours know each other.`,
      sysctl: name,
      evidence: sysctlEvidence(kase, drop.namespace, name),
      fix: [
        {
          namespace: drop.namespace,
          text: `${iptablesOf(kase)} -I FORWARD -i ${bridge} -o ${bridge} -j ACCEPT`,
        },
      ],
      effect: `Where nothing else relies on it, ${name}=0 takes switched traffic out of iptables altogether.`,
    };
  },
});
