import { groupBy } from '../../base/group-by.ts';
import { once } from '../../base/memo.ts';
import type { Flow, Sighting } from '../../correlate/flow.ts';
import { isEcho } from '../../correlate/outcome.ts';
import type { Correlation } from '../../correlate/scan.ts';
import type { Case } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { describeSighting, seenAt } from '../evidence.ts';
import { limitsOnTheWay } from '../limits.ts';
import { ruleCause } from '../rule-cause.ts';
import { nameOf } from '../words.ts';

const page = ruleCause({
  id: 'flt-rate-limit',
  title: 'A rate limit is used up',
  page: () => ({
    symptom: 'The first packets of a burst pass, the rest does not.',
    mechanism:
      'A rule with -m limit, hashlimit or connlimit accepts up to its rate or number; what exceeds it falls to the rule after it, which drops.',
    check: 'iptables-save -c: both rules count',
    proof:
      'The first packets of a burst pass and the later ones do not; the limited rule and the DROP after it both count.',
    refutation: 'Losses at a rate far below the limit, or a DROP that counts nothing.',
    settledBy: ['iptables-save -c'],
    repair: 'Raise the limit, or give each source its own (hashlimit).',
    references: [
      'net/netfilter/xt_limit.c: limit_mt()',
      'iptables-extensions(8): limit, hashlimit, connlimit',
    ],
  }),
  verb: 'exceeds a rate limit and is dropped by',
  advice: 'Raise the limit, or count by source with hashlimit.',
});

/** On a flow's way; or where its first packets were answered by way of a limited rule and the last ones were not. */
export const fltRateLimit: Cause = {
  ...page,
  find: (kase) => page.find?.(kase) ?? usedUp(kase),
};

function usedUp(kase: Case): Found | undefined {
  const { outcome } = kase;
  const [limit] = limitsOnTheWay(kase).toSorted((a, b) => Number(b.stops) - Number(a.stops));
  const tail = limit && (outcome.unansweredTail ?? servedBefore(kase));
  if (!tail || (!outcome.unansweredTail && wentOn(kase, limit.namespace))) return undefined;
  const { namespace, place, stops } = limit;
  const rule = `${place.table} ${place.chain} rule ${place.number}`;
  const where = nameOf(kase, namespace);
  const counted = limit.counted > 0;
  const inOne = outcome.unansweredTail !== undefined;
  // It has a refusal of its own, and that is what was captured.
  const refused = stops && outcome.refusal !== undefined && /\breject\b/i.test(place.text);
  return {
    confidence: inOne ? 0.8 : counted ? 0.75 : refused ? 0.7 : 0.5,
    title: `${where} lets only part of it through: the limit of ${rule} is used up`,
    explanation:
      `${inOne ? 'The first requests are answered, the ones after them are not.' : 'Others like it were answered a moment before.'} ` +
      (stops
        ? `${rule} ("${place.text}") stops what exceeds its limit; what doesn’t goes on to the rule that accepts it.`
        : `They are accepted by ${rule} ("${place.text}"), which lets a burst pass and then so many per interval; what exceeds it does not match and falls to the rules after it or to the policy.`),
    namespace,
    rule: place,
    status: inOne ? 'degraded' : outcome.refusal ? 'rejected' : 'no-reply',
    severity: 'warning',
    evidence: [
      {
        path: place.path,
        line: place.line,
        text: `${rule}: ${place.text}${counted ? `; ${stops ? 'it' : 'what stops the rest'} counted ${limit.counted} packets` : ''}`,
      },
      seenAt(
        kase,
        tail,
        `${describeSighting(tail)}, ${inOne ? 'the first request that gets no answer' : 'which gets no answer'}`,
      ),
    ],
    fix: [],
    effect: 'Raise the limit, or count by source with hashlimit.',
  };
}

/** It was seen leaving the namespace. */
function wentOn({ prediction }: Case, namespace: string): boolean {
  return (prediction?.checks ?? []).some(
    ({ tap, sighting }) => tap.namespace === namespace && tap.direction === 'out' && sighting !== undefined,
  );
}

/** Others got their answers of the same server and port a moment before: what this one met is that they had used the limit up. */
function servedBefore({ flow, outcome, correlation }: Case): Sighting | undefined {
  const failing = outcome.status === 'no-reply' || outcome.status === 'rejected';
  const answered = flow.legs.some(({ reply }) => reply.packets > 0 && reply.packets > (reply.rst ? 1 : 0));
  if (!failing || answered) return undefined;
  const alike = atService(correlation).get(serviceOf(flow)) ?? [];
  const served = alike.some(
    (other) =>
      other !== flow &&
      (isEcho(flow) || other.start <= flow.start) &&
      Math.abs(flow.start - other.start) < NEARBY &&
      other.legs.some(({ reply }) => reply.packets > 0 && (reply.synAck !== undefined || !reply.rst)),
  );
  return served ? flow.legs.find(({ forward }) => forward.packets > 0)?.forward.kept[0] : undefined;
}

const atService = once(
  (correlation: Correlation): ReadonlyMap<string, readonly Flow[]> => groupBy(correlation.flows, serviceOf),
);

function serviceOf(flow: Flow): string {
  return `${flow.protocol} ${flow.server.address} ${isEcho(flow) ? '' : flow.server.port}`;
}

/** Seconds. */
const NEARBY = 10;
