/** Rules that make a namespace track connections: those whose check function calls nf_ct_netns_get(). */
import type { Rule } from '../../xtables/rule.ts';

const MATCHES: ReadonlySet<string> = new Set([
  'conntrack',
  'state',
  'connmark',
  'connbytes',
  'connlimit',
  'connlabel',
  'helper',
  'cluster',
]);
const TARGETS: ReadonlySet<string> = new Set([
  'CT',
  'CONNMARK',
  'CONNSECMARK',
  'DNAT',
  'SNAT',
  'MASQUERADE',
  'REDIRECT',
  'NETMAP',
  'SYNPROXY',
]);

export function usesConntrack(rule: Rule): boolean {
  if (rule.matches.some((match) => MATCHES.has(match.name))) return true;
  const { target } = rule;
  if (target?.kind !== 'extension' || !TARGETS.has(target.name)) return false;
  return !(target.name === 'CT' && isNotrack(target.info));
}

/** `CT --notrack` returns before it asks for tracking (xt_ct_tg_check()). */
function isNotrack(info: unknown): boolean {
  return typeof info === 'object' && info !== null && 'notrack' in info && info.notrack === true;
}
