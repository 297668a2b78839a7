import { unseenFlow } from '../../correlate/merge.ts';
import { neighboursOf } from '../../correlate/owner.ts';
import { predict } from '../../correlate/predict.ts';
import { parseIp } from '../../net/ip.ts';
import type { Netns } from '../../snapshot/snapshot.ts';
import type { Rule } from '../../xtables/rule.ts';
import type { Scene } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { sysctlEvidence } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { iptablesOf, nameOf, outInterface } from '../words.ts';

/** ip_route_me_harder(): a loopback source can't be routed out, net/ipv4/netfilter.c */
const page = modelCause({
  id: 'nat-loopback-dnat',
  title: '127.0.0.1 can’t be sent to a container',
  severity: 'error',
  page: () => ({
    symptom: 'The host’s address works, 127.0.0.1 hangs, on the host itself.',
    mechanism:
      'A DNAT rule in OUTPUT rewrites the destination; the source stays 127.0.0.1, and such a packet may only leave by an interface with route_localnet = 1. Then MASQUERADE has to replace the source as well.',
    check: 'sysctl net.ipv4.conf.BRIDGE.route_localnet; iptables -t nat -S OUTPUT',
    proof:
      'A DNAT rule of nat OUTPUT covers 127.0.0.1 and counts packets, route_localnet of the interface towards the target is 0, and neither lo nor that interface shows the packet.',
    refutation:
      'A packet from 127.0.0.1 on the bridge: then route_localnet is 1 and only MASQUERADE is missing. A process of the host that listens on the port by a rule that leaves 127.0.0.0/8 out: that is how docker-proxy serves it.',
    settledBy: ['sysctl -a | grep route_localnet', 'iptables-save -c'],
    repair:
      'Set route_localnet of the bridge to 1 and masquerade local sources that leave by it; or let a proxy listen on 127.0.0.1.',
    references: [
      'net/ipv4/netfilter.c: ip_route_me_harder()',
      'net/ipv4/route.c: __mkroute_output()',
      'Documentation/networking/ip-sysctl.rst: route_localnet',
      'moby/moby#20243',
      'kubernetes/kubernetes#57922',
      'kubernetes/kubernetes#92938',
    ],
  }),
  tell(kase, drop) {
    const target = parseIp(drop.trace.final.destination);
    const near =
      target === undefined
        ? undefined
        : neighboursOf(kase.snapshot, target).find(({ netns }) => netns.name === drop.namespace);
    const routed = outInterface(drop.trace);
    const device = near?.link.name ?? (routed === 'lo' ? undefined : routed) ?? 'docker0';
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

/** Also without a packet of it, since none ever reaches an interface: a rule of OUTPUT that 127.0.0.1 meets, replayed. */
export const natLoopbackDnat: Cause = {
  ...page,
  survey(scene) {
    return [...scene.snapshot.namespaces.values()].flatMap((netns) =>
      outputRules(netns).flatMap((rule) => surveyed(scene, netns, rule)),
    );
  },
};

const LOOPBACK = 0x7f000001;

/** DNAT rules for a port that are in reach of nat OUTPUT, with what they counted. */
function outputRules(netns: Netns): Rule[] {
  return (netns.rulesets4 ?? []).flatMap((ruleset) => {
    const chains = ruleset.tables.get('nat')?.chains;
    const output = chains?.get('OUTPUT')?.rules ?? [];
    const jumped = output.flatMap(({ target }) =>
      target?.kind === 'jump' ? (chains?.get(target.chain)?.rules ?? []) : [],
    );
    return [...output, ...jumped].filter(
      ({ target }) => target?.kind === 'extension' && target.name === 'DNAT',
    );
  });
}

function surveyed(scene: Scene, netns: Netns, rule: Rule): Found[] {
  const port = Number(/--dport (\d+)/.exec(rule.text)?.[1]);
  const protocol = rule.protocol?.protocol;
  if (!port || !protocol || !netns.sysctls) return [];
  const end = { address: LOOPBACK, port: 40000 };
  const flow = unseenFlow(-1, 4, protocol, end, { address: LOOPBACK, port }, 0);
  const prediction = predict(scene.predictor, flow, { from: netns.name });
  if (prediction?.there.cause !== 'nat-loopback-dnat') return [];
  const outcome = { status: 'no-reply', oneWay: false } as const;
  const found = page.find?.({ ...scene, flow, outcome, prediction, kernel: [], hypothetical: false });
  if (!found) return [];
  const counted = rule.counters?.packets ?? 0;
  return [
    {
      ...found,
      confidence: counted > 0 ? 0.8 : 0.5,
      severity: counted > 0 ? 'error' : 'info',
      title: `127.0.0.1:${port} can’t work in ${nameOf(scene, netns.name)}: ${found.title}`,
      group: `${netns.name} ${found.sysctl}`,
      probe: { from: LOOPBACK, to: LOOPBACK, protocol, port },
      evidence: [
        {
          path: rule.span.path,
          line: rule.span.line,
          text: `nat: ${rule.text} (counted ${counted} packets)`,
        },
        ...found.evidence,
      ],
    },
  ];
}
