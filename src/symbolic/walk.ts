/** ipt_do_table(), net/ipv4/netfilter/ip_tables.c, for all packets of a set at once. */
import type { IpSet } from '../ipset/record.ts';
import { isUnparsed } from '../xtables/extension.ts';
import { printTarget } from '../xtables/print.ts';
import type { Chain, Hook, Rule, Ruleset, Table } from '../xtables/rule.ts';
import type { RejectInfo } from '../xtables/targets/REJECT.ts';
import { ALL, NONE, type Node } from './bdd.ts';
import { PacketState } from './packet-state.ts';
import { ruleSet } from './rule-set.ts';
import type { Space } from './space.ts';
import { TARGET_EFFECTS, type TargetOutcome } from './target-effects.ts';

/** A built-in chain, as packets get to it. */
export interface Base {
  readonly ruleset: Ruleset;
  readonly table: Table;
  readonly chain: Chain;
  readonly hook: Hook;
}

/** The rule that decided about packets, or the policy. */
export interface Place {
  readonly ruleset: Ruleset;
  readonly table: Table;
  readonly chain: Chain;
  /** Absent for the policy of a chain. */
  readonly rule?: Rule;
  /** From 1; 0 for the policy. */
  readonly number: number;
}

/** The packets of `reach` that are in `set`: that is computed where somebody asks. */
export interface Share {
  readonly reach: Node;
  readonly set: Node;
}

/** Packets that go no further. */
export interface End extends Share {
  readonly kind: 'drop' | 'reject' | 'queue' | 'stop';
  /** What a REJECT answers; the target's words for what else stops a packet. */
  readonly text: string;
  /** Absent where it was no rule. */
  readonly place?: Place;
}

/** Packets that left a table to go on, by who let them. */
export interface Accepted extends Share {
  readonly base: Base;
  readonly place: Place;
}

/** One rule, each time that packets get to it. Sets are of packets as they came. */
export interface Visit {
  readonly base: Base;
  readonly chain: Chain;
  readonly rule: Rule;
  readonly number: number;
  /** What gets to the rule, and what of it the rule matches. */
  readonly reach: Node;
  readonly matched: Node;
  /** What a packet of `matched` sees of its fields there. */
  readonly state: PacketState;
}

/** What one ruleset's state is asked while packets go through its rules. */
export interface WalkContext {
  readonly space: Space;
  /** Undefined when it was not dumped. */
  readonly set: (name: string) => IpSet | undefined;
  readonly changes: (name: string) => boolean;
  /** Equal for rules that keep the same state: see RuleContext. */
  readonly instance: (rule: Rule) => string;
  readonly visit?: (visit: Visit) => void;
}

interface Packets {
  readonly region: Node;
  readonly hull: Node;
}

/** Chains below chains; the kernel refuses rulesets that lead round in circles. */
const DEEPEST = 128;
/** Steps of a rule that is gone through: chains that jump twice to the next one are passed as often as two to the power of their number. */
const VISIT = 20;
/** Small sets that are joined before they are taken out of what is left, which may be large. */
const TOGETHER = 32;

export class Walker {
  readonly ends: End[] = [];
  readonly accepted: Accepted[] = [];
  /** Targets of which nobody knows whether a packet goes on behind them. */
  readonly unknownTargets = new Set<string>();
  state: PacketState;
  /**
   * Holds all packets that will be asked about, in few nodes: rules that match none of those are passed over without a look at what is
   * left of them.
   */
  hull: Node = ALL;
  private readonly context: WalkContext;
  private readonly sets: Map<Rule, Node>;

  constructor(context: WalkContext, state = new PacketState(context.space), sets = new Map<Rule, Node>()) {
    this.context = context;
    this.state = state;
    this.sets = sets;
  }

  /** From here on separately: what ended so far stays with both. */
  fork(): Walker {
    const fork = new Walker(this.context, this.state.copy(), this.sets);
    fork.ends.push(...this.ends);
    fork.accepted.push(...this.accepted);
    for (const text of this.unknownTargets) fork.unknownTargets.add(text);
    fork.hull = this.hull;
    return fork;
  }

  /** @returns the packets of the region that go on behind the table */
  base(base: Base, region: Node): Node {
    if (region === NONE) return NONE;
    const { bdd } = this.context.space;
    const [first, firstEnd] = [this.accepted.length, this.ends.length];
    const left = this.chain(base, base.chain, { region, hull: this.hull }, 0);
    const place: Place = { ruleset: base.ruleset, table: base.table, chain: base.chain, number: 0 };
    if (base.chain.policy === 'DROP') this.end({ kind: 'drop', text: '', place, ...all(left) });
    else this.accept(base, place, all(left));
    const [accepted, ended] = [this.accepted.slice(first), this.ends.slice(firstEnd)];
    // Every packet either goes on or ends: the fewer shares tell.
    return accepted.length <= ended.length ? this.unionOf(accepted) : bdd.diff(region, this.unionOf(ended));
  }

  /** Packets that something beside the rules stops. */
  stop(text: string, node: Node): void {
    this.end({ kind: 'stop', text, ...all(node) });
  }

  unionOf(shares: readonly Share[]): Node {
    const { bdd } = this.context.space;
    return bdd.union(shares.map(({ reach, set }) => bdd.and(reach, set)));
  }

  /** The packets that a rule matches, by their fields at the rule. */
  matches(ruleset: Ruleset, rule: Rule): Node {
    const known = this.sets.get(rule);
    if (known !== undefined) return known;
    const { space, set, changes, instance } = this.context;
    const node = ruleSet(rule, {
      space,
      backend: ruleset.backend,
      set: (name) => (changes(name) ? undefined : set(name)),
      changes,
      instance: instance(rule),
    });
    this.sets.set(rule, node);
    return node;
  }

  /** What comes back from the chain: what falls out at its end, and what a RETURN sends. */
  private chain(base: Base, chain: Chain, { region, hull }: Packets, depth: number): Node {
    const { bdd } = this.context.space;
    let rest = region;
    let returned = NONE;
    /** What rules of `rest` take that it still holds: small sets are joined before they are taken out of a large one. */
    let taken = NONE;
    let takers = 0;
    for (let at = 0; at < chain.rules.length && rest !== NONE; at++) {
      bdd.spend(VISIT);
      const rule = chain.rules[at] as Rule;
      const set = this.state.now(this.matches(base.ruleset, rule));
      const isPlain = !this.context.visit && isPlainEnd(rule);
      if (takers === (isPlain ? TOGETHER : 0) || !isPlain) {
        rest = bdd.diff(rest, taken);
        [taken, takers] = [NONE, 0];
      }
      if (isPlain) {
        const own = bdd.meets(hull, set) ? bdd.diff(set, taken) : NONE;
        if (!bdd.meets(rest, own)) continue;
        this.plainEnd(base, chain, at, { reach: rest, set: own });
        taken = bdd.or(taken, own);
        takers++;
        continue;
      }
      const within = bdd.and(hull, set);
      const matched = within === NONE ? NONE : bdd.and(rest, set);
      this.context.visit?.({
        base,
        chain,
        rule,
        number: at + 1,
        reach: rest,
        matched,
        state: this.state,
      });
      if (matched === NONE) continue;
      const place: Place = { ruleset: base.ruleset, table: base.table, chain, rule, number: at + 1 };
      const goesOn = this.take(base, place, rule, { region: matched, hull: within }, depth);
      rest = bdd.or(bdd.diff(rest, matched), goesOn.here);
      returned = bdd.or(returned, goesOn.back);
    }
    return bdd.or(bdd.diff(rest, taken), returned);
  }

  private plainEnd(base: Base, chain: Chain, at: number, share: Share): void {
    const rule = chain.rules[at] as Rule;
    const { target } = rule;
    const place: Place = { ruleset: base.ruleset, table: base.table, chain, rule, number: at + 1 };
    if (target?.kind === 'verdict' && target.verdict === 'ACCEPT') this.accept(base, place, share);
    else if (target?.kind === 'extension')
      this.end({ kind: 'reject', text: (target.info as RejectInfo).with, place, ...share });
    else this.end({ kind: 'drop', text: '', place, ...share });
  }

  /** `here`: what goes on behind the rule; `back`: what leaves the chain. */
  private take(
    base: Base,
    place: Place,
    rule: Rule,
    packets: Packets,
    depth: number,
  ): { here: Node; back: Node } {
    const { target } = rule;
    const matched = packets.region;
    if (!target) return { here: matched, back: NONE };
    switch (target.kind) {
      case 'verdict':
        if (target.verdict === 'RETURN') return { here: NONE, back: matched };
        if (target.verdict === 'ACCEPT') this.accept(base, place, all(matched));
        else
          this.end({ kind: target.verdict === 'DROP' ? 'drop' : 'queue', text: '', place, ...all(matched) });
        return { here: NONE, back: NONE };
      case 'jump':
      case 'goto': {
        const chain = base.table.chains.get(target.chain);
        if (!chain) return { here: matched, back: NONE };
        if (depth > DEEPEST) {
          this.end({ kind: 'stop', text: 'chains that lead round in circles', place, ...all(matched) });
          return { here: NONE, back: NONE };
        }
        const left = this.chain(base, chain, packets, depth + 1);
        return target.kind === 'jump' ? { here: left, back: NONE } : { here: NONE, back: left };
      }
      case 'extension':
        return this.extend(base, place, rule, matched);
    }
  }

  private extend(base: Base, place: Place, rule: Rule, matched: Node): { here: Node; back: Node } {
    const { space } = this.context;
    const { target } = rule;
    if (target?.kind !== 'extension') return { here: matched, back: NONE };
    const text = printTarget(target, space.family).join(' ').replace(/^-j /, '');
    const known = isUnparsed(target.info) ? undefined : TARGET_EFFECTS[target.name];
    if (!known) return this.either(place, text, matched);
    const outcome: TargetOutcome = known(target.info, {
      state: this.state,
      where: matched,
      text,
      hook: base.hook,
    });
    if (outcome === 'continue') return { here: matched, back: NONE };
    if (outcome === 'accept') this.accept(base, place, all(matched));
    else this.end({ kind: outcome.end, text: outcome.text, place, ...all(matched) });
    return { here: NONE, back: NONE };
  }

  /** Nobody knows the target: the packet may end there, or go on. */
  private either(place: Place, text: string, matched: Node): { here: Node; back: Node } {
    const { bdd } = this.context.space;
    this.unknownTargets.add(text);
    const stops = this.context.space.opaque(`target ${text}`, `target ${text} stops the packet`);
    this.end({ kind: 'stop', text, place, reach: matched, set: stops });
    return { here: bdd.diff(matched, stops), back: NONE };
  }

  private accept(base: Base, place: Place, share: Share): void {
    if (share.reach !== NONE) this.accepted.push({ base, place, ...share });
  }

  private end(end: End): void {
    if (end.reach !== NONE) this.ends.push(end);
  }
}

function all(node: Node): Share {
  return { reach: node, set: ALL };
}

/** What it matches ends there or leaves the table, and nothing is made of it. */
function isPlainEnd({ target }: Rule): boolean {
  if (target?.kind === 'verdict') return target.verdict === 'DROP' || target.verdict === 'ACCEPT';
  return target?.kind === 'extension' && target.name === 'REJECT' && !isUnparsed(target.info);
}
