/** The packets that a rule matches, as a set: matchRule() of xtables/evaluate.ts for all packets at once. */
import { isUnparsed } from '../xtables/extension.ts';
import type { SetInfo } from '../xtables/matches/set.ts';
import { printMatch } from '../xtables/print.ts';
import type { AddressMatch, InterfaceMatch, MatchUse, Rule } from '../xtables/rule.ts';
import { ALL, type Node } from './bdd.ts';
import { flip, PREDICATES, type PredicateContext } from './predicates.ts';
import type { Space } from './space.ts';

export interface RuleContext {
  readonly space: Space;
  readonly backend: PredicateContext['backend'];
  readonly set: PredicateContext['set'];
  /** Does some rule add to the set, or delete from it? */
  readonly changes: (name: string) => boolean;
  /** Tells matches that keep state of their own apart: equal for rules whose state is the same. */
  readonly instance: string;
}

/**
 * The answer of one of these depends on more than the packet, and two rules with the same words may be answered differently. All
 * others are answered the same for a packet wherever they stand.
 */
const STATEFUL: ReadonlySet<string> = new Set([
  'limit',
  'hashlimit',
  'recent',
  'statistic',
  'quota',
  'connlimit',
  'connbytes',
  'rateest',
  'cpu',
  '',
]);

/** In terms of the fields as they are when the packet gets to the rule. */
export function ruleSet(rule: Rule, context: RuleContext): Node {
  const { space } = context;
  const { bdd } = space;
  let set = ALL;
  if (rule.protocol)
    set = flip(space, space.equals('protocol', rule.protocol.protocol), rule.protocol.invert);
  for (const match of rule.matches) set = bdd.and(set, matchSet(match, context));
  if (rule.source) set = bdd.and(set, addressSet(space, 'source', rule.source));
  if (rule.destination) set = bdd.and(set, addressSet(space, 'destination', rule.destination));
  if (rule.in) set = bdd.and(set, interfaceSet(space, 'iif', rule.in));
  if (rule.out) set = bdd.and(set, interfaceSet(space, 'oif', rule.out));
  if (rule.fragment) set = bdd.and(set, flip(space, space.equals('fragment', 1), rule.fragment.invert));
  return set;
}

export function matchSet(match: MatchUse, context: RuleContext): Node {
  const { space, backend, set, instance } = context;
  const undecided = (part?: string): Node => {
    const text = printMatch(match, space.family).join(' ');
    // A part is the same condition in whatever company it is asked.
    const own = part === undefined ? text : `-m ${match.name} ${part}`;
    return space.opaque(isStateful(match, context) ? `${text} of ${instance} ${part ?? ''}` : own, own);
  };
  const predicate = isUnparsed(match.info) ? undefined : PREDICATES[match.name];
  return predicate ? predicate(match.info, { space, backend, set, undecided }) : undecided();
}

function isStateful({ name, info }: MatchUse, { changes }: RuleContext): boolean {
  return STATEFUL.has(name) || (name === 'set' && !isUnparsed(info) && changes((info as SetInfo).name));
}

function addressSet(space: Space, field: 'source' | 'destination', match: AddressMatch): Node {
  return flip(space, space.equals(field, match.address, match.mask), match.invert);
}

function interfaceSet(space: Space, field: 'iif' | 'oif', match: InterfaceMatch): Node {
  return flip(space, space.oneOf(field, space.alphabets[field].codesOf(match)), match.invert);
}
