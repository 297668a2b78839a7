import type { Sighting } from '../correlate/flow.ts';
import { formatIp } from '../net/ip.ts';
import type { DecidingStep, Step, Trace } from '../netstack/hop.ts';
import type { NftChain, NftRule } from '../nft/ruleset.ts';
import { type Case, type ModelDrop, netnsOf, type Scene, sysctlOf } from './case.ts';
import type { Evidence, Finding } from './finding.ts';
import { traceEvidence } from './traced.ts';

/** `br0.pcap packet 3: 10.0.0.2 > 8.8.8.8 …` */
export function seenAt(kase: Scene, sighting: Sighting, text: string): Evidence {
  const point = kase.correlation.points[sighting.point];
  // A trace's packets are numbered by line.
  const number =
    point?.traced === undefined
      ? { ...(sighting.line !== undefined && { line: sighting.line }), packet: sighting.number }
      : { line: sighting.number };
  return { path: point?.path ?? '', ...number, text };
}

/** `TTL 63`; of a packet from a text that doesn't tell it, that it doesn't. */
export function ttlText({ ttl }: Sighting): string {
  return ttl === undefined ? 'TTL not shown' : `TTL ${ttl}`;
}

export function describeSighting(sighting: Sighting): string {
  const from = sighting.sourcePort
    ? `${formatIp(sighting.source)}:${sighting.sourcePort}`
    : formatIp(sighting.source);
  const to = sighting.destinationPort
    ? `${formatIp(sighting.destination)}:${sighting.destinationPort}`
    : formatIp(sighting.destination);
  return `${from} > ${to}`;
}

/** The sysctl's line in the dump; nothing when it wasn't dumped. */
export function sysctlEvidence(kase: Scene, namespace: string, name: string): Evidence[] {
  const sysctl = sysctlOf(kase, namespace, name);
  return sysctl
    ? [{ path: sysctl.span.path, line: sysctl.span.line, text: `${name} = ${sysctl.value}` }]
    : [];
}

/** A kernel counter that is above zero. */
export function counterEvidence(kase: Scene, namespace: string, name: string, meaning: string): Evidence[] {
  const counter = netnsOf(kase, namespace)?.counters?.get(name);
  if (!counter || counter.value === 0) return [];
  return [{ path: counter.span.path, line: counter.span.line, text: `${name} ${counter.value}: ${meaning}` }];
}

/** Last sighting before the place of death, and the captures beyond it that show nothing. */
export function dropEvidence(kase: Case, drop: ModelDrop): Evidence[] {
  const evidence: Evidence[] = [];
  const what = drop.direction === 'forward' ? 'the request' : 'the answer';
  const last = drop.seen?.sighting ?? lastSighting(kase, drop.direction);
  if (last && !kase.outcome.stalled) {
    const point = kase.correlation.points[last.point];
    evidence.push(
      seenAt(
        kase,
        last,
        `${what} ${describeSighting(last)} on ${point?.namespace}:${point?.interface}, the last place it is seen`,
      ),
    );
  }
  const { stalled } = kase.outcome;
  if (stalled) {
    evidence.push(
      seenAt(
        kase,
        stalled.segment,
        `from here on: ${describeSighting(stalled.segment)} is sent ${stalled.repeats} times and never acknowledged; it worked before`,
      ),
    );
  }
  for (const point of drop.absent) {
    evidence.push({
      path: point.path,
      text:
        point.packets === 0
          ? `it is empty: ${what} never reached ${point.where}`
          : `none of its ${point.packets} packets${point.shared ? ` of ${point.where}` : ''} is ${what}, so it never reached ${point.where}`,
    });
  }
  const told = kase.flow.errors.find((error) => error.quoted === drop.direction);
  if (told) {
    evidence.push(
      seenAt(
        kase,
        told.sighting,
        `ICMP ${told.type}/${told.code} from ${formatIp(told.from)} says that ${what} was dropped`,
      ),
    );
  }
  evidence.push(...traceEvidence(drop));
  if (drop.contradiction) {
    evidence.push(
      seenAt(
        kase,
        drop.contradiction,
        `against it: ${what} ${describeSighting(drop.contradiction)} is seen beyond that place`,
      ),
    );
  }
  return evidence;
}

function lastSighting(kase: Case, direction: 'forward' | 'reply'): Sighting | undefined {
  const legs = kase.flow.legs.filter((leg) => leg[direction].packets > 0);
  return (direction === 'forward' ? legs.at(-1) : legs[0])?.[direction].kept[0];
}

/** The rule or policy that decided, as a finding names it. */
export function ruleOf(kase: Case, trace: Trace): NonNullable<Finding['rule']> | undefined {
  return trace.rule && findingRule(kase, trace.namespace, trace.rule);
}

export function findingRule(kase: Case, namespace: string, step: DecidingStep): NonNullable<Finding['rule']> {
  const family = kase.flow.family;
  if (step.kind === 'nft-rule' || step.kind === 'nft-policy') return nftFindingRule(kase, namespace, step);
  const netns = netnsOf(kase, namespace);
  const rulesets = (family === 4 ? netns?.rulesets4 : netns?.rulesets6) ?? [];
  const table = rulesets
    .filter((ruleset) => step.path === undefined || ruleset.path === step.path)
    .map((ruleset) => ruleset.tables.get(step.table))
    .find((candidate) => candidate?.chains.has(step.chain));
  const chain = table?.chains.get(step.chain);
  const rules = chain?.rules.length ?? 0;
  const path = step.path ?? rulesets[0]?.path ?? '';
  if (step.kind === 'policy') {
    const line = step.line ?? chain?.span?.line ?? 0;
    // As the kernel's TRACE numbers it: the policy comes after the last rule.
    return {
      family,
      table: step.table,
      chain: step.chain,
      number: rules + 1,
      text: `-P ${step.chain} ${step.verdict}`,
      path,
      line,
    };
  }
  return {
    family,
    table: step.table,
    chain: step.chain,
    number: step.number,
    text: step.text,
    path,
    line: step.line ?? 0,
  };
}

/** The deciding rule's line, with the packets it counted when the dump has counters. */
export function ruleEvidence(kase: Case, trace: Trace): Evidence[] {
  const step = trace.rule;
  const rule = ruleOf(kase, trace);
  if (!step || !rule) return [];
  if (step.kind === 'nft-rule' || step.kind === 'nft-policy') {
    const what = step.kind === 'nft-policy' ? 'policy' : `rule ${step.number}`;
    const packets =
      step.kind === 'nft-rule'
        ? countedBy(nftChainOf(kase, trace.namespace, step)?.rules[step.number - 1])
        : 0;
    const counted = packets > 0 ? ` (counted ${packets} packets)` : '';
    const text = `${rule.table} ${rule.chain} ${what}: ${rule.text}${counted}`;
    return [{ path: rule.path, line: rule.line, text }];
  }
  const netns = netnsOf(kase, trace.namespace);
  const rulesets = (kase.flow.family === 4 ? netns?.rulesets4 : netns?.rulesets6) ?? [];
  const chain = rulesets
    .find((ruleset) => ruleset.path === rule.path)
    ?.tables.get(step.table)
    ?.chains.get(step.chain);
  const counters = step.kind === 'policy' ? chain?.counters : chain?.rules[step.number - 1]?.counters;
  const counted = counters && counters.packets > 0 ? ` (counted ${counters.packets} packets)` : '';
  const name = step.kind === 'policy' ? 'policy' : step.number === 0 ? 'rule' : `rule ${step.number}`;
  return [
    { path: rule.path, line: rule.line, text: `${rule.table} ${rule.chain} ${name}: ${rule.text}${counted}` },
  ];
}

type NftStep = Extract<Step, { kind: 'nft-rule' | 'nft-policy' }>;

/** Of an nft table, as `inet filter`; the policy stands behind the last rule. */
function nftFindingRule(kase: Case, namespace: string, step: NftStep): NonNullable<Finding['rule']> {
  const policy = step.kind === 'nft-policy';
  return {
    family: kase.flow.family,
    table: `${step.family} ${step.table}`,
    chain: step.chain,
    number: policy ? (nftChainOf(kase, namespace, step)?.rules.length ?? 0) + 1 : step.number,
    text: policy ? `policy ${step.verdict}` : step.text,
    path: step.path ?? '',
    line: step.line ?? 0,
  };
}

function nftChainOf(kase: Case, namespace: string, step: NftStep): NftChain | undefined {
  return netnsOf(kase, namespace)
    ?.nft?.tables.find(({ family, name }) => family === step.family && name === step.table)
    ?.chains.find(({ name }) => name === step.chain);
}

function countedBy(rule: NftRule | undefined): number {
  for (const statement of rule?.statements ?? []) {
    if (statement.kind === 'counter') return statement.packets ?? 0;
  }
  return 0;
}

/** The route that decided, by its line. */
export function routeEvidence(trace: Trace): Evidence[] {
  for (const hop of trace.hops.toReversed()) {
    for (const step of hop.steps.toReversed()) {
      if (step.kind === 'route' && step.path !== undefined && step.line !== undefined && step.route) {
        return [{ path: step.path, line: step.line, text: `route ${step.route}` }];
      }
    }
  }
  return [];
}

/** The text of the route that was taken last. */
export function routeTaken(trace: Trace): string | undefined {
  const steps = trace.hops.flatMap((hop) => hop.steps);
  const last = steps.findLast((step) => step.kind === 'route' && step.route !== undefined);
  return last?.kind === 'route' ? last.route : undefined;
}

/** NAT rewrites on the way, in the words of a report: "DNAT to 172.17.0.2:80". */
export function rewrites(trace: Trace): {
  readonly namespace: string;
  readonly manip: 'src' | 'dst';
  readonly from: string;
  readonly to: string;
}[] {
  return trace.hops.flatMap((hop) =>
    hop.steps
      .filter((step) => step.kind === 'nat')
      .map((step) => ({ namespace: hop.namespace, manip: step.manip, from: step.from, to: step.to })),
  );
}
