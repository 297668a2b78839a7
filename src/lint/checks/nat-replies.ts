import type { Check } from '../check.ts';
import type { Found } from '../finding.ts';
import { matchInfo, nameOfRule, type RuleRef, rulesOf } from '../rules.ts';

export const natReplies: Check = {
  id: 'nat-replies',
  title: 'A nat rule for packets that the nat table never sees',
  severity: 'warning',
  why: 'A connection’s first packet goes through the nat chains; all others, replies as well, are translated by what conntrack remembers of it, and meet no rule there. A rule that asks for ESTABLISHED, or for the answers of a service, never matches.',
  repair:
    'Write the rule for the first packet, in the direction in which the connection is opened. Replies are translated back by themselves.',
  silent: 'Rules that also take NEW packets.',
  references: ['net/netfilter/nf_nat_core.c: nf_nat_inet_fn()', 'iptables(8): nat'],
  find: ({ rulesets }) =>
    rulesets
      .flatMap(rulesOf)
      .filter(({ table }) => table.name === 'nat')
      .flatMap(told),
};

interface StateTest {
  readonly invert: boolean;
  readonly value: readonly string[];
}

/** The states that packets in the nat table have. */
const SEEN = ['NEW', 'RELATED'];

function told(ref: RuleRef): Found[] {
  const why = byState(ref) ?? byFlags(ref) ?? byDirection(ref);
  if (why === undefined) return [];
  return [
    {
      title: `${nameOfRule(ref)} never matches: ${why}`,
      explanation:
        'The nat table sees the first packet of a connection. Those behind it, and the replies, are translated by what conntrack remembers.',
      at: ref,
    },
  ];
}

function byState({ rule }: RuleRef): string | undefined {
  const state =
    matchInfo<{ state?: StateTest }>(rule, 'conntrack')?.state ?? oldState(matchInfo(rule, 'state'));
  if (!state) return undefined;
  const listed = state.value;
  // SNAT and DNAT are no states: a first packet may have them once it was translated.
  if (listed.some((each) => each === 'SNAT' || each === 'DNAT')) return undefined;
  const takes = SEEN.some((each) => listed.includes(each) !== state.invert);
  if (takes) return undefined;
  return `packets in state ${state.invert ? 'other than ' : ''}${listed.join(', ')} don’t come to the nat table`;
}

function oldState(
  info: { readonly invert: boolean; readonly states: readonly string[] } | undefined,
): StateTest | undefined {
  return info && { invert: info.invert, value: info.states };
}

interface Flags {
  readonly flags?: { readonly invert: boolean; readonly mask: number; readonly compare: number };
}

const [SYN, ACK] = [0x02, 0x10];

/** A TCP connection is new by a SYN; one that is picked up may begin with ACK, but never with both. */
function byFlags({ rule }: RuleRef): string | undefined {
  const flags = matchInfo<Flags>(rule, 'tcp')?.flags;
  if (!flags || flags.invert) return undefined;
  const asked = flags.mask & flags.compare;
  return (asked & SYN) !== 0 && (asked & ACK) !== 0 ? 'SYN with ACK is an answer' : undefined;
}

function byDirection({ rule }: RuleRef): string | undefined {
  const direction = matchInfo<{ direction?: string }>(rule, 'conntrack')?.direction;
  return direction === 'REPLY' ? 'packets of the reply direction don’t come to the nat table' : undefined;
}
