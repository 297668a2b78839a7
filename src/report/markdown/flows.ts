import type { AnalysisFlow, Endpoint } from '../analysis.ts';
import { plural } from '../facts.ts';
import { ownerNote, statusText } from '../text/flow-name.ts';
import { endpointText } from '../text/header.ts';
import { clockText } from '../text/time.ts';
import type { View } from '../view.ts';
import { code, prose, table } from './escape.ts';

const SHOWN = 25;

/** Those of findings first, and no more than somebody reads. */
export function flowTable({ analysis: { flows, counted } }: View): string {
  const all = flows.length + (counted?.flows ?? 0);
  if (all === 0) return 'The captures hold no flow.';
  const shown = flows
    .toSorted((a, b) => Number(b.findings.length > 0) - Number(a.findings.length > 0))
    .slice(0, SHOWN);
  const rest = all > shown.length ? `\n\nand ${plural(all - shown.length, 'flow')} more` : '';
  const head = ['Outcome', 'Protocol', 'Client', 'Server', 'There', 'Back', 'Begin (UTC)', 'Finding'];
  return `${table(head, shown.map(rowOf), [4, 5])}${rest}`;
}

function rowOf(flow: AnalysisFlow): string[] {
  const { protocol, client, server, packets, start, findings } = flow;
  return [
    statusText(flow),
    prose(protocol),
    endText(client),
    endText(server),
    String(packets.forward),
    String(packets.reply),
    clockText(start),
    findings.map((index) => index + 1).join(', '),
  ];
}

function endText(end: Endpoint): string {
  const owner = ownerNote(end);
  return `${code(endpointText(end.address, end.port))}${owner === '' ? '' : ` ${prose(owner)}`}`;
}
