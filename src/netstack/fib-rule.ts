/** fib_rule_match(), net/core/fib_rules.c; fib4_rule_match() and fib6_rule_match(). */
import type { Ternary } from '../base/ternary.ts';
import { and, not, unknown } from '../base/ternary.ts';
import type { IpRule } from '../dump/records.ts';
import { contains } from '../net/prefix.ts';
import type { FlowKey } from './fib.ts';

/** Bits of the TOS octet that IPv4's `tos` selector compares (INET_DSCP_LEGACY_TOS_MASK), and IPv6's. */
const LEGACY_TOS = 0x1c;
const DSCP = 0xfc;

interface PortRange {
  readonly min: number;
  readonly max: number;
}

/** `isL3mdev`: does the flow belong to a VRF? */
export function matchesRule(rule: IpRule, key: FlowKey, isL3mdev: boolean): Ternary {
  const holds = and(selectorsHold(rule, key, isL3mdev), and(uidHolds(rule, key), unread(rule)));
  return rule.invert ? not(holds) : holds;
}

function selectorsHold(rule: IpRule, key: FlowKey, isL3mdev: boolean): boolean {
  if (rule.iif !== undefined && rule.iif !== key.iif) return false;
  if (rule.oif !== undefined && rule.oif !== key.oif) return false;
  if (rule.fwmark && ((key.mark ^ rule.fwmark.mark) & rule.fwmark.mask) >>> 0 !== 0) return false;
  if (rule.l3mdev && !isL3mdev) return false;
  if (rule.source && rule.source.length > 0) {
    // IPv4 has 0.0.0.0 for a source that is still to be chosen; IPv6 matches no `from` then.
    const source = key.source ?? (rule.family === 4 ? 0 : undefined);
    if (source === undefined || !contains(rule.source, source)) return false;
  }
  if (rule.destination && !contains(rule.destination, key.destination)) return false;
  const mask = rule.family === 4 ? LEGACY_TOS : DSCP;
  if (rule.tos !== undefined && rule.tos !== 0 && rule.tos !== (key.tos & mask)) return false;
  if (rule.dscp && ((rule.dscp.value ^ (key.tos >>> 2)) & rule.dscp.mask) !== 0) return false;
  if (rule.protocol !== undefined && rule.protocol !== 0 && rule.protocol !== (key.protocol ?? 0))
    return false;
  return inPorts(rule.sourcePorts, key.sourcePort) && inPorts(rule.destinationPorts, key.destinationPort);
}

/** A flow without ports has zeros there. */
function inPorts(range: PortRange | undefined, port = 0): boolean {
  return !range || (port >= range.min && port <= range.max);
}

function uidHolds({ uids, text }: IpRule, { uid }: FlowKey): Ternary {
  if (!uids || (uids.min === 0 && uids.max >= 0xfffffffe)) return true;
  if (uid === undefined) return unknown(`whose process sends it, which \`ip rule ${text}\` asks`);
  return uid >= uids.min && uid <= uids.max;
}

/** A tunnel's key only packets have that come out of one. */
function unread({ unsupported, text }: IpRule): Ternary {
  const others = (unsupported ?? []).filter((selector) => !selector.startsWith('protocol'));
  if (others.length === 0) return true;
  if (others.some((selector) => selector.startsWith('tun_id'))) return false;
  return unknown(`\`ip rule ${text}\` has selectors that nobody here knows: ${others.join(', ')}`);
}
