/** The kernel's own traces as witnesses: of a drop that the model predicts, against it, or of one that the model does not see. */
import { type KernelPath, tiedName } from '../correlate/kernel-path.ts';
import type { TiedStep } from '../correlate/trace-rules.ts';
import { sightedHeader } from '../correlate/traced-header.ts';
import type { Trace } from '../netstack/hop.ts';
import type { Rule } from '../xtables/rule.ts';
import type { Case, ModelDrop } from './case.ts';
import type { Evidence } from './finding.ts';

/** What the traces say of where the model lets the flow die; a drop that only they show takes its place. */
export function withTraces(kase: Case, drop: ModelDrop | undefined): ModelDrop | undefined {
  if (kase.hypothetical || kase.kernel.length === 0) return drop;
  const traced = tracedDrop(kase);
  if (!drop) return traced && dropOfTrace(kase, traced);
  const own = kase.kernel.filter(
    ({ packet, direction }) => packet.namespace === drop.namespace && direction === drop.direction,
  );
  const [first] = own;
  if (!first) return drop;
  if (first.model === 'parts') return traced ? dropOfTrace(kase, traced) : { ...drop, refutedBy: first };
  const confirms = first.model === 'agrees' && stopsAt(first, drop);
  return confirms ? { ...drop, confirmedBy: first } : drop;
}

/** The trace's last step is the rule that the model lets drop it, or the trace ends where the model lets it die. */
function stopsAt({ outcome, steps }: KernelPath, { trace }: ModelDrop): boolean {
  if (outcome === 'ended') return trace.rule === undefined;
  if (outcome !== 'dropped' && outcome !== 'rejected') return false;
  const { rule } = trace;
  const last = steps.at(-1);
  return rule !== undefined && last !== undefined && rule.table === last.table && rule.chain === last.chain;
}

/** The first packet of the flow that a trace shows dropped, where none like it went on. */
function tracedDrop({ kernel, outcome }: Case): KernelPath | undefined {
  if (outcome.status === 'delivered') return undefined;
  const drops = (path: KernelPath) =>
    path.outcome === 'dropped' ||
    path.outcome === 'rejected' ||
    (path.outcome === 'ended' && endsAtPolicy(path));
  for (const direction of ['forward', 'reply'] as const) {
    const own = kernel.filter((path) => path.direction === direction);
    const found = own.find(drops);
    if (found && own.every((path) => drops(path) || path.packet.namespace !== found.packet.namespace))
      return found;
  }
  return undefined;
}

/**
 * The kernel log doesn't say what a policy is. Between FORWARD or INPUT and the next chain nothing else of the kernel takes
 * packets: there the policy was DROP, whatever a dump of another time says.
 */
function endsAtPolicy({ steps, model }: KernelPath): boolean {
  const last = steps.at(-1);
  return model === 'parts' && last?.kind === 'policy' && (last.hook === 'FORWARD' || last.hook === 'INPUT');
}

function dropOfTrace(kase: Case, path: KernelPath): ModelDrop {
  const { packet, steps, direction, outcome } = path;
  const last = steps.at(-1) as TiedStep;
  const header = packet.steps.at(-1)?.header ?? packet.header;
  const hook = last.hook ?? 'FORWARD';
  const step = {
    hook,
    table: last.table as 'filter',
    chain: last.chain,
    ...(last.place && { line: last.place.line, path: last.place.path }),
  };
  const rule: NonNullable<Trace['rule']> =
    last.kind === 'policy'
      ? { kind: 'policy', ...step, verdict: 'DROP' }
      : {
          kind: 'rule',
          ...step,
          // A rule that no dump has is quoted from the trace.
          ...(last.place ? {} : { line: last.span.line, path: last.span.path }),
          number: last.number ?? 0,
          target: last.verdict ?? '',
          text: last.text ?? '',
        };
  const final = sightedHeader(header);
  const trace: Trace = {
    hops: [
      {
        namespace: packet.namespace,
        ...(header.in === undefined ? {} : { in: header.in }),
        ...(header.physin === undefined ? {} : { physin: header.physin }),
        ...(header.out === undefined ? {} : { out: header.out }),
        steps: [rule],
      },
    ],
    taps: [],
    verdict: outcome === 'rejected' ? 'rejected' : 'dropped',
    cause: causeOf(kase, last, header.in),
    reason: 'NETFILTER_DROP',
    final,
    namespace: packet.namespace,
    rule,
    assumptions: [],
    answers: [],
  };
  return {
    direction,
    trace,
    cause: trace.cause ?? 'flt-rule-drop',
    namespace: packet.namespace,
    absent: [],
    confirmedBy: path,
  };
}

/** As netstack's dropCause() has it, from the rule alone. */
function causeOf(kase: Case, last: TiedStep, input: string | undefined): string {
  const { rule, hook, chain, verdict, kind } = last;
  if (rule && has(rule, 'set')) return 'flt-ipset-ban';
  if (rule && has(rule, 'rpfilter')) return 'rpf-strict-drop';
  if (rule && /--(?:ct)?state \S*INVALID/.test(rule.text)) return 'ct-invalid-drop';
  if (/^DOCKER-ISOLATION/.test(chain)) return 'flt-docker-isolation';
  if (verdict === 'REJECT') return 'flt-reject';
  if (hook === 'OUTPUT') return 'flt-output-drop';
  if (hook === 'INPUT') return isBridge(kase, last, input) ? 'flt-input-blocks-container' : 'flt-input-drop';
  return hook === 'FORWARD' && kind === 'policy' ? 'flt-forward-policy-drop' : 'flt-rule-drop';
}

function isBridge(kase: Case, { span }: TiedStep, input: string | undefined): boolean {
  const path = kase.kernel.find(({ packet }) => packet.span.path === span.path);
  const links = kase.snapshot.namespaces.get(path?.packet.namespace ?? '')?.links ?? [];
  return links.some(({ name, kind }) => name === input && kind === 'bridge');
}

function has(rule: Rule, name: string): boolean {
  return rule.matches.some((match) => match.name === name);
}

/** The trace's own line, as evidence for a drop or against it. */
export function traceEvidence({ confirmedBy, refutedBy }: ModelDrop): Evidence[] {
  const path = confirmedBy ?? refutedBy;
  if (!path) return [];
  const { packet, outcome, parting } = path;
  const last = path.steps.at(-1);
  const line = last?.span.line ?? packet.span.line;
  if (refutedBy)
    return [
      { path: packet.span.path, line, text: `against it: ${parting?.text ?? 'the kernel’s trace goes on'}` },
    ];
  const where = last ? tiedName(last) : 'its last line';
  const text =
    outcome === 'ended'
      ? `the kernel's own trace of it ends behind ${where}`
      : `the kernel's own trace of it ends at ${where}`;
  return [{ path: packet.span.path, line, text }];
}
