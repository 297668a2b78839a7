/** Rules that would have accepted a packet that died at a rule or policy, but for one of their conditions. */
import { formatIp, type Ip, parseIp } from '../net/ip.ts';
import { applyMask } from '../net/prefix.ts';
import { protocolName } from '../net/protocol.ts';
import type { Header, Hop } from '../netstack/hop.ts';
import { protocolNumber } from '../xtables/names/protocols.ts';
import { servicePort } from '../xtables/names/services.ts';
import type { AddressMatch, InterfaceMatch, Rule, Ruleset } from '../xtables/rule.ts';
import { type Case, modelDrop, netnsOf } from './case.ts';

export interface NearRule {
  table: string;
  chain: string;
  number: number;
  text: string;
  path: string;
  line: number;
  /** The condition that doesn't hold, as the rule has it, and what the packet has instead. */
  condition: string;
  instead: string;
}

/** So many are worth reading. */
const SHOWN = 5;

/** Those of the chain in which the packet died, in its order. Only conditions that a packet alone decides are tried: a rule with others is passed over. */
export function nearRules(kase: Case): NearRule[] {
  const drop = modelDrop(kase);
  const deciding = drop?.trace.rule;
  if (!drop || (deciding?.kind !== 'rule' && deciding?.kind !== 'policy')) return [];
  const netns = netnsOf(kase, drop.namespace);
  const rulesets = (drop.trace.final.family === 4 ? netns?.rulesets4 : netns?.rulesets6) ?? [];
  const hop = drop.trace.hops.findLast((each) => !each.copy);
  // What stands behind the deciding rule would not have been asked.
  const before = deciding.kind === 'rule' ? Math.max(0, deciding.number - 1) : undefined;
  const [ruleset] = rulesets.filter((each) => deciding.path === undefined || each.path === deciding.path);
  if (!ruleset || !hop) return [];
  // A rule for the published port doesn't meet what DNAT made of it.
  const asked = kase.flow.legs[0]?.server.port;
  return near(ruleset, deciding, before, { packet: drop.trace.final, hop, asked }).slice(0, SHOWN);
}

interface Met {
  readonly packet: Header;
  readonly hop: Hop;
  /** The port that the client asked. */
  readonly asked: number | undefined;
}

function near(
  { tables }: Ruleset,
  {
    table,
    chain,
  }: { readonly table: 'raw' | 'mangle' | 'nat' | 'filter' | 'security'; readonly chain: string },
  before: number | undefined,
  met: Met,
): NearRule[] {
  const rules = (tables.get(table)?.chains.get(chain)?.rules ?? []).slice(0, before);
  return rules.flatMap((rule, index) => {
    const { target, text, span } = rule;
    if (target === undefined || !/ -j ACCEPT\b/.test(text)) return [];
    const conditions = conditionsOf(rule, met);
    const failing = (conditions ?? []).filter(({ holds }) => !holds);
    const [only] = failing;
    if (!conditions || !only || failing.length !== 1 || !isMeant(only, conditions, met)) return [];
    const { condition, instead } = only;
    return [{ table, chain, number: index + 1, text, path: span.path, line: span.line, condition, instead }];
  });
}

interface Condition extends Pick<NearRule, 'condition' | 'instead'> {
  readonly kind: 'address' | 'device' | 'protocol' | 'port';
  readonly holds: boolean;
  /** Of ports: the client asked one that it names. */
  readonly isAsked?: boolean;
}

/**
 * Whether whoever wrote the rule may have meant this packet: something else in it fits. Another port of the same protocol is another
 * service, unless the rule is for just these hosts, or names the port that was asked before DNAT; and nothing from elsewhere comes in by lo.
 */
function isMeant(only: Condition, conditions: readonly Condition[], { hop }: Met): boolean {
  const others = conditions.filter((each) => each !== only);
  if (only.kind === 'port') return only.isAsked === true || others.some(({ kind }) => kind === 'address');
  if (only.kind === 'device' && /-i lo$/.test(only.condition) && hop.in !== 'lo') return false;
  return others.length > 0;
}

/** Undefined: not all of it can be told from the packet. */
function conditionsOf(rule: Rule, { packet, hop, asked }: Met): Condition[] | undefined {
  const conditions: Condition[] = [];
  const add = (
    kind: Condition['kind'],
    holds: boolean,
    condition: string,
    instead: string,
    isAsked = false,
  ) => conditions.push({ kind, holds, condition, instead, ...(isAsked && { isAsked }) });
  const ends = [
    ['-s', rule.source, packet.source],
    ['-d', rule.destination, packet.destination],
  ] as const;
  for (const [option, wanted, text] of ends) {
    const address = parseIp(text);
    if (wanted && address !== undefined)
      add('address', isIn(wanted, address), wordsOf(rule, option), `the packet has ${text}`);
  }
  const devices = [
    ['-i', rule.in, hop.in, 'comes in by'],
    ['-o', rule.out, hop.out, 'leaves by'],
  ] as const;
  for (const [option, wanted, device, verb] of devices) {
    if (wanted && device !== undefined)
      add('device', isDevice(wanted, device), wordsOf(rule, option), `the packet ${verb} ${device}`);
  }
  const own = protocolNumber(String(packet.protocol)) ?? Number(packet.protocol);
  if (rule.protocol) {
    const same = (rule.protocol.protocol === own) !== rule.protocol.invert;
    add('protocol', same, wordsOf(rule, '-p'), `the packet is ${protocolName(own)}`);
  }
  if (!portsTold(rule)) return undefined;
  const ports = [
    ['--dport', packet.destinationPort],
    ['--sport', packet.sourcePort],
  ] as const;
  for (const [option, port] of ports) {
    const said = new RegExp(`(! )?${option}s? (\\S+)`).exec(rule.text);
    if (!said || port === undefined) continue;
    const names = (wanted: number) => (said[2] ?? '').split(',').some((part) => isPort(part, wanted));
    const isAsked = option === '--dport' && said[1] === undefined && asked !== undefined && names(asked);
    add('port', names(port) !== (said[1] !== undefined), said[0], `the packet has ${port}`, isAsked);
  }
  return conditions;
}

const TOLD = new Set(['tcp', 'udp', 'sctp', 'multiport', 'comment']);
const PORTED = /(?:! )?--(?:dport|sport|dports|sports) \S+/g;

/** Nothing but ports is asked of the header, and states only among which a new packet is. */
function portsTold({ matches, text }: Rule): boolean {
  const rest = text.replace(PORTED, '');
  if (/--(?:tcp-flags|syn|tcp-option|ports)\b/.test(rest)) return false;
  return matches.every(({ name }) => {
    if (TOLD.has(name)) return true;
    return (
      (name === 'conntrack' || name === 'state') && /--(?:ct)?state \S*NEW/.test(text) && !/! --/.test(text)
    );
  });
}

function isPort(part: string, port: number): boolean {
  const [low = '', high = low] = part.split(':');
  const number = (word: string) => (/^\d+$/.test(word) ? Number(word) : (servicePort(word) ?? -1));
  return port >= number(low) && port <= number(high);
}

function isIn({ address, mask, invert }: AddressMatch, own: Ip): boolean {
  return typeof address === typeof own && (applyMask(own, mask) === address) !== invert;
}

function isDevice({ name, wildcard, invert }: InterfaceMatch, device: string): boolean {
  return (wildcard ? device.startsWith(name) : device === name) !== invert;
}

/** `! -i docker0`, as the rule is written. */
function wordsOf({ text, source, destination }: Rule, option: string): string {
  const said = new RegExp(`(?:! )?${option} \\S+`).exec(text)?.[0];
  const address = option === '-s' ? source : destination;
  return said ?? `${option} ${address ? formatIp(address.address) : ''}`.trim();
}
