/** Rules in Docker's own chains that look like none of Docker's. */
import type { Rule } from '../../xtables/rule.ts';

/** What Docker's rules are made of. */
const MATCHES = new Set(['tcp', 'udp', 'sctp', 'icmp', 'icmp6', 'addrtype', 'conntrack', 'set', 'mark']);
const TARGETS = new Set(['DNAT', 'SNAT', 'MASQUERADE', 'CHECKSUM', 'REDIRECT']);

/** DOCKER-USER is everybody's, DOCKER-INGRESS swarm's. */
export function isForeign({ chain, rule }: { readonly chain: string; readonly rule: Rule }): boolean {
  if (!/^DOCKER(-(?!USER$|INGRESS$)|$)/.test(chain)) return false;
  const { target } = rule;
  if (rule.matches.some(({ name }) => !MATCHES.has(name))) return true;
  if (!target) return true;
  if (target.kind === 'extension') return !TARGETS.has(target.name);
  if (target.kind !== 'verdict') return !target.chain.startsWith('DOCKER');
  // An address outside of all containers, a verdict without a bridge: somebody's exception.
  return target.verdict === 'DROP' && !rule.in && !rule.out;
}
