/** Differences as classes that can be told: who decides before and after, which packets, and one of them that the model tried. */
import { formatIp } from '../net/ip.ts';
import { hasPorts, PROTOCOL, protocolName } from '../net/protocol.ts';
import { fieldsOf } from '../skb/fields.ts';
import type { Netns } from '../snapshot/snapshot.ts';
import { NONE, type Node } from '../symbolic/bdd.ts';
import { type Field, PACKET_TYPES, STATES } from '../symbolic/layout.ts';
import type { Way } from '../symbolic/path.ts';
import { type Sample, sampleOf } from '../symbolic/sample.ts';
import type { Space } from '../symbolic/space.ts';
import type { Place } from '../symbolic/walk.ts';
import { tosOf, ttlOf } from '../xtables/packet.ts';
import type { Ruleset } from '../xtables/rule.ts';
import { type Box, boxesOf } from './boxes.ts';
import type { Comparison, Side } from './compare.ts';
import { ASPECTS, type Aspect, type Difference, FIELDS_OF, type Part } from './decisions.ts';
import { Forcing } from './forced.ts';
import { packetText } from './packet-text.ts';
import type {
  DecidingRule,
  Decision,
  DiffClass,
  PacketCondition,
  PacketSet,
  SamplePacket,
} from './report.ts';
import { type RuleReplay, replayRules, rulesOnly } from './rule-replay.ts';
import { valuesOf } from './values.ts';

/** Sets that a class's packets are told by. */
const MOST_BOXES = 4;
/** Classes that one pair of decisions is split into by what is made of the packet; what is left over is one more. */
const MOST_VALUES = 8;

type Sides = Readonly<Record<'before' | 'after', Side>>;

export function classesOf(namespace: string, comparison: Comparison, sides: Sides): DiffClass[] {
  if (comparison.differences.length === 0) return [];
  const replays = {
    before: new Replays(comparison, sides.before, 'before'),
    after: new Replays(comparison, sides.after, 'after'),
  };
  return comparison.differences.flatMap((difference) =>
    split(comparison, difference).flatMap(
      (node) => classOf(namespace, comparison, replays, difference, node) ?? [],
    ),
  );
}

/** By what is made of the packets in either state: each part has packets of which the same is made. */
function split({ space }: Comparison, { node, aspects, runs }: Difference): Node[] {
  const { bdd } = space;
  const fields = aspects.flatMap((aspect) => FIELDS_OF[aspect] ?? []);
  if (fields.length === 0) return [node];
  const parts: Node[] = [];
  let rest = node;
  while (rest !== NONE && parts.length < MOST_VALUES) {
    const sample = sampleOf(space, rest);
    if (!sample) break;
    let part = rest;
    for (const walker of [runs.before, runs.after]) {
      for (const field of fields) {
        for (const [i, bit] of walker.state.field(field).entries()) {
          // A bit that is the packet's own is no part of what was made of it.
          if (bit === space.field(field)[i]) continue;
          part = bdd.holds(bit, sample.bit) ? bdd.and(part, bit) : bdd.diff(part, bit);
        }
      }
    }
    parts.push(part);
    rest = bdd.diff(rest, part);
  }
  return rest === NONE ? parts : [...parts, rest];
}

function classOf(
  namespace: string,
  comparison: Comparison,
  runs: Readonly<Record<'before' | 'after', Replays>>,
  difference: Difference,
  node: Node,
): DiffClass | undefined {
  const { space } = comparison;
  const { boxes, rest } = boxesOf(space, node, MOST_BOXES);
  const sample =
    sampleOf(space, boxes[0] ? space.bdd.and(boxes[0].node, node) : node) ?? sampleOf(space, node);
  if (!sample) return undefined;
  const replays = {
    before: runs.before.of(sample, difference.way),
    after: runs.after.of(sample, difference.way),
  };
  const made = { before: madeOf(replays.before), after: madeOf(replays.after) };
  const differing = [...made.before.keys()].filter((what) => made.before.get(what) !== made.after.get(what));
  const changes = (side: 'before' | 'after'): Decision['changes'] =>
    difference.aspects.length === 0
      ? []
      : differing.map((what) => {
          const by = makerOf(replays[side], what);
          return { what, value: made[side].get(what) ?? '', ...(by ? { by } : {}) };
        });
  const agrees = (side: 'before' | 'after', part: Part): boolean =>
    VERDICTS[part.kind] === replays[side].verdict &&
    (part.kind !== 'reject' || part.text === replays[side].with);
  return {
    namespace,
    family: space.family,
    way: difference.way,
    packets: boxes.map((box) => packetSet(space, box, difference.way)),
    more: rest !== NONE,
    before: decisionOf(difference.before, changes('before')),
    after: decisionOf(difference.after, changes('after')),
    sample: sampleText(space, sample, { node, boxes }, difference.way),
    confirmed:
      agrees('before', difference.before) &&
      agrees('after', difference.after) &&
      (difference.aspects.length === 0 || differing.length > 0),
  };
}

const VERDICTS = {
  accept: 'accepted',
  drop: 'dropped',
  reject: 'rejected',
  queue: 'queued',
  stop: 'stopped',
} as const;

/** Samples through the rules of one state. What the model makes of its rules is made once. */
class Replays {
  private readonly space: Space;
  private readonly side: Side;
  private readonly forcings: readonly Forcing[];
  private readonly made = new Map<string, Netns>();
  private readonly numbers = new Map<Ruleset, number>();

  constructor({ space, contexts }: Comparison, side: Side, which: 'before' | 'after') {
    const context = contexts[which];
    this.space = space;
    this.side = side;
    this.forcings = side.tables.rulesets.map(
      (ruleset) =>
        new Forcing(ruleset, space, (rule) => ({
          ...context,
          backend: ruleset.backend,
          instance: context.instance(rule),
        })),
    );
  }

  of(sample: Sample, way: Way): RuleReplay {
    const rulesets = this.forcings.map((forcing) => forcing.rulesetFor(sample));
    const key = rulesets.map((ruleset) => this.numberOf(ruleset)).join();
    const netns = this.made.get(key) ?? rulesOnly(rulesets, this.side.ipsets);
    this.made.set(key, netns);
    return replayRules(netns, this.space, sample, way);
  }

  private numberOf(ruleset: Ruleset): number {
    const number = this.numbers.get(ruleset) ?? this.numbers.size;
    this.numbers.set(ruleset, number);
    return number;
  }
}

/** What a packet is at its end, by what may be made of it. */
function madeOf({ skb, connmark, chosen, noted, verdict }: RuleReplay): Map<string, string> {
  const { source, destination, sourcePort, destinationPort } = fieldsOf(skb);
  const end = (ip: typeof source, port: number | undefined): string =>
    port === undefined || !hasPorts(skb.protocol) ? formatIp(ip) : `${formatIp(ip)} port ${port}`;
  const choice = (side: string): string | undefined =>
    chosen.find((each) => each.startsWith(`${side} `))?.slice(side.length + 1);
  const made = new Map<string, string>();
  if (verdict !== 'accepted') return made;
  made.set('destination', choice('destination') ?? end(destination, destinationPort));
  made.set('source', choice('source') ?? end(source, sourcePort));
  made.set('mark', `0x${skb.mark.toString(16)}`);
  made.set('connmark', `0x${connmark.toString(16)}`);
  made.set('tos', `0x${tosOf(skb).toString(16)}`);
  made.set('ttl', String(ttlOf(skb)));
  made.set('tracking', skb.conntrack?.state === 'UNTRACKED' ? 'not tracked' : 'tracked');
  made.set('other', noted.join('; ') || 'nothing');
  return made;
}

const MAKERS: Readonly<Record<Aspect, readonly string[]>> = {
  destination: ['DNAT', 'REDIRECT', 'NETMAP', 'DNPT'],
  source: ['SNAT', 'MASQUERADE', 'NETMAP', 'SNPT'],
  mark: ['MARK', 'CONNMARK', 'HMARK', 'TPROXY', 'SET'],
  connmark: ['CONNMARK'],
  tos: ['TOS', 'DSCP'],
  ttl: ['TTL', 'HL'],
  tracking: ['CT', 'NOTRACK'],
  other: [
    'CT',
    'SET',
    'CLASSIFY',
    'TCPMSS',
    'TCPOPTSTRIP',
    'TEE',
    'ECN',
    'SECMARK',
    'CONNSECMARK',
    'CLUSTERIP',
    'TPROXY',
  ],
};

/** The last rule that matched and makes such a change. */
function makerOf({ steps }: RuleReplay, what: string): DecidingRule | undefined {
  const makers = MAKERS[ASPECTS.find((aspect) => aspect === what) ?? 'other'];
  const found = steps.findLast(
    ({ rule }) => rule?.target?.kind === 'extension' && makers.includes(rule.target.name),
  );
  if (!found?.rule || found.step.kind !== 'rule') return undefined;
  const { step, rule } = found;
  return {
    table: step.table as DecidingRule['table'],
    chain: step.chain,
    number: step.number,
    text: rule.text,
    path: rule.span.path,
    ...(rule.span.line === undefined ? {} : { line: rule.span.line }),
  };
}

function decisionOf(part: Part, changes: Decision['changes']): Decision {
  return {
    verdict: VERDICTS[part.kind],
    ...(part.text === '' ? {} : { with: part.text }),
    ...(part.places[0] ? { by: deciding(part.places[0]) } : {}),
    ...(part.places.length > 1 ? { others: part.places.length - 1 } : {}),
    changes,
  };
}

function deciding({ table, chain, rule, number }: Place): DecidingRule {
  const span = rule?.span ?? chain.span;
  return {
    table: table.name,
    chain: chain.name,
    ...(rule ? { number } : {}),
    text: rule?.text ?? `policy ${chain.policy ?? 'ACCEPT'}`,
    ...(span ? { path: span.path, ...(span.line === undefined ? {} : { line: span.line }) } : {}),
  };
}

/** That what is forwarded has to live on is not said each time. */
function packetSet(space: Space, { fields, opaques }: Box, way: Difference['way']): PacketSet {
  const conditions: PacketCondition[] = [...fields]
    .filter(([field, set]) => field !== 'ttl' || way !== 'forwarded' || set !== space.inRange('ttl', 2, 255))
    .map(([field, set]) => valuesOf(space, field, set));
  for (const { opaque, holds } of opaques)
    conditions.push({ field: 'condition', not: !holds, values: [opaque.text], more: false });
  return { conditions, text: packetText(conditions, way) };
}

function sampleText(
  space: Space,
  { values, bit }: Sample,
  { node, boxes }: { readonly node: Node; readonly boxes: readonly Box[] },
  way: Difference['way'],
): SamplePacket {
  const [source, destination] = values.addresses;
  const isIcmp = values.protocol === PROTOCOL.icmp || values.protocol === PROTOCOL['ipv6-icmp'];
  const ports = hasPorts(values.protocol) && !values.fragment;
  const name = (field: 'iif' | 'oif'): string => space.alphabets[field].names[values[field]] ?? '';
  const asked = (field: Field): boolean => boxes.some(({ fields }) => fields.has(field));
  const more: string[] = [];
  const hex = (value: number): string => `0x${value.toString(16)}`;
  if (values.fragment) more.push('a later fragment');
  if (asked('mark')) more.push(`mark ${hex(values.mark)}`);
  if (asked('connmark')) more.push(`connmark ${hex(values.connmark)}`);
  if (asked('tos')) more.push(`tos ${hex(values.tos)}`);
  if (asked('ttl')) more.push(`ttl ${values.ttl}`);
  if (asked('tcpFlags') && values.protocol === PROTOCOL.tcp) more.push(`flags ${hex(values.tcpFlags)}`);
  if (asked('packetType')) more.push(PACKET_TYPES[values.packetType] ?? '');
  for (const { level, text } of space.opaquesIn(node)) {
    const told = `${text} ${bit(level) ? 'holds' : 'does not hold'}`;
    if (!more.includes(told)) more.push(told);
  }
  return {
    ...(way === 'sent' ? {} : { in: name('iif') }),
    ...(way === 'received' ? {} : { out: name('oif') }),
    source: formatIp(source),
    destination: formatIp(destination),
    protocol: protocolName(values.protocol),
    ...(ports ? { sourcePort: values.sourcePort, destinationPort: values.destinationPort } : {}),
    ...(isIcmp ? { icmpType: values.icmpType, icmpCode: values.icmpCode } : {}),
    state: STATES[values.state] ?? 'INVALID',
    more,
  };
}
