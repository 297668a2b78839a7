/** A DNAT rule of Docker's that outlived its container: named, with who has the port now, and how the rule comes right. */
import { formatEndpoint, formatIp } from '../net/ip.ts';
import type { Comparison, Stale } from '../topology/engine/compare.ts';
import type { Publication } from '../topology/engine/state.ts';
import type { Case, ModelDrop } from './case.ts';
import type { Command } from './cause.ts';
import {
  commandsFor,
  engineOf,
  findingRuleOf,
  missingEvidence,
  missingFor,
  publicationEvidence,
  staleEvidence,
} from './engine.ts';
import type { Evidence, Finding } from './finding.ts';
import { dnatStep } from './refusal.ts';
import { iptablesOf } from './words.ts';

export interface StaleRule {
  /** Continues "The destination was rewritten on the way: ". */
  readonly text: string;
  readonly rule: NonNullable<Finding['rule']>;
  readonly evidence: readonly Evidence[];
  readonly fix: readonly Command[];
  readonly effect: string;
}

/** The rule that translated the packet, if it is one that Docker would not have for what runs now. */
export function staleRule(kase: Case, drop: ModelDrop): StaleRule | undefined {
  const step = dnatStep(kase);
  const engine = engineOf(kase, drop.namespace);
  const stale = engine?.stale.find(
    ({ rule }) => rule.table === step?.table && rule.chain === step.chain && rule.number === step.number,
  );
  if (!engine || !stale) return undefined;
  const { rule, gone } = stale;
  const nobody =
    gone.now === undefined
      ? 'no container has that address any more'
      : `container ${gone.now} has that address now, and publishes no such port`;
  const where = `nat ${rule.chain} rule ${rule.number}`;
  const remove = `${iptablesOf(kase, rule.path)} -t nat -D ${rule.chain} ${rule.number}`;
  if (!gone.instead) {
    return {
      text: `${where} is left over from a container that is gone; ${nobody}.`,
      rule: findingRuleOf(rule),
      evidence: [staleEvidence(stale)],
      fix: [],
      effect: `Start the container again if it is still wanted; else delete its rule: ${remove}.`,
    };
  }
  return withSuccessor(kase, drop.namespace, engine, stale, gone.instead, remove);
}

/** Another container publishes the port: the rule that is its own is behind the old one, or isn't there. */
function withSuccessor(
  kase: Case,
  namespace: string,
  engine: Comparison,
  stale: Stale,
  instead: Publication,
  remove: string,
): StaleRule {
  const { rule, gone } = stale;
  const missing = missingFor(engine, instead.container, instead.hostPort);
  const target = instead.targets[0]?.address;
  const place =
    target === undefined
      ? instead.container
      : `${instead.container} (${formatEndpoint(target, instead.containerPort)})`;
  const hidden = engine.shadowed.some(({ by }) => by.chain === rule.chain && by.number === rule.number);
  return {
    text:
      `nat ${rule.chain} rule ${rule.number} is left over from a container that had ${formatIp(gone.address)}. Container ${place} publishes port ${instead.hostPort} now; ` +
      (hidden
        ? 'its own rule stands behind the old one and is never reached.'
        : 'its own rules are missing.'),
    rule: findingRuleOf(rule),
    evidence: [
      staleEvidence(stale),
      publicationEvidence(instead),
      ...missing.slice(0, 4).map(missingEvidence),
    ],
    fix: [{ namespace, text: remove }, ...commandsFor(kase, namespace, missing)],
    effect:
      'To last: systemctl restart docker writes its chains anew. If a saved ruleset is restored behind Docker’s back (netfilter-persistent, iptables-restore at boot), leave Docker’s chains out of it.',
  };
}
