/**
 * Which packets come to each rule of a table, and what the rules before it took of them, for all packets at once. A packet that comes
 * to a built-in chain may be anything that its hook allows, whatever other tables did to it; what no header decides may hold or not;
 * sets may hold anything. What no packet of these does, none does.
 */
import { addTo } from '../base/group-by.ts';
import { once } from '../base/memo.ts';
import { BddFull, NONE, type Node } from '../symbolic/bdd.ts';
import { STATES } from '../symbolic/layout.ts';
import type { PacketState } from '../symbolic/packet-state.ts';
import { Space } from '../symbolic/space.ts';
import { changedSets } from '../symbolic/survey.ts';
import { type Base, type Visit, type WalkContext, Walker } from '../symbolic/walk.ts';
import { conntrackUsers, defragmentUsers } from '../xtables/load.ts';
import {
  BUILTIN_CHAINS,
  type Chain,
  type Hook,
  type Rule,
  type Ruleset,
  type Table,
} from '../xtables/rule.ts';
import { isEnding, isJump } from './rules.ts';

/** Rules walked through at most: a ruleset in which chains lead to chains many times over is not looked at. */
const MOST_VISITS = 400_000;
/** So many are tried to be left out. */
const MOST_TAKERS = 60;
const LIMITS = { nodes: 12_000_000, steps: 200_000_000 };

/** What an earlier rule of the chain took of a rule's packets. */
export interface Taker {
  readonly rule: Rule;
  readonly number: number;
  /** It takes all of them by itself. */
  readonly all: boolean;
}

/** All that is known of one rule over all ways to it. */
export interface RuleReach {
  /** Some packet comes to it that it matches. */
  readonly live: boolean;
  /** Of a rule that isn't: what its conditions fit of the packets that come into its chain. */
  readonly wanted: Node;
  readonly takers: readonly Taker[];
}

/** A visit of a rule in a built-in chain, for asking what else would become of its packets. */
export interface Decision {
  readonly base: Base;
  readonly rule: Rule;
  readonly number: number;
  readonly matched: Node;
  readonly state: PacketState;
}

export interface TableReach {
  readonly space: Space;
  /** As it was walked: in the nat table translations are plain ends. */
  readonly table: Table;
  readonly context: WalkContext;
  /** Of every rule in a chain that packets come to. */
  readonly rules: ReadonlyMap<Rule, RuleReach>;
  readonly decisions: readonly Decision[];
  /** The packets that a rule's conditions fit by themselves, in any of these hooks. */
  fitting(rule: Rule, hooks: Iterable<Hook>): Node;
  /** By built-in chain: what it lets go on. */
  readonly accepted: ReadonlyMap<Hook, Node>;
}

/** By table; undefined where it would take too long. */
export const reachOf: (ruleset: Ruleset) => (table: Table) => TableReach | undefined = once(
  (ruleset: Ruleset) =>
    once((table: Table) => {
      try {
        return new Survey(ruleset, table).done();
      } catch (error) {
        if (error instanceof BddFull || error instanceof TooMany) return undefined;
        throw error;
      }
    }),
);

class TooMany extends Error {}

/** One for all tables of a ruleset: none of them needs much of it. */
const spaces = new WeakMap<Ruleset, Space>();

function spaceOf(ruleset: Ruleset): Space {
  const { family } = ruleset;
  const known = spaces.get(ruleset);
  if (known) return known;
  const space = new Space({
    family,
    rulesets: [ruleset],
    interfaces: ['lo'],
    fragments: true,
    limits: LIMITS,
  });
  spaces.set(ruleset, space);
  return space;
}

const TRANSLATING = new Set(['DNAT', 'SNAT', 'MASQUERADE', 'REDIRECT', 'NETMAP']);

/** One walk through a chain: what came into it, and what each rule took. */
interface Frame {
  readonly chain: Chain;
  readonly entry: Node;
  readonly taken: Taken[];
  /** The rule that was visited last, of which it isn't known yet what it took. */
  open: Open | undefined;
}

interface Open {
  readonly rule: Rule;
  readonly number: number;
  readonly reach: Node;
  readonly matched: Node;
  /** What its conditions fit, whatever comes to it. */
  readonly own: Node;
}

interface Taken {
  readonly rule: Rule;
  readonly number: number;
  /** What it would take if it stood alone; of a jump, what it took. */
  readonly node: Node;
}

class Survey {
  private readonly ruleset: Ruleset;
  private readonly table: Table;
  private readonly space: Space;
  private readonly context: WalkContext;
  private readonly rules = new Map<Rule, RuleReach>();
  private readonly decisions: Decision[] = [];
  private readonly frames = new Map<Chain, Frame[]>();
  private readonly accepted = new Map<Hook, Node>();
  /** Of rules and chains that were made plain, those of the dump. */
  private readonly originals = new Map<Rule, Rule>();
  private stack: Frame[] = [];
  private visits = 0;
  private walker: Walker;

  constructor(ruleset: Ruleset, original: Table) {
    const table = this.plain(original);
    this.ruleset = ruleset;
    this.table = table;
    this.space = spaceOf(ruleset);
    const changed = changedSets([ruleset]);
    const numbers = new Map<Rule, number>();
    this.context = {
      space: this.space,
      set: () => undefined,
      changes: (name) => changed.has(name),
      instance: (rule) => {
        const number = numbers.get(rule) ?? numbers.size;
        numbers.set(rule, number);
        return `rule ${number}`;
      },
      visit: (visit) => this.visit(visit),
    };
    this.walker = new Walker(this.context);
  }

  done(): TableReach {
    const { space, table, ruleset, context } = this;
    for (const hook of BUILTIN_CHAINS[table.name]) {
      const chain = table.chains.get(hook);
      if (!chain) continue;
      this.walker = new Walker(context);
      this.stack = [];
      const left = this.walker.base({ ruleset, table, chain, hook }, this.region(hook));
      this.accepted.set(hook, left);
      this.closeAbove(0);
    }
    this.unvisited();
    return {
      space,
      table,
      context: { ...context, visit: () => {} },
      rules: new Map([...this.rules].map(([rule, reach]) => [this.original(rule), reach])),
      decisions: this.decisions,
      accepted: this.accepted,
      fitting: (rule, hooks) => {
        const own = this.walker.matches(ruleset, rule);
        const { bdd } = space;
        return [...hooks].reduce((set, hook) => bdd.or(set, bdd.and(own, this.region(hook))), NONE);
      },
    };
  }

  /** Of the nat table it matters here only that a translation ends the walk: what addresses come of it nothing of the table asks. */
  private plain(table: Table): Table {
    if (table.name !== 'nat') return table;
    const chains = [...table.chains.values()].map((chain) => ({
      ...chain,
      rules: chain.rules.map((rule) => {
        if (rule.target?.kind !== 'extension' || !TRANSLATING.has(rule.target.name)) return rule;
        const plain: Rule = { ...rule, target: { kind: 'verdict', verdict: 'ACCEPT' } };
        this.originals.set(plain, rule);
        return plain;
      }),
    }));
    return { ...table, chains: new Map(chains.map((chain) => [chain.name, chain])) };
  }

  private original(rule: Rule): Rule {
    return this.originals.get(rule) ?? rule;
  }

  /** Everything that may come to a chain of the hook. */
  private region(hook: Hook): Node {
    const { space, table } = this;
    const { bdd } = space;
    let set = space.inRange('state', 0, STATES.length - 1);
    const device = (field: 'iif' | 'oif', there: boolean | undefined): void => {
      const { none } = space.alphabets[field];
      const named = none === 0 ? NONE : space.inRange(field, 0, none - 1);
      const absent = space.equals(field, none);
      set = bdd.and(set, there === undefined ? bdd.or(named, absent) : there ? named : absent);
    };
    const incoming = hook === 'PREROUTING' || hook === 'INPUT' || hook === 'FORWARD';
    device('iif', incoming ? true : hook === 'OUTPUT' ? false : undefined);
    device('oif', hook !== 'PREROUTING' && hook !== 'INPUT');
    for (const field of ['physin', 'physout'] as const)
      set = bdd.and(set, space.inRange(field, 0, space.alphabets[field].names.length - 1));
    // The first packet of a connection, and that of an expected one.
    if (table.name === 'nat')
      set = bdd.and(
        set,
        space.oneOf(
          'state',
          (['NEW', 'RELATED'] as const).map((state) => STATES.indexOf(state)),
        ),
      );
    if (this.joinsFragments()) set = bdd.and(set, space.equals('fragment', 0));
    return set;
  }

  /** Connection tracking puts fragments together before rules see them. Who asks for fragments has them in mind all the same. */
  private joinsFragments(): boolean {
    if (!conntrackUsers(this.ruleset) && !defragmentUsers(this.ruleset)) return false;
    for (const { rules } of this.table.chains.values())
      if (rules.some(({ fragment }) => fragment)) return false;
    return true;
  }

  private visit({ base, chain, rule, number, reach, matched, state }: Visit): void {
    if (++this.visits > MOST_VISITS) throw new TooMany();
    if (number === 1) {
      // Whoever jumped here is the last one that was visited.
      this.stack.push({ chain, entry: reach, taken: [], open: undefined });
    } else {
      let at = this.stack.length - 1;
      while (at >= 0 && this.stack[at]?.chain !== chain) at--;
      this.closeAbove(at + 1);
    }
    const frame = this.stack.at(-1);
    if (!frame) return;
    if (frame.open) this.close(frame, reach);
    const own = state.now(this.walker.matches(this.ruleset, rule));
    frame.open = { rule, number, reach, matched, own };
    if (matched !== NONE) this.rules.set(rule, LIVE);
    else if (this.rules.get(rule) !== LIVE) this.rules.set(rule, this.missed(rule, frame, own));
    if (chain === base.chain && matched !== NONE)
      this.decisions.push({ base, rule, number, matched, state: state.copy() });
  }

  private close(frame: Frame, reach: Node): void {
    const { open } = frame;
    if (!open) return;
    const { rule, number, own, matched } = open;
    if (isJump(rule.target)) {
      const node = this.space.bdd.diff(open.reach, reach);
      if (node !== NONE) frame.taken.push({ rule, number, node });
    } else if (matched !== NONE && isEnding(rule)) frame.taken.push({ rule, number, node: own });
    frame.open = undefined;
  }

  /** Walks that have come to an end. One that ended before its chain's last rule had no packets left. */
  private closeAbove(height: number): void {
    for (const frame of this.stack.splice(height)) {
      const last = frame.open?.number === frame.chain.rules.length;
      if (!last) this.close(frame, NONE);
      addTo(this.frames, frame.chain, frame);
    }
  }

  /** Rules that take all of these packets, as few as will do: the first that takes all alone, else several without any that isn't needed. */
  private takersOf(frame: Frame, wanted: Node): Taker[] {
    const { bdd } = this.space;
    if (wanted === NONE) return [];
    const taking = frame.taken.filter(({ node }) => bdd.and(node, wanted) !== NONE);
    const whole = taking.find(({ node }) => bdd.diff(wanted, node) === NONE);
    if (whole) return [{ rule: whole.rule, number: whole.number, all: true }];
    return this.fewest(taking, wanted).map(({ rule, number }) => ({ rule, number, all: false }));
  }

  private fewest(taking: readonly Taken[], wanted: Node): readonly Taken[] {
    const { bdd } = this.space;
    let kept: readonly Taken[] = taking;
    for (const each of taking.slice(0, MOST_TAKERS)) {
      const others = kept.filter((other) => other !== each);
      const left = others.reduce((set, { node }) => bdd.diff(set, node), wanted);
      if (left === NONE) kept = others;
    }
    return kept;
  }

  /** One more way on which the rule has matched nothing. */
  private missed(rule: Rule, frame: Frame, own: Node): RuleReach {
    const { bdd } = this.space;
    const known = this.rules.get(rule) ?? { live: false, wanted: NONE, takers: [] };
    const wanted = bdd.and(frame.entry, own);
    return {
      live: false,
      wanted: bdd.or(known.wanted, wanted),
      takers: merged(known.takers, this.takersOf(frame, wanted)),
    };
  }

  /** Rules that no walk came to, in chains to which some did: all packets were taken before. */
  private unvisited(): void {
    for (const [chain, frames] of this.frames) {
      for (const rule of chain.rules) {
        if (this.rules.has(rule)) continue;
        const own = this.walker.matches(this.ruleset, rule);
        for (const frame of frames) this.rules.set(rule, this.missed(rule, frame, own));
      }
    }
  }
}

const LIVE: RuleReach = { live: true, wanted: NONE, takers: [] };

/** Of several ways, who takes all of them on one may not on another. */
function merged(left: readonly Taker[], right: readonly Taker[]): readonly Taker[] {
  if (left.length === 0) return right;
  const taken = new Map(left.map((taker) => [taker.rule, taker]));
  for (const taker of right) {
    const known = taken.get(taker.rule);
    taken.set(taker.rule, known ? { ...taker, all: known.all && taker.all } : { ...taker, all: false });
  }
  const both = new Set(right.map(({ rule }) => rule));
  return [...taken.values()]
    .map((taker) => (right.length === 0 || both.has(taker.rule) ? taker : { ...taker, all: false }))
    .toSorted((a, b) => a.number - b.number);
}
