import type { Case } from '../case.ts';
import type { Cause, Command } from '../cause.ts';
import { describeSighting, findingRule, seenAt } from '../evidence.ts';
import type { Evidence } from '../finding.ts';
import { type ForgottenMark, forgottenMark } from '../marks.ts';
import { rememberedBy } from '../remembered.ts';
import { iptablesOf, nameOf } from '../words.ts';

export const routeConnmarkNotRestored: Cause = {
  id: 'route-connmark-not-restored',
  title: 'The connection’s mark is saved and never restored',
  severity: 'error',
  page: () => ({
    symptom:
      'With two lines: what comes in by the second is never answered there, or uploads stop right after the handshake. Single packets of the connection appear on the wrong line.',
    mechanism:
      'Each packet is routed by itself, by its own mark; the mark of the connection (ctmark) is only a note in conntrack. Unless a rule copies it back to the packet before the routing decision, answers and later packets have mark 0 and take the main table, with an address that belongs to the other line.',
    check:
      'iptables-save -t mangle (CONNMARK --save-mark without --restore-mark); conntrack -L (mark=N); tcpdump on both uplinks',
    proof:
      'A rule saves the mark for the connection, an ip rule leads that mark out of one interface, and the answer or a later packet of the same connection leaves by another one.',
    refutation:
      'Every packet of the connection is on the same line; or a rule restores the mark in PREROUTING (OUTPUT for the host’s own packets).',
    settledBy: ['iptables-save -c', 'ip rule', 'ip route show table all', 'conntrack -L -o extended'],
    repair:
      'CONNMARK --restore-mark as the first rule of mangle PREROUTING for what comes from inside, and of mangle OUTPUT for the host’s own services; nft: meta mark set ct mark.',
    references: [
      'net/netfilter/xt_connmark.c: connmark_tg_shift()',
      'net/core/fib_rules.c: fib_rule_match()',
      'net/netfilter/nf_nat_core.c: nf_nat_inet_fn() (drops masqueraded packets that change their interface)',
      'include/net/netfilter/nf_nat.h: nf_nat_oif_changed()',
      'iptables-extensions(8): CONNMARK',
      'ip-rule(8)',
    ],
  }),
  find(kase) {
    const { outcome, hypothetical } = kase;
    if (outcome.status === 'delivered' && !hypothetical) return undefined;
    const lost = forgottenMark(kase);
    if (!lost) return undefined;
    const { namespace, saved, what, due, out, way, seen } = lost;
    const where = nameOf(kase, namespace);
    const rule = findingRule(kase, namespace, saved);
    const packet = what === 'answer' ? 'the answer' : 'the next packet of the connection';
    return {
      confidence: seen ? 0.95 : 0.75,
      title: `${where} sends ${packet} out of ${out}, not ${due}: the connection’s mark is not restored`,
      explanation:
        `${rule.table} ${rule.chain} rule ${rule.number} gives the connection a mark that \`ip rule\` leads to table ${way.table}, out of ${due}. ` +
        `Nothing copies it to the packets that follow: ${packet} is routed with mark 0 and leaves by ${out}, translated for ${due}. Whoever is behind ${out} has no use for that address.`,
      namespace,
      interface: out,
      rule,
      status: outcome.stalled || what === 'later' ? 'degraded' : 'no-reply',
      evidence: [
        ...(seen ? [seenAt(kase, seen, `${packet} ${describeSighting(seen)} leaves by ${out}`)] : []),
        {
          path: rule.path,
          line: rule.line,
          text: `${rule.table} ${rule.chain} rule ${rule.number}: ${rule.text}`,
        },
        {
          path: way.rule.span.path,
          line: way.rule.span.line,
          text: `ip rule ${way.rule.text}: leads out of ${due}`,
        },
        ...entries(kase, namespace),
      ],
      fix: restore(kase, lost),
      effect:
        'Only what comes from inside may get the mark back: packets that come in by the line itself are to be routed by the main table.',
    };
  },
};

function entries(kase: Case, namespace: string): Evidence[] {
  return rememberedBy(kase)
    .filter((one) => one.namespace === namespace && one.dump.entry.mark !== 0)
    .slice(0, 1)
    .map(({ dump: { entry, span } }) => ({
      path: span.path,
      line: span.line,
      text: `the connection has mark ${entry.mark}`,
    }));
}

function restore(kase: Case, { namespace, saved, in: device }: ForgottenMark): Command[] {
  if (saved.kind === 'nft-rule') {
    const [name, type, hook] =
      device === undefined ? ['restore_out', 'route', 'output'] : ['restore_in', 'filter', 'prerouting'];
    const { family, table } = saved;
    const from = device === undefined ? '' : `iifname ${device} `;
    return [
      {
        namespace,
        text: `nft add chain ${family} ${table} ${name} '{ type ${type} hook ${hook} priority -151; }'`,
      },
      { namespace, text: `nft add rule ${family} ${table} ${name} ${from}meta mark set ct mark` },
    ];
  }
  const chain = device === undefined ? 'OUTPUT' : `PREROUTING -i ${device}`;
  const [base = '', ...rest] = chain.split(' ');
  const spec = [...rest, '-j CONNMARK --restore-mark'].join(' ');
  return [{ namespace, text: `${iptablesOf(kase, saved.path)} -t mangle -I ${base} ${spec}` }];
}
