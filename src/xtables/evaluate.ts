/** One rule on one packet: ip_packet_match() and the match loop of ipt_do_table(), net/ipv4/netfilter/ip_tables.c. */
import { and, type Ternary, unknown } from '../base/ternary.ts';
import type { Skb } from '../skb/skb.ts';
import type { MatchContext, RuleVerdict } from './context.ts';
import { isUnparsed } from './extension.ts';
import { findMatch } from './matches.ts';
import { destinationOf, hotdrop, sourceOf, upperLayer } from './packet.ts';
import type { InterfaceMatch, MatchUse, Rule, TargetUse } from './rule.ts';
import { findTarget } from './targets.ts';
import { addressMatches } from './values/address.ts';

/**
 * Built-in conditions first, then the matches from left to right up to the first that fails, as the kernel does: a match that
 * keeps state isn't asked when one before it failed. Behind an unknown one the rest is asked too: false still decides.
 * When `ctx.hotdrop` is set afterwards the packet is dropped, in legacy tables after the rule counted it if it matched.
 */
export function matchRule(rule: Rule, ctx: MatchContext): Ternary {
  let result = builtinsMatch(rule, ctx);
  if (result === false) return false;
  for (const match of rule.matches) {
    result = and(result, matchUse(match, ctx));
    if (result === false || (ctx.hotdrop && ctx.backend === 'nft')) return false;
  }
  return result;
}

export function matchUse(match: MatchUse, ctx: MatchContext): Ternary {
  if (isUnparsed(match.info)) return unknown(match.info.why);
  const definition = findMatch(match.name, ctx.skb.family);
  return definition ? definition.match(match.info, ctx) : unknown(`match ${match.name} is not known`);
}

/** ip_packet_match() */
export function builtinsMatch(rule: Rule, ctx: MatchContext): Ternary {
  const { skb } = ctx;
  if (rule.source && addressMatches(sourceOf(skb), rule.source) === rule.source.invert) return false;
  if (rule.destination && addressMatches(destinationOf(skb), rule.destination) === rule.destination.invert) {
    return false;
  }
  if (!interfacesMatch(rule, skb)) return false;
  if (rule.fragment && skb.fragmentOffset > 0 === rule.fragment.invert) return false;
  return rule.protocol ? protocolMatches(rule.protocol, ctx) : true;
}

export function interfacesMatch(rule: Rule, skb: Skb): boolean {
  if (rule.in && interfaceMatches(rule.in, skb.in) === rule.in.invert) return false;
  return !rule.out || interfaceMatches(rule.out, skb.out) !== rule.out.invert;
}

/** An IPv6 packet whose headers lead to no upper layer matches neither `-p` nor `! -p`; legacy drops it on the spot. */
function protocolMatches(wanted: NonNullable<Rule['protocol']>, ctx: MatchContext): Ternary {
  const { protocol, problem } = upperLayer(ctx);
  if (protocol >= 0) return (protocol === wanted.protocol) !== wanted.invert;
  if (problem !== undefined && problem !== 'short') return problem;
  return ctx.backend === 'legacy' ? hotdrop(ctx) : false;
}

/** A hook without the interface compares with the empty name. */
function interfaceMatches(match: InterfaceMatch, name = ''): boolean {
  return match.wildcard ? name.startsWith(match.name) : name === match.name;
}

/** What the rule's target does to a packet that matched; changes the skb (marks, TTL …) where the target does. */
export function ruleAction(rule: Rule, ctx: MatchContext): RuleVerdict {
  const { target } = rule;
  const definition =
    target?.kind === 'extension' && !isUnparsed(target.info)
      ? findTarget(target.name, ctx.skb.family)
      : undefined;
  if (!definition || target?.kind !== 'extension') return plainVerdict(target);
  return definition.apply(target.info, ctx);
}

/** Of a rule without a target that has an effect of its own: whatever the packet is. */
export function plainVerdict(target: TargetUse | undefined): RuleVerdict {
  switch (target?.kind) {
    case undefined:
      return { kind: 'continue' };
    case 'verdict':
      return { kind: VERDICTS[target.verdict] };
    case 'jump':
    case 'goto':
      return { kind: target.kind, chain: target.chain };
    case 'extension':
      return {
        kind: 'unknown',
        why: isUnparsed(target.info) ? target.info.why : `target ${target.name} is not known`,
      };
  }
}

const VERDICTS = { ACCEPT: 'accept', DROP: 'drop', RETURN: 'return', QUEUE: 'queue' } as const;
