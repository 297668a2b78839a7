import { stepName, tiedName } from '../../correlate/kernel-path.ts';
import { tracedEnds } from '../../correlate/traced-header.ts';
import type { Cause } from '../cause.ts';
import type { Evidence } from '../finding.ts';
import { nameOf } from '../words.ts';

export const traceModelParts: Cause = {
  id: 'trace-model-parts',
  title: 'The kernel’s trace and the model part',
  severity: 'warning',
  page: () => ({
    symptom: 'A netfilter trace shows a packet going by other rules than the dumps let expect.',
    mechanism:
      'The trace is what the kernel did. Either the dumps are of another time than the trace (rules, routes, sysctls or connections were changed between them), or the model does something otherwise than this kernel.',
    check: 'iptables-save, ip route, sysctl and conntrack -L once more, right after the trace',
    proof:
      'One packet’s trace and the model’s path name different rules or verdicts at the same hook, and all before that is alike.',
    refutation:
      'The trace has gaps there: rules are traced only from the one that switches it on, nft 1.0.6 leaves out comments and options of extensions, and the legacy backend words an unconditional ACCEPT as a return or the policy.',
    settledBy: [
      'iptables-save -c; nft list ruleset',
      'ip rule; ip route show table all',
      'conntrack -L',
      'sysctl -a',
    ],
    repair:
      'Take all dumps anew together with the trace. If they still part, believe the trace and report the difference with both.',
    references: [
      'net/netfilter/nf_tables_trace.c: nft_trace_notify()',
      'net/ipv4/netfilter/ip_tables.c: trace_packet()',
      'nft(8): monitor',
      'xtables-monitor(8)',
      'iptables-extensions(8): TRACE',
    ],
  }),
  also(kase) {
    if (kase.hypothetical) return [];
    const path = kase.kernel.find(({ model }) => model === 'parts');
    if (!path?.parting) return [];
    const { packet, parting } = path;
    const { kernel, model, text } = parting;
    const where = nameOf(kase, packet.namespace);
    const evidence: Evidence[] = [
      {
        path: packet.span.path,
        line: kernel?.span.line ?? packet.span.line,
        text: `the kernel: ${tracedEnds(packet.header)}, ${kernel ? tiedName(kernel) : 'no further step'}`,
      },
    ];
    if (kernel?.place) evidence.push({ ...kernel.place, text: kernel.text ?? tiedName(kernel) });
    if (model && 'path' in model && model.path !== undefined) {
      const line = 'line' in model ? model.line : undefined;
      evidence.push({
        path: model.path,
        ...(line !== undefined && { line }),
        text: `the model: ${stepName(model)}${model.kind === 'rule' ? `: ${model.text}` : ''}`,
      });
    }
    const place = model && model.kind !== 'drop' ? stepName(model) : kernel ? tiedName(kernel) : '';
    return [
      {
        confidence: 0.9,
        status: 'unknown',
        title: `${where}: the kernel's trace and the model part: ${text}`,
        explanation:
          `The trace of ${tracedEnds(packet.header)} shows what the kernel did; the model, run on the dumps, takes another way from there on. ` +
          'The trace is right. The dumps were taken at another time than the trace, or something that was not dumped decided; the rest of the path below is the model’s and is not to be believed.',
        namespace: packet.namespace,
        group: `${packet.namespace} ${place}`,
        evidence,
      },
    ];
  },
};
