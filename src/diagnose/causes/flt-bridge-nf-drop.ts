import { formatIp } from '../../net/ip.ts';
import { netnsOf, type Scene, sysctlOf } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { sysctlEvidence } from '../evidence.ts';
import { gapEvidence } from '../gap-cause.ts';
import { modelCause } from '../model-cause.ts';
import { type Unanswered, unanswered } from '../unanswered.ts';
import { capital, inInterface, iptablesOf, nameOf } from '../words.ts';

const page = modelCause({
  id: 'flt-bridge-nf-drop',
  title: 'iptables drops packets between two ports of one bridge',
  severity: 'error',
  page: () => ({
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
  }),
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

/** IPv6 asks who has an address by ICMPv6, which is switched through ip6tables like any packet: then not even the question passes. */
export const fltBridgeNfDrop: Cause = {
  ...page,
  survey(scene) {
    return unanswered(scene).flatMap((gap) =>
      typeof gap.target === 'bigint' ? stoppedQuestion(scene, gap) : [],
    );
  },
};

const CALL6 = 'net.bridge.bridge-nf-call-ip6tables';

function stoppedQuestion(scene: Scene, gap: Unanswered): Found[] {
  const { sender, device, target } = gap;
  if (!sender || device === undefined) return [];
  const peer = scene.topology.peerOf({ namespace: sender.name, name: device });
  const netns = peer && netnsOf(scene, peer.namespace);
  const bridge = netns?.links?.find(({ name }) => name === peer?.name)?.master;
  if (!netns || bridge === undefined || sysctlOf(scene, netns.name, CALL6)?.value !== '1') return [];
  for (const ruleset of netns.rulesets6 ?? []) {
    const chain = ruleset.tables.get('filter')?.chains.get('FORWARD');
    // Conntrack leaves neighbour discovery UNTRACKED: what accepts by state or by another protocol doesn't take it.
    const accepts = chain?.rules.some(
      ({ text }) =>
        /-j ACCEPT/.test(text) &&
        !/--ctstate|--state|-p (?!ipv6-icmp|icmpv6)|--icmpv6-type (?!13[56])|-[sd] /.test(text),
    );
    if (chain?.policy !== 'DROP' || accepts) continue;
    const where = nameOf(scene, netns.name);
    const asked = formatIp(target);
    return [
      {
        confidence: 0.8,
        title: `${where} drops the question for ${asked} on its way through ${bridge} (${CALL6.slice(11)} = 1)`,
        explanation:
          `${capital(nameOf(scene, sender.name))} asks by neighbour solicitation who has ${asked}. ${CALL6} is 1, so what ${bridge} only switches passes ip6tables FORWARD, and IPv6 has no ARP: the question is ICMPv6, ` +
          'no rule accepts it, and the policy is DROP. Nobody behind another port hears it, so not one packet is sent.',
        namespace: netns.name,
        interface: bridge,
        sysctl: CALL6,
        group: `${netns.name} ${bridge}`,
        status: 'no-reply',
        evidence: [
          ...gapEvidence(scene, gap),
          ...sysctlEvidence(scene, netns.name, CALL6),
          {
            path: ruleset.path,
            ...(chain.span && { line: chain.span.line }),
            text: 'filter FORWARD: the policy is DROP, and no rule accepts neighbour discovery',
          },
        ],
        fix: [{ namespace: netns.name, text: `ip6tables -I FORWARD -i ${bridge} -o ${bridge} -j ACCEPT` }],
        replay: false,
        effect: `Where nothing else relies on it, ${CALL6}=0 takes switched traffic out of ip6tables altogether.`,
      },
    ];
  }
  return [];
}
