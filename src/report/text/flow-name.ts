import { printable } from '../../base/printable.ts';
import type { Finding } from '../../diagnose/finding.ts';
import type { AnalysisFlow, Endpoint } from '../analysis.ts';
import { endpointText } from './header.ts';

/** `tcp 10.0.0.2:4711 → 10.0.0.9:80`. */
export function flowName(flow: AnalysisFlow): string {
  return `${printable(flow.protocol)} ${endpoint(flow.client)} → ${endpoint(flow.server)}`;
}

function endpoint(end: Endpoint): string {
  return endpointText(end.address, end.port);
}

/** ` (web)`: whom the address belongs to, where that is known and says more than the address. */
export function ownerNote(end: Endpoint): string {
  const owner = end.name ?? end.namespace;
  return owner === undefined ? '' : ` (${printable(owner)})`;
}

/** Flows that differ in the client's port only. */
export interface FlowGroup {
  readonly name: string;
  readonly flows: AnalysisFlow[];
}

export function groupFlows(flows: readonly AnalysisFlow[]): FlowGroup[] {
  const groups = new Map<string, AnalysisFlow[]>();
  for (const flow of flows) {
    const key = `${flow.protocol} ${flow.client.address} ${endpoint(flow.server)} ${flow.status}`;
    const group = groups.get(key);
    if (group) group.push(flow);
    else groups.set(key, [flow]);
  }
  return [...groups.values()].map((members) => ({ name: groupName(members), flows: members }));
}

function groupName(flows: readonly AnalysisFlow[]): string {
  const [first] = flows;
  if (!first) return '';
  if (flows.length === 1) return flowName(first);
  return `${printable(first.protocol)} ${printable(first.client.address)} → ${endpoint(first.server)}`;
}

const STATUS: Readonly<Record<AnalysisFlow['status'], string>> = {
  delivered: 'answered',
  'no-reply': 'no answer',
  dropped: 'dropped',
  rejected: 'rejected',
  degraded: 'degraded',
  unknown: 'unknown',
};

export function statusText(flow: AnalysisFlow): string {
  return STATUS[flow.status];
}

/** It did not get through, and that is somebody's trouble: not a scan that was turned away, nor a probe of traceroute. */
export function fails(flow: AnalysisFlow, findings: readonly Finding[]): boolean {
  const ended = flow.status === 'dropped' || flow.status === 'rejected' || flow.status === 'no-reply';
  return ended && !isMeant(flow, findings);
}

/** What is said of it is information, nothing more. */
export function isMeant(flow: AnalysisFlow, findings: readonly Finding[]): boolean {
  return flow.findings.length > 0 && flow.findings.every((index) => findings[index]?.severity === 'info');
}
