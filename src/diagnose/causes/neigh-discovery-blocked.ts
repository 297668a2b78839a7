import { ownersOf } from '../../correlate/owner.ts';
import { formatIp } from '../../net/ip.ts';
import type { Scene } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { seenAt } from '../evidence.ts';
import type { Evidence } from '../finding.ts';
import { type Unanswered, unanswered } from '../unanswered.ts';
import { nameOf } from '../words.ts';

/** RFC 4890, section 4.4.1: neighbour discovery must not be filtered. */
export const neighDiscoveryBlocked: Cause = {
  id: 'neigh-discovery-blocked',
  title: 'A filter drops IPv6 neighbour discovery',
  severity: 'error',
  page: () => ({
    symptom: '"No route to host" over IPv6, though the address is there and IPv4 works.',
    mechanism:
      'IPv6 has no ARP: who has an address is asked by ICMPv6 (types 135 and 136), which passes ip6tables like any packet. Conntrack leaves them UNTRACKED, so a rule for ESTABLISHED does not let them in. A filter that drops all ICMPv6 takes the host off its link.',
    check: 'ip6tables -L INPUT -nv (is icmpv6 133–137 accepted?); ip -6 neigh',
    proof:
      'Neighbour solicitations arrive at the interface of the host that has the address, again and again, and no advertisement is sent; its IPv6 filter has a drop that such a packet meets, and its counter grows.',
    refutation:
      'A neighbour advertisement for the address; or a rule in front of the drop that accepts ICMPv6 types 135 and 136.',
    settledBy: ['ip6tables-save -c', 'nft list ruleset', 'ip -6 addr show'],
    repair:
      'Accept ICMPv6 types 133 to 137 (better: all but redirects from outside) before anything is dropped, in INPUT and OUTPUT.',
    references: [
      'RFC 4890, section 4.4.1',
      'RFC 4861',
      'net/ipv6/ndisc.c: ndisc_rcv()',
      'iptables-extensions(8): icmp6',
    ],
  }),
  survey(scene) {
    return unanswered(scene).flatMap((gap) => (typeof gap.target === 'bigint' ? blockedBy(scene, gap) : []));
  },
};

function blockedBy(scene: Scene, gap: Unanswered): Found[] {
  for (const { netns } of ownersOf(scene.snapshot, gap.target)) {
    for (const ruleset of netns.rulesets6 ?? []) {
      const input = ruleset.tables.get('filter')?.chains.get('INPUT');
      if (!input) continue;
      const rule = input.rules.find(
        ({ target, text }) =>
          target?.kind === 'verdict' && target.verdict === 'DROP' && (!/-p /.test(text) || /icmp/.test(text)),
      );
      if (!rule && input.policy !== 'DROP') continue;
      if (
        input.rules.some(
          ({ text }) => /-p (ipv6-icmp|icmpv6)\b(?!.*--icmpv6-type)/.test(text) && /-j ACCEPT/.test(text),
        )
      )
        continue;
      const where = nameOf(scene, netns.name);
      const target = formatIp(gap.target);
      const request = gap.exchange?.requests[0];
      const place: Evidence = rule
        ? { path: rule.span.path, line: rule.span.line, text: `filter INPUT: ${rule.text}` }
        : {
            path: ruleset.path,
            ...(input.span && { line: input.span.line }),
            text: 'filter INPUT policy DROP, and no rule accepts ICMPv6',
          };
      return [
        {
          confidence: 0.85,
          title: `${where} has ${target} and drops the solicitation for it: ip6tables INPUT does not let neighbour discovery in`,
          explanation:
            `Somebody asks by neighbour solicitation who has ${target}. ${where} has it, but ip6tables INPUT drops ICMPv6, and the solicitation with it, so there is no answer and no packet is ever sent. ` +
            'Types 133 to 137 have to be accepted for IPv6 to work on a link.',
          namespace: netns.name,
          status: 'dropped',
          evidence: [
            place,
            ...(request
              ? [
                  seenAt(
                    scene,
                    request,
                    `neighbour solicitation for ${target}, sent ${gap.exchange?.count} times, never answered`,
                  ),
                ]
              : []),
          ],
          fix: [{ namespace: netns.name, text: 'ip6tables -I INPUT -p ipv6-icmp -j ACCEPT' }],
          ...(gap.senderAddress !== undefined && { probe: { from: gap.senderAddress, to: gap.target } }),
        },
      ];
    }
  }
  return [];
}
