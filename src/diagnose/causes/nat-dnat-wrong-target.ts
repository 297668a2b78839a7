import { rootOf } from '../../input/host.ts';
import { formatEndpoint } from '../../net/ip.ts';
import { PROTOCOL, protocolName } from '../../net/protocol.ts';
import type { Case } from '../case.ts';
import type { Cause, Command } from '../cause.ts';
import { findingRule } from '../evidence.ts';
import { isLoopbackSocket, listeners, refusalOf, socketEvidence } from '../refusal.ts';
import { type NatRule, natPlace } from '../remembered.ts';
import { iptablesOf, nameOf } from '../words.ts';

export const natDnatWrongTarget: Cause = {
  id: 'nat-dnat-wrong-target',
  title: 'DNAT leads to a port where nobody listens',
  severity: 'error',
  page: () => ({
    symptom: '"Connection refused", although the DNAT rule counts the request.',
    mechanism:
      'The rule rewrites the destination to an address and port; whether a service listens there is not its business. The RST of the target is translated back and looks like one of the host.',
    check: 'ss -lnt in the target’s namespace against the rule’s --to-destination',
    proof:
      'The translated SYN is on the bridge, and the target itself answers it with RST; no socket there has the port of --to-destination, others are open.',
    refutation:
      'A socket on that port of the target’s address or of 0.0.0.0, or a RST that is on the uplink and never on the bridge: then the host refuses.',
    settledBy: ['ss -lntp (in the target’s namespace)', 'iptables-save -t nat -c'],
    repair: 'Make the rule (or -p HOST:CONTAINER) lead to the port that the service has inside.',
    references: [
      'net/ipv4/tcp_ipv4.c: tcp_v4_rcv(), tcp_v4_send_reset()',
      'net/netfilter/nf_nat_core.c: nf_nat_packet()',
      'iptables-extensions(8): DNAT',
    ],
  }),
  find(kase) {
    const refusal = refusalOf(kase);
    if (!refusal?.dnat) return undefined;
    const open = listeners(kase, refusal.sockets).filter((socket) => !isLoopbackSocket(socket));
    if (open.length === 0 || open.some((socket) => socket.port === refusal.port)) return undefined;
    const there = kase.prediction?.there;
    const translator =
      there?.hops.find((hop) => hop.steps.includes(refusal.dnat as never))?.namespace ??
      rootOf(refusal.namespace ?? '');
    const where = refusal.namespace === undefined ? 'the target' : nameOf(kase, refusal.namespace);
    const ports = open.map((socket) => socket.port).join(', ');
    const rule = findingRule(kase, translator, refusal.dnat);
    const [only] = open;
    const place = natPlace(refusal.dnat);
    const refused = kase.flow.protocol === PROTOCOL.tcp ? 'RST' : 'an ICMP error (port unreachable)';
    return {
      confidence: Math.min(0.97, refusal.confidence + 0.01),
      title: `the DNAT rule sends it to ${formatEndpoint(refusal.address, refusal.port)}, where nobody listens`,
      explanation:
        `${place} rewrites the destination to ${formatEndpoint(refusal.address, refusal.port)}. The request arrives there, but in ` +
        `${where} nobody listens on port ${refusal.port} (it listens on ${ports}), so its kernel refuses with ${refused}. That is translated back and ` +
        'reaches the client in the name of the host.',
      ...(refusal.namespace !== undefined && { namespace: refusal.namespace }),
      rule,
      status: 'rejected',
      evidence: [
        { path: rule.path, line: rule.line, text: `${place}: ${rule.text}` },
        ...open.slice(0, 3).map(socketEvidence),
        ...refusal.evidence,
      ],
      fix:
        only && open.length === 1
          ? retarget(kase, translator, refusal.dnat, formatEndpoint(refusal.address, only.port))
          : [],
      effect: `Let the rule lead to a port that ${where} listens on, or start the service on port ${refusal.port}.`,
    };
  },
};

/**
 * The same rule with the right destination. One that is not for this port alone keeps its own, and gets one for the port in front:
 * iptables takes a port behind an address only from a rule with a protocol.
 */
function retarget(kase: Case, namespace: string, rule: NatRule, destination: string): Command[] {
  const { server, protocol } = kase.flow;
  if (rule.kind === 'nft-rule') {
    const text = rule.text.replace(/counter packets \d+ bytes \d+/, 'counter');
    const spec = text.replace(/(\bdnat (?:ip6? )?to )\S+$/, `$1${destination}`);
    const at = `${rule.family} ${rule.table} ${rule.chain}`;
    const verb = rule.handle === undefined ? `insert rule ${at}` : `replace rule ${at} handle ${rule.handle}`;
    // A map, or a rule for several ports.
    if (spec === text || !new RegExp(`dport ${server.port}\\b`).test(text)) return [];
    return [{ namespace, text: `nft ${verb} ${spec}` }];
  }
  const tool = `${iptablesOf(kase)} -t nat`;
  const spec = rule.text
    .replace(/^-A \S+ /, '')
    .replace(/--to-destination \S+/, `--to-destination ${destination}`);
  if (!spec.includes(destination)) return [];
  const ports = /--dports? (\S+)/.exec(spec)?.[1];
  if (ports === String(server.port))
    return [{ namespace, text: `${tool} -R ${rule.chain} ${rule.number} ${spec}` }];
  if (ports !== undefined) return [];
  const name = protocolName(protocol);
  const own = `${/(?<!! )-p \S+/.test(spec) ? '' : `-p ${name} `}--dport ${server.port} -j DNAT`;
  return [{ namespace, text: `${tool} -I ${rule.chain} ${rule.number} ${spec.replace('-j DNAT', own)}` }];
}
