import type { Case } from '../case.ts';
import type { Cause, Command } from '../cause.ts';
import { describeSighting, findingRule, seenAt } from '../evidence.ts';
import { type LateMark, lateMark } from '../marks.ts';
import { iptablesOf, nameOf } from '../words.ts';

export const routeMarkTooLate: Cause = {
  id: 'route-mark-too-late',
  title: 'The mark that should choose the route is set after routing',
  severity: 'error',
  page: () => ({
    symptom:
      'Traffic that was to take a second line, a VPN or another table takes the main one all the same; the MARK rule counts it.',
    mechanism:
      'A packet is routed once: one that arrives between PREROUTING and FORWARD, one that a process sends before OUTPUT. A mark set in FORWARD or POSTROUTING comes too late for ip rule; only mangle OUTPUT (nft: a chain of type route) makes the kernel look again.',
    check:
      'iptables-save -t mangle -c (which chain the MARK rule is in, and that it counts); ip rule; ip route get ADDRESS from SOURCE iif IFACE, with and without mark MARK',
    proof:
      'The packet leaves by the interface of the main table; a rule behind the routing decision gives it the mark; an ip rule asks for that mark and its table leads out of another interface.',
    refutation:
      'The packet is seen on the interface of the mark’s table; or no ip rule asks for the mark, which then may be meant for tc or for other rules.',
    settledBy: ['ip rule', 'ip route show table all', 'iptables-save -c', 'nft list ruleset'],
    repair:
      'Set the mark in mangle PREROUTING, for locally sent packets in mangle OUTPUT; in nft in a prerouting filter chain of priority mangle, or an output chain of type route.',
    references: [
      'net/ipv4/ip_input.c: ip_rcv_finish_core() (routes before NF_INET_FORWARD)',
      'net/ipv4/netfilter/iptable_mangle.c: ipt_mangle_out()',
      'net/netfilter/nft_chain_route.c: nf_route_table_hook4()',
      'net/ipv4/netfilter.c: ip_route_me_harder()',
      'iptables-extensions(8): MARK',
      'ip-rule(8)',
    ],
  }),
  find(kase) {
    if (kase.outcome.status === 'delivered' && !kase.hypothetical) return undefined;
    const late = lateMark(kase);
    if (!late) return undefined;
    const { namespace, hop, step, mark, out, wanted } = late;
    const where = nameOf(kase, namespace);
    const rule = findingRule(kase, namespace, step);
    const leaving = kase.flow.legs.find(({ point, forward }) => {
      const at = kase.correlation.points[point];
      return at?.namespace === namespace && at.interface === out && forward.packets > 0;
    })?.forward.kept[0];
    const hex = `0x${mark.toString(16)}`;
    const place = `${rule.table} ${rule.chain} rule ${rule.number}`;
    const evidence = [
      ...(leaving
        ? [
            seenAt(
              kase,
              leaving,
              `${describeSighting(leaving)} leaves by ${out}, the way of unmarked packets`,
            ),
          ]
        : []),
      { path: rule.path, line: rule.line, text: `${place}: ${rule.text}` },
    ];
    if (!wanted) {
      return {
        confidence: 0.58,
        title: `${where} marks the packet with ${hex} after its route is chosen; whether a rule asks for that mark is not known`,
        explanation: `${place} sets the mark where it can’t change the route any more. What it was meant for, \`ip rule\` would tell.`,
        namespace,
        rule,
        status: 'no-reply',
        evidence,
        effect:
          'Collect `ip rule` and `ip route show table all`: they tell whether the mark was to choose a route.',
      };
    }
    return {
      confidence: leaving ? 0.94 : 0.8,
      title: `${where} marks the packet in ${rule.chain}, too late to send it out of ${wanted.out}`,
      explanation:
        `\`ip rule\` sends packets with mark ${hex} to table ${wanted.table}, out of ${wanted.out}. ${place} gives the packet that mark, but by then its route is chosen: ` +
        `${hop.in === undefined ? 'a packet that a process sends is routed before OUTPUT' : 'a packet that comes in is routed between PREROUTING and FORWARD'}, and this one was routed without a mark, out of ${out}.`,
      namespace,
      interface: out,
      rule,
      status: 'no-reply',
      evidence: [
        ...evidence,
        {
          path: wanted.rule.span.path,
          line: wanted.rule.span.line,
          text: `ip rule ${wanted.rule.text}: leads out of ${wanted.out}`,
        },
      ],
      fix: earlier(kase, late),
      effect: `The rule in ${rule.chain} can then go.`,
    };
  },
};

/** The same rule where it comes in time: of a user chain, the one of the base chain that leads there. */
function earlier(kase: Case, { namespace, hop, step }: LateMark): Command[] {
  if (step.kind === 'nft-rule') return earlierInNft(namespace, hop.in === undefined, step);
  const chain = hop.in === undefined ? 'OUTPUT' : 'PREROUTING';
  const base = hop.steps.find(
    (each) =>
      each.kind === 'rule' &&
      each.table === step.table &&
      each.chain === step.hook &&
      each.hook === step.hook &&
      leadsTo(each.text, step, hop),
  );
  const text = base?.kind === 'rule' && step.chain !== step.hook ? base.text : step.text;
  const spec = text
    .replace(/^-A \S+ ?/, '')
    // PREROUTING knows no outgoing interface.
    .replace(/(?:! )?-o \S+ ?/, '')
    .replace(chain === 'OUTPUT' ? /(?:! )?-i \S+ ?/ : /^$/, '');
  return [{ namespace, text: `${iptablesOf(kase, step.path)} -t mangle -A ${chain} ${spec}` }];
}

function leadsTo(text: string, step: LateMark['step'], hop: LateMark['hop']): boolean {
  if (step.kind !== 'rule' || step.chain === step.hook) return true;
  const target = /-[jg] (\S+)/.exec(text)?.[1];
  return target !== undefined && hop.steps.some((each) => each.kind === 'rule' && each.chain === target);
}

function earlierInNft(
  namespace: string,
  local: boolean,
  { family, table, text }: Extract<LateMark['step'], { kind: 'nft-rule' }>,
): Command[] {
  const [name, type, hook] = local ? ['mark_out', 'route', 'output'] : ['mark_in', 'filter', 'prerouting'];
  const spec = text.replace(/oifname (?:!= )?\S+ ?/, '').replace(/counter packets \d+ bytes \d+/, 'counter');
  return [
    {
      namespace,
      text: `nft add chain ${family} ${table} ${name} '{ type ${type} hook ${hook} priority mangle; }'`,
    },
    { namespace, text: `nft add rule ${family} ${table} ${name} ${spec}` },
  ];
}
