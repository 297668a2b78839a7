/** What DNAT rules lead to, and for which ports. */
import { formatIp, type Ip } from '../net/ip.ts';
import { isUnparsed } from '../xtables/extension.ts';
import type { MultiportInfo } from '../xtables/matches/multiport.ts';
import type { Rule } from '../xtables/rule.ts';
import type { NatTo } from '../xtables/values/nat.ts';
import { matchInfo, type RuleRef } from './rules.ts';

/** First and last address of --to-destination; none where the rule keeps the address. */
export function dnatTargets({ rule }: RuleRef): Ip[] {
  const to = dnatTo(rule);
  if (to?.min === undefined || to.max === undefined) return [];
  return to.min === to.max ? [to.min] : [to.min, to.max];
}

export function dnatTo({ target }: Rule): NatTo | undefined {
  if (target?.kind !== 'extension' || target.name !== 'DNAT' || isUnparsed(target.info)) return undefined;
  return (target.info as { readonly to: NatTo }).to;
}

/** `10.0.0.5:80`, as it is written. */
export function dnatText(rule: Rule): string {
  const to = dnatTo(rule);
  if (!to) return '';
  const ports = to.ports === undefined ? '' : `:${to.ports.min}`;
  return `${to.min === undefined ? '' : formatIp(to.min)}${ports}`;
}

export interface PortSpan {
  readonly min: number;
  readonly max: number;
}

interface PortTests {
  readonly destination?: PortSpan & { readonly invert: boolean };
}

/** The destination ports that a rule of TCP or UDP is about; undefined: all, or said by something else. */
export function destinationPorts(rule: Rule): readonly PortSpan[] | undefined {
  for (const name of ['tcp', 'udp']) {
    const port = matchInfo<PortTests>(rule, name)?.destination;
    if (port) return port.invert ? undefined : [port];
  }
  const many = matchInfo<MultiportInfo>(rule, 'multiport');
  return many && !many.invert && many.which === 'dports' ? many.ports : undefined;
}
