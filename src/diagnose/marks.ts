/** Marks that are to choose a route: which `ip rule` asks for one, where rules set it, and which way it would have led. */
import type { Sighting } from '../correlate/flow.ts';
import { fateOf, predictLater } from '../correlate/predict.ts';
import type { IpRule } from '../dump/records.ts';
import { type Ip, parseIp } from '../net/ip.ts';
import { contains } from '../net/prefix.ts';
import type { Hop, Step, Trace } from '../netstack/hop.ts';
import { type Case, netnsOf } from './case.ts';

type RuleStep = Extract<Step, { kind: 'rule' | 'nft-rule' }>;

/** A rule that sets the packet's mark where its route is chosen already. */
export interface LateMark {
  readonly namespace: string;
  readonly hop: Hop;
  readonly step: RuleStep;
  readonly mark: number;
  /** The interface it leaves by. */
  readonly out: string;
  /** What the mark would have chosen; absent when no `ip rule` was dumped. */
  readonly wanted?: MarkedWay;
}

export interface MarkedWay {
  readonly rule: IpRule;
  readonly out: string;
  readonly table: string;
}

/** ip_forward() routes in PREROUTING's wake; ip_route_me_harder() routes again only after mangle OUTPUT. */
export function lateMark({ prediction, snapshot }: Case): LateMark | undefined {
  const there = prediction?.there;
  for (const [index, hop] of there?.hops.entries() ?? []) {
    const at = hop.steps.findLastIndex(({ kind }) => kind === 'route');
    const step = hop.steps.slice(at + 1).find(isMarking);
    const exit = there?.taps.findLast((tap) => tap.hop === index && tap.direction === 'out');
    const mark = exit?.header.mark;
    if (!there || at < 0 || !step || !exit || mark === undefined || hop.out === undefined) continue;
    const netns = snapshot.namespaces.get(hop.namespace);
    const late = { namespace: hop.namespace, hop, step, mark, out: hop.out };
    const [rules, routes] =
      there.final.family === 4 ? [netns?.rules4, netns?.routes4] : [netns?.rules6, netns?.routes6];
    const asked = rules?.some((rule) => asksFor(rule, mark));
    const wanted = wayOf(netns, mark, parseIp(exit.header.destination));
    // The rule is known and its table is not.
    if (rules === undefined || (asked && !wanted && routes?.covers !== 'all')) return late;
    if (wanted && wanted.out !== hop.out) return { ...late, wanted };
  }
  return undefined;
}

/** Undefined: for any mark. A rule for packets without one chooses nothing by it. */
function asksFor({ fwmark, invert }: IpRule, mark: number | undefined): boolean {
  if (!fwmark || invert || (fwmark.mark & fwmark.mask) === 0) return false;
  return mark === undefined || ((mark ^ fwmark.mark) & fwmark.mask) === 0;
}

/**
 * Rules of that namespace mark forwarded packets too late, and it isn't known whether this was one of them: it is only seen as it
 * left, with the host's address.
 */
export function mayBeMarkedLate(kase: Case, namespace: string): boolean {
  const late = lateMark(kase);
  if (late) return late.wanted === undefined;
  const netns = netnsOf(kase, namespace);
  const [rules, rulesets] =
    kase.flow.family === 4 ? [netns?.rules4, netns?.rulesets4] : [netns?.rules6, netns?.rulesets6];
  if (kase.prediction?.there.hops.some((hop) => hop.namespace === namespace && hop.in !== undefined))
    return false;
  if (rules && !rules.some((rule) => asksFor(rule, undefined))) return false;
  return (rulesets ?? []).some(({ tables }) =>
    ['FORWARD', 'POSTROUTING'].some((name) =>
      tables
        .get('mangle')
        ?.chains.get(name)
        ?.rules.some(({ target }) => target?.kind === 'extension' && target.name === 'MARK'),
    ),
  );
}

function isMarking(step: Step): step is RuleStep {
  if (step.kind === 'rule') return step.target === 'MARK' || isRestoring(step);
  return (
    step.kind === 'nft-rule' && /\b(?:meta )?mark set\b/.test(step.text) && !/\bct mark set\b/.test(step.text)
  );
}

function isRestoring(step: Step): step is RuleStep {
  if (step.kind === 'rule') return step.target === 'CONNMARK' && /--restore-mark/.test(step.text);
  return step.kind === 'nft-rule' && /\bmeta mark set ct mark\b/.test(step.text);
}

function isSaving(step: Step): step is RuleStep {
  if (step.kind === 'rule') return step.target === 'CONNMARK' && !/--restore-mark/.test(step.text);
  return step.kind === 'nft-rule' && /\bct mark set\b/.test(step.text);
}

/** Where the first `ip rule` that asks for this mark sends the destination; rules that ask for none are not asked. */
function wayOf(
  netns: ReturnType<typeof netnsOf>,
  mark: number | undefined,
  destination: Ip | undefined,
): MarkedWay | undefined {
  if (destination === undefined) return undefined;
  const family = typeof destination === 'number' ? 4 : 6;
  const rules = (family === 4 ? netns?.rules4 : netns?.rules6) ?? [];
  const routes = (family === 4 ? netns?.routes4 : netns?.routes6)?.routes ?? [];
  for (const rule of rules.toSorted((left, right) => left.priority - right.priority)) {
    const { action } = rule;
    if (action.kind !== 'lookup' || !asksFor(rule, mark)) continue;
    const route = routes
      .filter(({ table, destination: prefix }) => table === action.table && contains(prefix, destination))
      .toSorted((left, right) => right.destination.length - left.destination.length)[0];
    const out = route?.nexthops[0]?.dev;
    if (out !== undefined) return { rule, out, table: action.table };
  }
  return undefined;
}

/** A packet of a connection that has a mark goes without it, another way than the connection's. */
export interface ForgottenMark {
  readonly namespace: string;
  /** The rule that gave the connection its mark. */
  readonly saved: RuleStep;
  readonly what: 'answer' | 'later';
  /** The interface of the connection, and the one that the packet leaves by (or was about to). */
  readonly due: string;
  readonly out: string;
  readonly way: MarkedWay;
  /** Where the packet came in; absent when a process of the host sent it. */
  readonly in?: string;
  readonly seen?: Sighting;
}

export function forgottenMark(kase: Case): ForgottenMark | undefined {
  const { prediction, predictor, flow } = kase;
  const there = prediction?.there;
  if (!there?.hops.some(({ steps }) => steps.some(isSaving))) return undefined;
  const answer = prediction?.back && strayed(kase, prediction.back, 'answer');
  if (answer) return answer;
  const later =
    fateOf(there) === 'forwarded' || fateOf(there) === 'delivered'
      ? predictLater(predictor, flow)
      : undefined;
  return later && strayed(kase, later, 'later');
}

function strayed(kase: Case, trace: Trace, what: ForgottenMark['what']): ForgottenMark | undefined {
  const first = kase.prediction?.there;
  for (const hop of trace.hops) {
    const begun = first?.hops.find(
      ({ namespace, steps }) => namespace === hop.namespace && steps.some(isSaving),
    );
    const saved = begun?.steps.find(isSaving);
    const route = hop.steps.findLast((step) => step.kind === 'route');
    const out = hop.out ?? (route?.kind === 'route' ? route.out : undefined);
    // A request to the host itself has no way out; its answer has.
    const due = what === 'answer' ? begun?.in : begun?.out;
    if (!begun || !saved || out === undefined || due === undefined || out === due) continue;
    if (hop.steps.some(isRestoring)) continue;
    const way = wayOf(netnsOf(kase, hop.namespace), markOf(saved, first), parseIp(trace.final.destination));
    if (way?.out !== due) continue;
    const seen = kase.flow.legs
      .filter(({ point }) => {
        const at = kase.correlation.points[point];
        return at?.namespace === hop.namespace && at.interface === out;
      })
      .map((leg) => leg[what === 'answer' ? 'reply' : 'forward'].kept[0])
      .find((sighting) => sighting !== undefined);
    return {
      namespace: hop.namespace,
      saved,
      what,
      due,
      out,
      way,
      ...(hop.in !== undefined && { in: hop.in }),
      ...(seen && !kase.hypothetical && { seen }),
    };
  }
  return undefined;
}

/** `--set-xmark 0x20/0xffffffff`, `--set-mark 0x20`, `ct mark set 0x20`; of a saved mark, the one the packet had. */
function markOf({ text }: RuleStep, first: Trace | undefined): number | undefined {
  const given = /(?:--set-x?mark|ct mark set) (0x[0-9a-f]+|\d+)/i.exec(text)?.[1];
  if (given !== undefined) return Number(given);
  return first?.taps.find(({ header }) => header.mark !== undefined)?.header.mark;
}
