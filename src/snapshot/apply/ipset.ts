/** `ipset create|add|del|flush|destroy|swap|rename`: ip_set_create() and its neighbours, net/netfilter/ipset/ip_set_core.c. */

import type { Span } from '../../base/span.ts';
import { isUnknown } from '../../base/ternary.ts';
import { MAX_NAME } from '../../ipset/dimensions/member.ts';
import type { Clock } from '../../ipset/element.ts';
import { readEntry } from '../../ipset/entry.ts';
import { printHeader, readHeader } from '../../ipset/header.ts';
import type { Changed } from '../../ipset/query.ts';
import type { IpSet, SetEntry } from '../../ipset/record.ts';
import { changeEntry, MOST_EXPANDED, type RunningSet, recordOf, runSet } from '../../ipset/running-set.ts';
import { typeOf } from '../../ipset/types.ts';
import { isRefused } from '../../ipset/words.ts';
import { setsOfRule } from '../../xtables/sets-of-rule.ts';
import type { Netns } from '../snapshot.ts';
import { isProblem, type Problem, problem, Words } from './words.ts';

const COMMANDS: Readonly<Record<string, Command>> = {
  create: 'create',
  '-N': 'create',
  n: 'create',
  add: 'add',
  '-A': 'add',
  del: 'del',
  '-D': 'del',
  flush: 'flush',
  '-F': 'flush',
  destroy: 'destroy',
  '-X': 'destroy',
  x: 'destroy',
  swap: 'swap',
  '-W': 'swap',
  rename: 'rename',
  '-E': 'rename',
  e: 'rename',
};
type Command = 'create' | 'add' | 'del' | 'flush' | 'destroy' | 'swap' | 'rename';
const SHOWING = /^(?:test|-T|list|-L|save|-S|version|-v|help|-h)$/;

export function applyIpset(netns: Netns, words: readonly string[], span: Span): Netns | Problem {
  const exist = words.some((word) => /^(?:-exist|--exist|-!)$/.test(word));
  const plain = words.filter((word) => !/^(?:-exist|--exist|-!|-q|-quiet|--quiet)$/.test(word));
  const [verb = '', ...rest] = plain;
  const command = COMMANDS[verb];
  if (!command)
    return problem(SHOWING.test(verb) ? 'it changes nothing' : `what \`ipset ${verb}\` does is not modelled`);
  // Without a dump of sets, what would be refused can't be told; a new set is known from its beginning.
  if (netns.ipsets === undefined && command !== 'create')
    return problem('no dump of IP sets was given (ipset save)');
  const sets = run({ netns, sets: netns.ipsets ?? [], span, exist }, command, new Words(rest));
  return isProblem(sets) ? sets : { ...netns, ipsets: [...sets] };
}

interface Run {
  readonly netns: Netns;
  readonly sets: readonly IpSet[];
  readonly span: Span;
  readonly exist: boolean;
}

type Outcome = readonly IpSet[] | Problem;

function run(at: Run, command: Command, words: Words): Outcome {
  const name = words.take();
  if (name === undefined) {
    if (command === 'flush') return at.sets.map((set) => ({ ...set, entries: [] }));
    return command === 'destroy' ? destroyAll(at) : problem('a set must be named');
  }
  if (command === 'create') return create(at, name, words.rest());
  const set = at.sets.find((each) => each.name === name);
  if (!set) return problem(`there is no set ${name}`);
  switch (command) {
    case 'add':
    case 'del':
      return change(at, command, set, words.rest());
    case 'flush':
      return replaced(at, set, { ...set, entries: [] });
    case 'destroy':
      return isReferred(at, name) ? problem(`set ${name} is in use`) : at.sets.filter((each) => each !== set);
    case 'swap':
      return swap(at, set, words.take() ?? '');
    case 'rename':
      return rename(at, set, words.take() ?? '');
  }
}

function create(at: Run, name: string, words: readonly string[]): Outcome {
  if (name.length > MAX_NAME) return problem(`a set's name has at most ${MAX_NAME} characters`);
  const header = readHeader(words);
  if (isRefused(header)) return problem(header.refused);
  const older = at.sets.find((set) => set.name === name);
  if (!older) return [...at.sets, { name, header, entries: [], span: at.span }];
  const same =
    printHeader(older.header).replace(/ hashsize.*/, '') === printHeader(header).replace(/ hashsize.*/, '');
  return at.exist && same ? at.sets : problem(`there is a set ${name} already`);
}

function change(at: Run, command: 'add' | 'del', set: IpSet, words: readonly string[]): Outcome {
  if (!set.entries) return problem(`the elements of set ${set.name} were not dumped (ipset save)`);
  const entry = readEntry(words, set.header, at.span);
  if (isRefused(entry)) return problem(entry.refused);
  if (command === 'del' && entry.nomatch) return problem('nomatch is no option of ipset del');
  const missing = lackingMember(at, entry);
  if (missing !== undefined) return problem(`there is no set ${missing} that can be a member`);
  const clock: Clock = { now: 0, journal: undefined };
  const running = runSet(set, clock, NO_MEMBERS, { left: MOST_EXPANDED });
  const changed = changeEntry(running, command, entry, at.exist, MOST_AT_ONCE);
  if (changed !== 'done') return problem(sayChange(changed, running));
  // Elements keep the place they were read from.
  const places = new Map(set.entries.map((each) => [JSON.stringify(each.parts, textOfBigint), each.span]));
  const { entries = [] } = recordOf(running, clock, at.span);
  const placed = entries.map((each) => ({
    ...each,
    span: places.get(JSON.stringify(each.parts, textOfBigint)) ?? at.span,
  }));
  return replaced(at, set, { ...set, entries: placed });
}

/** Elements that one command may add: a range of more is refused rather than expanded. */
const MOST_AT_ONCE = 1 << 17;
const NO_MEMBERS = { test: () => 'out' as const, change: () => 'done' as const };

function textOfBigint(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}` : value;
}

function sayChange(changed: Changed | 'many', { header }: RunningSet): string {
  if (isUnknown(changed)) return changed.why;
  switch (changed) {
    case 'exists':
      return 'the element is in the set already';
    case 'missing':
      return 'the element is not in the set';
    case 'full':
      return `the set is full (maxelem ${header.maxelem})`;
    case 'range':
      return 'the element is out of the range of the set';
    case 'many':
      return `more than ${MOST_AT_ONCE} elements at once are not applied`;
    default:
      return 'the kernel takes no such element';
  }
}

/** Of a list: a member that isn't there, or is a list itself. */
function lackingMember({ sets }: Run, { parts }: SetEntry): string | undefined {
  const names = parts.flatMap((part) => (part.kind === 'member' ? [part.name, part.place?.name] : []));
  return names
    .filter((name) => name !== undefined)
    .find((name) => !sets.some((set) => set.name === name && typeOf(set.header).store !== 'list'));
}

function destroyAll(at: Run): Outcome {
  const used = at.sets.find(({ name }) => isReferred(at, name));
  return used ? problem(`set ${used.name} is in use`) : [];
}

/** The names change places and with them what rules and lists mean by them. */
function swap(at: Run, set: IpSet, name: string): Outcome {
  const other = at.sets.find((each) => each.name === name);
  if (!other) return problem(`there is no set ${name}`);
  if (featuresOf(set) !== featuresOf(other))
    return problem(`${set.name} and ${name} are of types that can't be swapped`);
  return at.sets.map((each) => {
    if (each === set) return { ...other, name: set.name };
    return each === other ? { ...set, name: other.name } : each;
  });
}

/** ip_set_swap(): type->features and the family. */
function featuresOf({ header }: IpSet): string {
  const type = typeOf(header);
  const kinds = type.dimensions.map(({ name }) => (name === 'net' ? 'ip' : name));
  return `${kinds.join()} ${type.nomatch ?? false} ${header.family}`;
}

function rename(at: Run, set: IpSet, name: string): Outcome {
  if (name === '' || name.length > MAX_NAME) return problem(`a set's name has 1 to ${MAX_NAME} characters`);
  if (at.sets.some((each) => each.name === name)) return problem(`there is a set ${name} already`);
  if (isReferred(at, set.name)) return problem(`set ${set.name} is in use`);
  return replaced(at, set, { ...set, name });
}

function replaced({ sets }: Run, older: IpSet, newer: IpSet): IpSet[] {
  return sets.map((each) => (each === older ? newer : each));
}

/** By a rule, or by a list of sets. */
function isReferred(at: Run, name: string): boolean {
  const isMember = ({ entries }: IpSet): boolean =>
    entries?.some(({ parts }) => parts.some((part) => part.kind === 'member' && part.name === name)) ?? false;
  return ofRules(at.netns).has(name) || at.sets.some(isMember);
}

function ofRules({ rulesets4 = [], rulesets6 = [] }: Netns): Set<string> {
  const names = new Set<string>();
  for (const { tables } of [...rulesets4, ...rulesets6]) {
    for (const { chains } of tables.values()) {
      for (const { rules } of chains.values())
        for (const rule of rules) for (const name of setsOfRule(rule)) names.add(name);
    }
  }
  return names;
}
