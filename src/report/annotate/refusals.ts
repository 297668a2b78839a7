/** Answers that are none: the RST or ICMP error that refuses, or that says where a packet was dropped. */
import { printable } from '../../base/printable.ts';
import type { Flow, FlowEnd, Sighting } from '../../correlate/flow.ts';
import type { AnalyzeResult } from '../../diagnose/analyze.ts';
import { flowName } from '../../diagnose/case.ts';
import type { DiagnosedFlow } from '../../diagnose/diagnose.ts';
import { formatEndpoint, formatIp } from '../../net/ip.ts';

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

/** A client that is answered from ends that it never addressed resets them: its RSTs go there, and nobody has rewritten them. */
export function resetsText(flow: Flow): string | undefined {
  const server = resetEnd(flow);
  return (
    server &&
    printable(
      `reset by the client: it is answered from ${formatEndpoint(server.address, server.port)}, which it never addressed; flow ${flow.id}`,
    )
  );
}

/** The server's end that a client's packets to are RSTs alone, after answers, while it asks at another. */
export function resetEnd({ legs }: Flow): FlowEnd | undefined {
  const reset = legs.find(
    ({ forward, reply }) => forward.kept.length > 0 && reply.packets > 0 && forward.kept.every(isReset),
  );
  const asks = legs.some(
    ({ server, forward }) =>
      reset &&
      forward.syn !== undefined &&
      (server.address !== reset.server.address || server.port !== reset.server.port),
  );
  return asks ? reset?.server : undefined;
}

export function isReset({ tcpFlags = 0 }: Sighting): boolean {
  return (tcpFlags & RST) !== 0 && (tcpFlags & SYN) === 0;
}

const RST = 4;
const SYN = 2;
