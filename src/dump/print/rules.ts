/** Rules as `ip rule` prints them: iproute2 ip/iprule.c, print_rule(). */
import { bitsOf, familyOf, formatIp } from '../../net/ip.ts';
import type { Prefix } from '../../net/prefix.ts';
import { PROTOCOL } from '../../net/protocol.ts';
import { formatRealms } from '../realms.ts';
import type { IpRule } from '../records.ts';

type Printable = Omit<IpRule, 'family' | 'text' | 'span'>;

export function printRules(rules: readonly IpRule[]): string {
  return rules.map((rule) => `${printRule(rule)}\n`).join('');
}

/** `32766: from all lookup main`, with a tab behind the colon. */
export function printRule(rule: Printable): string {
  const parts = [
    rule.invert ? 'not' : undefined,
    `from ${formatSelector(rule.source)}`,
    rule.destination && `to ${formatSelector(rule.destination)}`,
    rule.tos === undefined ? undefined : `tos 0x${rule.tos.toString(16)}`,
    rule.fwmark && `fwmark ${formatMark(rule.fwmark)}`,
    rule.iif === undefined ? undefined : `iif ${rule.iif}`,
    rule.oif === undefined ? undefined : `oif ${rule.oif}`,
    rule.uids && `uidrange ${rule.uids.min}-${rule.uids.max}`,
    rule.protocol === undefined ? undefined : `ipproto ${formatProtocol(rule.protocol)}`,
    rule.sourcePorts && `sport ${formatRange(rule.sourcePorts)}`,
    rule.destinationPorts && `dport ${formatRange(rule.destinationPorts)}`,
    rule.dscp && `dscp ${formatDscp(rule.dscp)}`,
    ...(rule.unsupported ?? []),
    formatAction(rule.action),
    rule.suppressPrefixLength === undefined
      ? undefined
      : `suppress_prefixlength ${rule.suppressPrefixLength}`,
    rule.suppressGroup === undefined ? undefined : `suppress_ifgroup ${rule.suppressGroup}`,
    rule.realms === undefined ? undefined : formatRealms(rule.realms),
  ];
  return `${rule.priority}:\t${parts.filter((part) => part !== undefined).join(' ')}`;
}

function formatSelector(prefix: Prefix | undefined): string {
  if (!prefix) return 'all';
  const address = formatIp(prefix.address);
  return prefix.length === bitsOf(familyOf(prefix.address)) ? address : `${address}/${prefix.length}`;
}

function formatDscp(dscp: { readonly value: number; readonly mask: number }): string {
  return dscp.mask === 0x3f ? String(dscp.value) : `${dscp.value}/0x${dscp.mask.toString(16)}`;
}

function formatMark(fwmark: { readonly mark: number; readonly mask: number }): string {
  const mark = `0x${fwmark.mark.toString(16)}`;
  return fwmark.mask === 0xffffffff ? mark : `${mark}/0x${fwmark.mask.toString(16)}`;
}

const PROTOCOL_NAMES = new Map<number, string>(
  Object.entries(PROTOCOL).map(([name, number]) => [number, name]),
);

function formatProtocol(protocol: number): string {
  return PROTOCOL_NAMES.get(protocol) ?? `ipproto-${protocol}`;
}

function formatRange(range: { readonly min: number; readonly max: number }): string {
  return range.min === range.max ? String(range.min) : `${range.min}-${range.max}`;
}

function formatAction(action: IpRule['action']): string {
  switch (action.kind) {
    case 'lookup':
      return `lookup ${action.table}`;
    case 'goto':
      return `goto ${action.priority}`;
    default:
      return action.kind;
  }
}
