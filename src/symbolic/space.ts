/**
 * The packet space that rulesets are compared in: one variable for each bit of each header field, interfaces by classes, and one for
 * each condition that no header decides. Such a condition may hold or not, independently of everything: it is treated as both.
 */
import type { Family } from '../net/ip.ts';
import { PROTOCOL } from '../net/protocol.ts';
import type { Rule, Ruleset } from '../xtables/rule.ts';
import { type Alphabet, createAlphabet, patternsOf } from './alphabet.ts';
import { ALL, Bdd, type BddLimits, NONE, type Node } from './bdd.ts';
import {
  ADDRESS_TYPES,
  createLayout,
  FIELDS,
  type Field,
  type InterfaceField,
  type Layout,
  PACKET_TYPES,
  STATES,
} from './layout.ts';
import { atLeast, bitAt, inRange, type Vector } from './vector.ts';

export interface SpaceSettings {
  readonly family: Family;
  readonly rulesets: readonly Ruleset[];
  /** Devices that are told apart although no rule names them. */
  readonly interfaces?: readonly string[];
  /** Can rules see later fragments? Not where connection tracking joins them first. */
  readonly fragments?: boolean;
  readonly limits?: BddLimits;
}

/** A condition that no header field decides. */
export interface Opaque {
  readonly level: number;
  readonly text: string;
}

export class Space {
  readonly bdd: Bdd;
  readonly family: Family;
  readonly layout: Layout;
  readonly alphabets: Readonly<Record<InterfaceField, Alphabet>>;
  /** Packets there can be: codes that stand for something, states that a connection can have. */
  readonly domain: Node;
  /** Variables from here on stand for conditions that no header decides. */
  readonly firstOpaque: number;
  private readonly variables: Readonly<Record<Field, Vector>>;
  private readonly byKey = new Map<string, Opaque>();
  private next: number;

  constructor({ family, rulesets, interfaces = [], fragments = false, limits }: SpaceSettings) {
    this.family = family;
    this.bdd = new Bdd(limits);
    const patterns = patternsOf(allRules(rulesets));
    const devices = interfaces.map((name) => ({ name, wildcard: false }));
    const ports = createAlphabet(patterns.ports);
    this.alphabets = {
      iif: createAlphabet([...patterns.iif, ...devices]),
      oif: createAlphabet([...patterns.oif, ...devices]),
      physin: ports,
      physout: ports,
    };
    this.layout = createLayout(family, {
      iif: this.alphabets.iif.names.length,
      oif: this.alphabets.oif.names.length,
      physin: ports.names.length,
      physout: ports.names.length,
    });
    this.variables = Object.fromEntries(
      FIELDS.map((field) => [field, this.layout[field].map((level) => this.bdd.variable(level))]),
    ) as unknown as Record<Field, Vector>;
    this.firstOpaque = Math.max(...FIELDS.flatMap((field) => this.layout[field])) + 1;
    this.next = this.firstOpaque;
    this.domain = this.possible(fragments);
  }

  /** The field as the packet had it when it came. */
  field(field: Field): Vector {
    return this.variables[field];
  }

  equals(field: Field, value: number | bigint, mask?: number | bigint): Node {
    const levels = this.layout[field];
    let set: Node = ALL;
    for (let place = 0; place < levels.length; place++) {
      const level = levels[levels.length - 1 - place] as number;
      const wanted = bitAt(value, place);
      if (mask === undefined || bitAt(mask, place))
        set = wanted ? this.bdd.make(level, NONE, set) : this.bdd.make(level, set, NONE);
      else if (wanted) return NONE;
    }
    return set;
  }

  inRange(field: Field, min: number | bigint, max: number | bigint): Node {
    if (min === max) return this.equals(field, min);
    return inRange(this.bdd, this.field(field), min, max);
  }

  /** Where a field has one of the values. */
  oneOf(field: Field, values: readonly number[]): Node {
    return values.reduce((set, value) => this.bdd.or(set, this.equals(field, value)), NONE);
  }

  /** The condition that nothing decides, by its key; `text` is how it is told. Equal keys are one condition. */
  opaque(key: string, text: string): Node {
    return this.bdd.variable(this.opaqueLevel(key, text));
  }

  /** Bits that nothing decides. */
  opaqueBits(key: string, text: string, width: number): Node[] {
    return Array.from({ length: width }, (_, i) => this.opaque(`${key} bit ${i}`, text));
  }

  /** The undecided conditions that a set depends on. */
  opaquesIn(node: Node): Opaque[] {
    if (this.byKey.size === 0) return [];
    const levels = new Set(this.bdd.support(node));
    return [...this.byKey.values()].filter(({ level }) => levels.has(level));
  }

  get opaques(): Iterable<Opaque> {
    return this.byKey.values();
  }

  private opaqueLevel(key: string, text: string): number {
    const found = this.byKey.get(key);
    if (found) return found.level;
    const made = { level: this.next++, text };
    this.byKey.set(key, made);
    return made.level;
  }

  private possible(fragments: boolean): Node {
    const { bdd } = this;
    const below = (field: Field, count: number): Node => this.inRange(field, 0, count - 1);
    const state = (name: (typeof STATES)[number]): Node => this.equals('state', STATES.indexOf(name));
    const implies = (left: Node, right: Node): Node => bdd.or(bdd.not(left), right);
    const untouched = ['direction', 'sourceNat', 'destinationNat'] as const;
    const plain = untouched.reduce((set, field) => bdd.and(set, this.equals(field, 0)), ALL);
    const entry = bdd.or(bdd.or(state('NEW'), state('ESTABLISHED')), state('RELATED'));
    const seenReply = this.equals('status', 2, 2);
    let set = ALL;
    for (const field of ['iif', 'oif'] as const) set = bdd.and(set, below(field, this.alphabets[field].none));
    for (const field of ['physin', 'physout'] as const)
      set = bdd.and(set, below(field, this.alphabets[field].names.length));
    set = bdd.and(set, this.states());
    set = bdd.and(set, below('packetType', PACKET_TYPES.length));
    set = bdd.and(set, implies(state('NEW'), bdd.diff(plain, seenReply)));
    set = bdd.and(set, implies(state('ESTABLISHED'), seenReply));
    set = bdd.and(set, bdd.or(entry, bdd.and(plain, this.equals('status', 0))));
    set = bdd.and(set, implies(this.equals('hasMac', 0), this.equals('mac', 0)));
    for (const side of ['source', 'destination'] as const) set = bdd.and(set, this.typesOf(side));
    set = bdd.and(set, this.lengths());
    if (!fragments) set = bdd.and(set, this.equals('fragment', 0));
    return set;
  }

  /** Of what no rule exempts, conntrack leaves out what IPv6 finds its neighbours with: nf_conntrack_icmpv6_error(). */
  private states(): Node {
    const { bdd } = this;
    const known = this.inRange('state', 0, STATES.length - 1);
    const untracked = this.equals('state', STATES.indexOf('UNTRACKED'));
    if (this.family === 4) return bdd.diff(known, untracked);
    const exempt = bdd.and(
      this.equals('protocol', PROTOCOL['ipv6-icmp']),
      bdd.or(this.inRange('icmpType', 130, 136), this.equals('icmpType', 143)),
    );
    return bdd.diff(known, bdd.xor(exempt, untracked));
  }

  /** What an address alone says of its type: inet_addr_type(), net/ipv4/fib_frontend.c. */
  private typesOf(side: 'source' | 'destination'): Node {
    const { bdd } = this;
    const type = (name: (typeof ADDRESS_TYPES)[number]): Node =>
      this.equals(`${side}Type`, ADDRESS_TYPES.indexOf(name));
    const known = this.inRange(`${side}Type`, 0, ADDRESS_TYPES.length - 1);
    if (this.family === 6) return known;
    const group = this.equals(side, 0xe0000000, 0xf0000000);
    const broadcast = bdd.or(this.equals(side, 0), this.equals(side, 0xffffffff));
    const others = bdd.and(known, bdd.diff(bdd.not(type('MULTICAST')), bdd.or(group, broadcast)));
    return bdd.or(bdd.or(bdd.and(group, type('MULTICAST')), bdd.and(broadcast, type('BROADCAST'))), others);
  }

  /** Packets whose headers are whole. */
  private lengths(): Node {
    const { bdd, family } = this;
    const ip = family === 4 ? 20 : 40;
    const tcp = this.equals('protocol', PROTOCOL.tcp);
    const length = this.field('length');
    return bdd.ite(tcp, atLeast(bdd, length, ip + 20), atLeast(bdd, length, ip + 12));
  }
}

export function* allRules(rulesets: readonly Ruleset[]): Generator<Rule> {
  for (const { tables } of rulesets) {
    for (const { chains } of tables.values()) for (const { rules } of chains.values()) yield* rules;
  }
}
