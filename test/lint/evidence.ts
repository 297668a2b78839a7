/** What the kernel model does with packets made for one rule: does it ever get them, and does anything change without it? */
import { rulesOnly } from '../../src/difference/rule-replay.ts';
import { hooksReaching, jumpsTo } from '../../src/lint/graph.ts';
import type { RuleRef } from '../../src/lint/rules.ts';
import type { Ip } from '../../src/net/ip.ts';
import { createNet, type Net } from '../../src/netstack/net.ts';
import type { BaseChain } from '../../src/netstack/netfilter/tables.ts';
import { NetView } from '../../src/netstack/netfilter/view.ts';
import { walkTable } from '../../src/netstack/netfilter/walk.ts';
import type { AddressType } from '../../src/xtables/context.ts';
import { matchRule } from '../../src/xtables/evaluate.ts';
import { printMatch } from '../../src/xtables/print.ts';
import type { Hook, Rule, Ruleset } from '../../src/xtables/rule.ts';
import { packetAt } from './packet-at.ts';
import { type Draft, Packets, poolsOf, type Random, randomFrom } from './packets.ts';

/** Matches that a packet's own header, interfaces, marks and connection decide. */
const DECIDED = new Set(
  'tcp udp udplite multiport icmp icmp6 mark connmark conntrack state length ttl hl tos dscp iprange mac pkttype addrtype physdev comment'.split(
    ' ',
  ),
);

/** Two rules that ask the same are answered alike by all others but these. */
const COUNTING = new Set('limit hashlimit recent statistic quota connlimit connbytes rateest'.split(' '));

/** A packet as it comes to a hook, with the answers to what its header doesn't decide. */
interface Trial {
  readonly draft: Draft;
  readonly hook: Hook;
  readonly seed: number;
}

interface Fate {
  readonly verdict: string;
  readonly matched: ReadonlySet<Rule>;
}

/** One ruleset in the model. */
export class Model {
  readonly ruleset: Ruleset;
  private readonly net: Net;

  constructor(ruleset: Ruleset) {
    this.ruleset = ruleset;
    this.net = createNet(rulesOnly([opened(ruleset)], undefined));
  }

  /** Through the chains of one table, from the hook's built-in one on. */
  fate(table: string, { draft, hook, seed }: Trial): Fate {
    const { net } = this;
    const { family } = this.ruleset;
    const tables = net.tables[family];
    const base = this.baseOf(table, hook);
    const matched = new Set<Rule>();
    if (!base) return { verdict: 'no chain', matched };
    const skb = packetAt(draft, hook, table);
    const verdict = walkTable({
      tables,
      base,
      skb,
      view: new TrialView(net, seed),
      hooks: {
        step: (step) => {
          if (step.kind !== 'rule') return;
          const { tables: own } = this.ruleset;
          const rule = own.get(base.table.name)?.chains.get(step.chain)?.rules[step.number - 1];
          if (rule) matched.add(rule);
        },
        nat: () => true,
        tproxy: () => true,
        tee: () => undefined,
        decide: (rule) => openAnswer(rule, family, seed),
        undecided: () => undefined,
      },
    });
    const answer = verdict.kind === 'reject' ? `reject ${verdict.with}` : verdict.kind;
    return { verdict: `${answer}, mark ${skb.mark}`, matched };
  }

  private baseOf(table: string, hook: Hook): BaseChain | undefined {
    const { hooks, nat } = this.net.tables[this.ruleset.family];
    const entries = [...hooks[hook], ...nat[hook]];
    for (const entry of entries)
      if (entry.kind === 'table' && entry.base.table.name === table) return entry.base;
    return undefined;
  }
}

/** With what counts packets left open: each packet is as if any number had come before it. */
function opened(ruleset: Ruleset): Ruleset {
  return mapRules(ruleset, (rules) =>
    rules.map((rule) => {
      if (!rule.matches.some(({ name }) => COUNTING.has(name))) return rule;
      const matches = rule.matches.map((match) =>
        COUNTING.has(match.name)
          ? { ...match, info: { unparsed: printMatch(match, ruleset.family).slice(1), why: 'it counts' } }
          : match,
      );
      return { ...rule, matches };
    }),
  );
}

/** Do the conditions hold that no header decides? Each by its words, so that it is the same wherever it is asked. */
function openAnswer(rule: Rule, family: 4 | 6, seed: number): boolean {
  return rule.matches
    .filter(({ name }) => !DECIDED.has(name))
    .every((match) => {
      const words = printMatch(match, family).join(' ') + (COUNTING.has(match.name) ? rule.span.line : '');
      return randomFrom(seed ^ hashOf(words))() < 0.6;
    });
}

function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return hash;
}

/** Types of addresses may be any that the address allows; what routes and sockets would say is left open. */
class TrialView extends NetView {
  private readonly seed: number;

  constructor(net: Net, seed: number) {
    super(net, 0, undefined, {});
    this.seed = seed;
  }

  override hasAddressType(ip: Ip, types: readonly AddressType[]): boolean {
    return types.includes(this.typeOf(ip));
  }

  override reversePath() {
    return { why: 'routes are not known' };
  }

  private typeOf(ip: Ip): AddressType {
    if (typeof ip === 'number') {
      if (ip >>> 28 === 0xe) return 'MULTICAST';
      if (ip === 0 || ip === 0xffffffff) return 'BROADCAST';
    }
    const random = randomFrom(this.seed ^ Number(BigInt(ip) & 0xffffffffn));
    return (['UNICAST', 'LOCAL', 'LOCAL', 'BROADCAST'] as const)[Math.floor(random() * 4)] ?? 'UNICAST';
  }
}

/** Packets that the rule matches when it is asked alone, on their way to its chain wherever jumps can bring them. */
export class Trials {
  private readonly packets: Packets;
  private readonly random: Random;
  private readonly model: Model;
  private readonly table: RuleRef['table'];

  constructor(model: Model, table: RuleRef['table'], seed: number) {
    this.model = model;
    this.table = table;
    this.random = randomFrom(seed);
    this.packets = new Packets(table, model.ruleset.family, this.random);
  }

  /** @param near rules at whose borders to look @returns as many as are asked for, or fewer where the rule is hard to meet */
  *for(ref: RuleRef, near: readonly Rule[], count: number, attempts = count * 12): Generator<Trial> {
    const { table, ruleset, chain, rule } = ref;
    const reaching = [...(hooksReaching(table).get(chain.name) ?? [])];
    const hooks = reaching.length > 0 ? reaching : hooksOf(table.name);
    const pools = poolsOf([...near.slice(0, 60), rule]);
    const bare = { ...rule, matches: rule.matches.filter(({ name }) => DECIDED.has(name)) };
    for (let made = 0, tried = 0; made < count && tried < attempts; tried++) {
      const hook = this.packets.one(hooks);
      const way = this.packets.chance(0.7) ? this.wayTo(ref) : [];
      const trial: Trial = {
        draft: this.packets.draft([...way, rule], pools),
        hook,
        seed: Math.floor(this.random() * 0xffffffff),
      };
      if (!this.matches(bare, trial, ruleset)) continue;
      made++;
      yield trial;
    }
  }

  matches(rule: Rule, { draft, hook, seed }: Trial, { backend }: Ruleset): boolean {
    const result = matchRule(rule, {
      skb: packetAt(draft, hook, this.table.name),
      hook,
      table: this.table.name,
      rule,
      backend,
      namespace: new TrialView(createNetOnce(this.model.ruleset), seed),
      state: { rule: new Map(), shared: new Map() },
      hotdrop: false,
    });
    return result !== false;
  }

  /** Jumps that lead there from a built-in chain, one way of them. */
  private wayTo({ ruleset, table, chain }: RuleRef): Rule[] {
    const way: Rule[] = [];
    const seen = new Set<string>();
    for (let at = chain.name; !seen.has(at); ) {
      seen.add(at);
      const jumps = jumpsTo(ruleset, table, at);
      if (jumps.length === 0) break;
      const jump = this.packets.one(jumps);
      way.unshift(jump.rule);
      at = jump.chain.name;
    }
    return way;
  }
}

const nets = new WeakMap<Ruleset, Net>();

function createNetOnce(ruleset: Ruleset): Net {
  const made = nets.get(ruleset) ?? createNet(rulesOnly([ruleset], undefined));
  nets.set(ruleset, made);
  return made;
}

function hooksOf(table: string): readonly Hook[] {
  if (table === 'filter' || table === 'security') return ['INPUT', 'FORWARD', 'OUTPUT'];
  if (table === 'nat') return ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'];
  if (table === 'raw') return ['PREROUTING', 'OUTPUT'];
  return ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];
}

/** The ruleset without those rules. */
export function without(ruleset: Ruleset, gone: ReadonlySet<Rule>): Ruleset {
  return mapRules(ruleset, (rules) => rules.filter((rule) => !gone.has(rule)));
}

function mapRules(ruleset: Ruleset, change: (rules: readonly Rule[]) => Rule[]): Ruleset {
  const tables = [...ruleset.tables].map(([name, table]) => {
    const chains = [...table.chains].map(
      ([key, chain]) => [key, { ...chain, rules: change(chain.rules) }] as const,
    );
    return [name, { ...table, chains: new Map(chains) }] as const;
  });
  return { ...ruleset, tables: new Map(tables) };
}
