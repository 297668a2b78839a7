import { NONE, type Node } from '../../symbolic/bdd.ts';
import { STATES } from '../../symbolic/layout.ts';
import type { Ruleset } from '../../xtables/rule.ts';
import type { Check } from '../check.ts';
import type { Found } from '../finding.ts';
import { reachOf, type TableReach } from '../reach.ts';
import { tcpOpening } from './policy-lo-closed.ts';

export const v6NdBlocked: Check = {
  id: 'v6-nd-blocked',
  title: 'INPUT stops IPv6’s neighbour discovery',
  severity: 'warning',
  why: 'IPv6 finds the MAC address of a neighbour, its router too, by ICMPv6 messages (types 135 and 136), as IPv4 does by ARP, which iptables never sees. Where INPUT drops them nobody on the link can reach the host, nor it them. They are in no connection: -m conntrack --ctstate ESTABLISHED doesn’t match them.',
  repair:
    'Accept ICMPv6 types 133 to 136 (with hop limit 255), and the errors that RFC 4890 names, before everything else.',
  silent: 'Where a rule may let them in, and rulesets that let nothing in but answers.',
  references: [
    'RFC 4861',
    'RFC 4890, section 4.4',
    'net/netfilter/nf_conntrack_proto_icmpv6.c: nf_conntrack_icmpv6_error()',
  ],
  find: ({ rulesets }) => rulesets.filter(({ family }) => family === 6).flatMap(told),
};

function told(ruleset: Ruleset): Found[] {
  const table = ruleset.tables.get('filter');
  const chain = table?.chains.get('INPUT');
  const reach = table && reachOf(ruleset)(table);
  const accepted = reach?.accepted.get('INPUT');
  if (!table || !chain || !reach || accepted === undefined) return [];
  const { space } = reach;
  const { bdd } = space;
  const lo = space.oneOf('iif', space.alphabets.iif.codesOf({ name: 'lo', wildcard: false }));
  const outside = bdd.diff(accepted, lo);
  if (bdd.and(outside, tcpOpening(reach)) === NONE) return [];
  const stopped = [135, 136].filter((type) => bdd.and(outside, discovery(reach, type)) === NONE);
  const at = chain.span ?? chain.rules[0]?.span;
  if (stopped.length === 0 || !at) return [];
  return [
    {
      title: `INPUT accepts connections, and stops the neighbour discovery without which none gets there (ICMPv6 type ${stopped.join(' and ')})`,
      explanation:
        'Nobody on the link learns this host’s MAC address, or it theirs. Conntrack leaves these messages out: they are in state UNTRACKED.',
      at,
      suggestion: {
        text: 'Let it in first:',
        commands: stopped.map(
          (type) =>
            `ip6tables -I INPUT -p ipv6-icmp -m icmp6 --icmpv6-type ${type} -m hl --hl-eq 255 -j ACCEPT`,
        ),
      },
    },
  ];
}

function discovery({ space }: TableReach, type: number): Node {
  const { bdd } = space;
  const message = bdd.and(space.equals('protocol', 58), space.equals('icmpType', type));
  return bdd.and(message, space.equals('state', STATES.indexOf('UNTRACKED')));
}
