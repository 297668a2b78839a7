import { stepName, tiedName } from '../../correlate/kernel-path.ts';
import { tracedEnds } from '../../correlate/traced-header.ts';
import type { Cause } from '../cause.ts';
import type { Evidence } from '../finding.ts';
import { nameOf } from '../words.ts';

export const traceModelParts: Cause = {
  id: 'trace-model-parts',
  title: 'The kernel’s trace and the model part',
  severity: 'warning',
  symptom: 'A netfilter trace shows a packet going by other rules than the dumps let expect.',
  mechanism:
    'The trace is what the kernel did. Either the dumps are of another time than the trace (rules, routes, sysctls or connections were changed between them), or the model does something otherwise than this kernel.',
  check: 'iptables-save, ip route, sysctl and conntrack -L once more, right after the trace',
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
