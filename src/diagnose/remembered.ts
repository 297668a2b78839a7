/** Connections of conntrack dumps that a flow's packets belong to: what one remembers outranks the rules. */
import type { FlowEnd } from '../correlate/flow.ts';
import { fateOf } from '../correlate/predict.ts';
import type { ConntrackDump } from '../dump/records.ts';
import { formatEndpoint, formatIp } from '../net/ip.ts';
import { PROTOCOL, protocolName } from '../net/protocol.ts';
import type { Hop, Step } from '../netstack/hop.ts';
import type { Nfct } from '../skb/nfct.ts';
import { type Case, netnsOf } from './case.ts';
import type { Command } from './cause.ts';
import type { Evidence, Finding } from './finding.ts';

/** A dumped connection of the flow, in the namespace that keeps it. */
export interface Remembered {
  readonly namespace: string;
  readonly dump: ConntrackDump;
}

/** Entries whose original direction is the flow's forward one, as any point on its way saw it. */
export function rememberedBy(kase: Case): Remembered[] {
  const { flow, snapshot } = kase;
  const ends = [flow, ...flow.legs];
  return [...snapshot.namespaces.values()].flatMap(({ name, conntrack = [] }) =>
    conntrack
      .filter(({ entry }) => ends.some(({ client, server }) => isOf(entry, flow.protocol, client, server)))
      .map((dump) => ({ namespace: name, dump })),
  );
}

function isOf({ original }: Nfct, protocol: number, client: FlowEnd, server: FlowEnd): boolean {
  return (
    original.protocol === protocol &&
    original.source === client.address &&
    original.destination === server.address &&
    original.sourcePort === client.port &&
    (isEcho(protocol) || original.destinationPort === server.port)
  );
}

const isEcho = (protocol: number) => protocol === PROTOCOL.icmp || protocol === PROTOCOL['ipv6-icmp'];

/** What the rules, as dumped, would do to the first packet of a new flow in a namespace. */
export interface Translation {
  readonly manip: 'src' | 'dst';
  readonly to: string;
  readonly rule: NatRule;
}

export type NatRule = Extract<Step, { kind: 'rule' | 'nft-rule' }>;

/** `nat POSTROUTING rule 2`; of nft's own tables `ip nat post rule 2`. */
export function natPlace(rule: NatRule): string {
  const family = rule.kind === 'nft-rule' ? `${rule.family} ` : '';
  return `${family}${rule.table} ${rule.chain} rule ${rule.number}`;
}

/** `MASQUERADE`, `SNAT`, `DNAT` …, whoever's rule it is. */
export function natTarget(rule: NatRule): string {
  if (rule.kind === 'rule') return rule.target;
  return (NFT_NAT.exec(rule.text)?.[1] ?? 'NAT').toUpperCase();
}

const NFT_NAT = /\b(masquerade|snat|dnat|redirect)\b/;

/** Only what a rule asks for: a null binding that had to change a port is none. */
export function translationIn(kase: Case, namespace: string, manip: 'src' | 'dst'): Translation | undefined {
  for (const hop of kase.prediction?.there.hops ?? []) {
    if (hop.namespace !== namespace) continue;
    const nat = hop.steps.findLast((step) => step.kind === 'nat' && step.manip === manip);
    const rule = natRule(hop, manip);
    if (nat?.kind === 'nat' && rule) return { manip, to: nat.to, rule };
  }
  return undefined;
}

const TARGETS = {
  src: new Set(['MASQUERADE', 'SNAT', 'NETMAP']),
  dst: new Set(['DNAT', 'REDIRECT', 'NETMAP']),
};

function natRule(hop: Hop, manip: 'src' | 'dst'): Translation['rule'] | undefined {
  return hop.steps.findLast(
    (step): step is NatRule =>
      (step.kind === 'rule' && step.table === 'nat' && TARGETS[manip].has(step.target)) ||
      (step.kind === 'nft-rule' && NFT_NAT.test(step.text) && TARGETS[manip].has(natTarget(step))),
  );
}

/** Where the entry sends its packets, and from what: the reply tuple is what it expects back. */
export function targetOf({ reply, original }: Nfct): string {
  return formatEndpoint(reply.source, isEcho(original.protocol) ? undefined : reply.sourcePort);
}

/** It still fails at its end: never answered, or not any more. */
export function isFailing({ outcome }: Case): boolean {
  return outcome.status !== 'delivered' || outcome.unansweredTail !== undefined;
}

/** The rules alone carry a packet like this one to somebody who takes it. */
export function newOnePasses({ prediction }: Case): boolean {
  if (!prediction) return false;
  const fate = fateOf(prediction.there);
  return fate === 'delivered' || fate === 'forwarded' || fate === 'bridged';
}

export function entryEvidence({ dump }: Remembered): Evidence {
  const { entry, span } = dump;
  return {
    path: span.path,
    line: span.line,
    text: `the flow’s connection${entry.seenReply ? '' : ', UNREPLIED'}: its answer is awaited from ${targetOf(entry)} to ${formatIp(entry.reply.destination)}`,
  };
}

/** The rule as a finding cites it, with what it counted. */
export function ruleLine({ rule }: Translation): Evidence[] {
  if (rule.path === undefined || rule.line === undefined) return [];
  return [{ path: rule.path, line: rule.line, text: `${natPlace(rule)}: ${rule.text}` }];
}

export function findingRuleOf(kase: Case, { rule }: Translation): NonNullable<Finding['rule']> {
  return {
    family: kase.flow.family,
    table: rule.kind === 'nft-rule' ? `${rule.family} ${rule.table}` : rule.table,
    chain: rule.chain,
    number: rule.number,
    text: rule.text,
    path: rule.path ?? '',
    line: rule.line ?? 0,
  };
}

/** Deletes the flow's own connection: the next packet is the first of a new one. */
export function forget({ namespace, dump }: Remembered): Command {
  const { original } = dump.entry;
  const words = [
    `-p ${protocolName(original.protocol)}`,
    `--orig-src ${formatIp(original.source)}`,
    `--orig-dst ${formatIp(original.destination)}`,
    ...(isEcho(original.protocol) || original.destinationPort === 0
      ? []
      : [`--orig-port-dst ${original.destinationPort}`]),
  ];
  return { namespace, text: `conntrack -D ${words.join(' ')}` };
}

/** Its tables were listed: what isn't among them wasn't there. */
export function conntrackKnown(kase: Case, namespace: string): boolean {
  return netnsOf(kase, namespace)?.conntrack !== undefined;
}

/** What the model had to assume there takes from the confidence that the rules would have translated it. */
export function assumedIn({ prediction }: Case, namespace: string): number {
  return prediction?.there.assumptions.some((text) => text.startsWith(`${namespace}: `)) ? 0.1 : 0;
}
