import { ownersOf } from '../../correlate/owner.ts';
import { formatIp } from '../../net/ip.ts';
import type { Rule } from '../../xtables/rule.ts';
import type { Case } from '../case.ts';
import type { Cause, Command } from '../cause.ts';
import { dnatRules, nearMissOf } from '../published.ts';
import { refusalOf } from '../refusal.ts';
import { iptablesOf, nameOf } from '../words.ts';

export const natDnatMismatch: Cause = {
  id: 'nat-dnat-mismatch',
  title: 'The DNAT rule does not match',
  severity: 'error',
  symptom: 'Refused, or the wrong service answers, although there is a DNAT rule for the port.',
  mechanism:
    'A DNAT rule that names an old address, another interface, protocol or port does not match; the packet stays addressed to the host and meets the host’s own sockets.',
  check: 'iptables -t nat -L PREROUTING -nv (the rule’s counter stays 0)',
  find(kase) {
    const refusal = refusalOf(kase);
    if (!refusal || refusal.dnat || refusal.namespace === undefined) return undefined;
    if (
      !ownersOf(kase.snapshot, kase.flow.server.address).some(({ netns }) => netns.name === refusal.namespace)
    )
      return undefined;
    for (const { rule, place } of dnatRules(kase, refusal.namespace)) {
      const why = nearMissOf(kase, rule);
      if (why === undefined) continue;
      const where = nameOf(kase, refusal.namespace);
      return {
        confidence: Math.min(0.97, refusal.confidence + 0.02),
        title: `${where}’s DNAT rule for port ${kase.flow.server.port} does not match: ${why}`,
        explanation:
          `${where[0]?.toUpperCase()}${where.slice(1)} has a DNAT rule for this port (nat ${place.chain} rule ${place.number}), but it does not apply to this packet: ${why}. So the packet keeps its ` +
          `destination, is delivered to ${where} itself, where nobody listens on port ${kase.flow.server.port}, and is refused.`,
        namespace: refusal.namespace,
        rule: place,
        status: 'rejected',
        evidence: [
          {
            path: place.path,
            line: place.line,
            text: `nat ${place.chain} rule ${place.number}: ${place.text}`,
          },
          ...refusal.evidence,
        ],
        fix: corrected(kase, refusal.namespace, rule, place),
        effect: 'Correct the rule’s condition, so that it covers what clients ask for.',
      };
    }
    return undefined;
  },
};

/** The same rule for the address that clients ask for, when that is all that is wrong with it. */
function corrected(
  kase: Case,
  namespace: string,
  rule: Rule,
  place: { chain: string; number: number; text: string },
): Command[] {
  if (!rule.destination || rule.destination.invert) return [];
  const spec = place.text
    .replace(/^-A \S+ /, '')
    .replace(/(^| )-d \S+/, `$1-d ${formatIp(kase.flow.server.address)}`);
  return [{ namespace, text: `${iptablesOf(kase)} -t nat -R ${place.chain} ${place.number} ${spec}` }];
}
