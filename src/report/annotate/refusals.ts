/** Answers that are none: the RST or ICMP error that refuses, or that says where a packet was dropped. */
import { printable } from '../../base/printable.ts';
import type { Sighting } from '../../correlate/flow.ts';
import type { AnalyzeResult } from '../../diagnose/analyze.ts';
import { flowName } from '../../diagnose/case.ts';
import type { DiagnosedFlow } from '../../diagnose/diagnose.ts';
import { formatIp } from '../../net/ip.ts';

export function refusals(
  result: AnalyzeResult,
  { kase, flow, status, findings }: DiagnosedFlow,
): { readonly sighting: Sighting; readonly text: string }[] {
  const finding = findings.map((index) => result.findings[index]).find((one) => one !== undefined);
  const why = finding ? `: ${finding.title}; cause ${finding.cause}` : '';
  const whose = `flow ${flow.id} (${flowName(flow)})`;
  const said = flow.errors.map(({ sighting, type, code, from, quoted }) => ({
    sighting,
    text: `answered by an error: ICMP ${type}/${code} from ${formatIp(from)} about the ${quoted === 'forward' ? 'request' : 'answer'} of ${whose}${why}`,
  }));
  const refused = status === 'rejected';
  const { reset } = kase.outcome;
  for (const { reply } of flow.legs) {
    if (!reply.rst || (!refused && !reset)) continue;
    const how = refused ? 'refused' : 'reset without a byte of answer';
    said.push({ sighting: reply.rst, text: `${how}: this RST ends ${whose}${why}` });
  }
  return said.map(({ sighting, text }) => ({ sighting, text: printable(text) }));
}
