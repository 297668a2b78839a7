import { printable } from '../../base/printable.ts';
import type { AnalysisFlow } from '../analysis.ts';
import { groupFlows, ownerNote, statusText } from './flow-name.ts';
import { endpointText } from './header.ts';
import type { Style } from './style.ts';
import { columns } from './wrap.ts';

const SHOWN = 20;

/** A line a flow, or a line for flows that differ in the client's port only. */
export function flowTable(
  title: string,
  flows: readonly AnalysisFlow[],
  style: Style,
  withStatus = false,
): string[] {
  if (flows.length === 0) return [];
  const groups = style.verbose ? flows.map((flow) => ({ flows: [flow] })) : groupFlows(flows);
  const shown = style.verbose ? groups : groups.slice(0, SHOWN);
  const rows = shown.map((group) => row(group.flows, withStatus));
  const header = ['', 'client', 'server', 'packets', ''].map((cell) => style.dim(cell));
  const lines = columns([header, ...rows], { width: style.width, indent: 2, limit: 48 });
  const hidden = groups.slice(shown.length).reduce((sum, group) => sum + group.flows.length, 0);
  if (hidden > 0) lines.push(`  … and ${hidden} more (all with -v)`);
  return ['', style.bold(title), ...lines];
}

function row(flows: readonly AnalysisFlow[], withStatus: boolean): string[] {
  const [first] = flows;
  if (!first) return [];
  const forward = flows.reduce((sum, flow) => sum + flow.packets.forward, 0);
  const reply = flows.reduce((sum, flow) => sum + flow.packets.reply, 0);
  const notes = [withStatus ? statusText(first) : '', flows.length > 1 ? `${flows.length} flows` : ''];
  return [
    printable(first.protocol),
    `${endpointText(first.client.address, flows.length > 1 ? undefined : first.client.port)}${ownerNote(first.client)}`,
    `${endpointText(first.server.address, first.server.port)}${ownerNote(first.server)}`,
    `${forward} / ${reply}`,
    notes.filter((note) => note !== '').join(', '),
  ];
}
