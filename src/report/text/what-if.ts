/** `--what-if`: the commands, and what becomes of the flows that end otherwise with them. */
import { printable } from '../../base/printable.ts';
import type { FlowEnd } from '../../diagnose/effect.ts';
import type { WhatIf } from '../../diagnose/what-if.ts';
import type { Analysis, AnalysisFlow } from '../analysis.ts';
import { flowName } from './flow-name.ts';
import type { Style } from './style.ts';
import { hang } from './wrap.ts';

/** Changes told one by one; of more it is said how many. */
const SHOWN = 8;

export function whatIfLines(whatIf: WhatIf | undefined, { flows }: Analysis, style: Style): string[] {
  if (!whatIf) return [];
  const { commands, changed, same, unknown } = whatIf;
  const lines = ['', style.bold('With this done:')];
  lines.push(...commands.map((command) => `  ${style.command(printable(command))}`), '');
  if (changed.length === 0) lines.push('  No flow would end otherwise.');
  const groups = grouped(whatIf, flows);
  for (const { name, before, after } of style.verbose ? groups : groups.slice(0, SHOWN)) {
    const paint = after.passes ? style.good : style.bad;
    lines.push(...hang('  ', style.bold(name), style.width));
    lines.push(...hang('    now   ', printable(before.text), style.width));
    lines.push(...hang('    then  ', printable(after.text), style.width).map(paint));
  }
  if (groups.length > SHOWN && !style.verbose)
    lines.push(`  … and ${groups.length - SHOWN} more kinds of flows (all with -v)`);
  const rest = [
    ...(same > 0 ? [same === 1 ? 'One flow ends as before' : `${same} flows end as before`] : []),
    ...(unknown > 0 ? [`${unknown} can’t be followed, for too little was dumped`] : []),
  ];
  if (rest.length > 0 && changed.length + same + unknown > 0)
    lines.push(...hang('  ', `${rest.join('; ')}.`, style.width).map(style.dim));
  return lines;
}

interface Group {
  readonly name: string;
  readonly before: FlowEnd;
  readonly after: FlowEnd;
}

/** Flows of one client to one service that end the same way, as one. */
function grouped({ changed }: WhatIf, flows: readonly AnalysisFlow[]): Group[] {
  const groups = new Map<string, { flow: AnalysisFlow; count: number; before: FlowEnd; after: FlowEnd }>();
  for (const { flow: id, before, after } of changed) {
    const flow = flows.find((each) => each.id === id);
    if (!flow) continue;
    const key = [
      flow.protocol,
      flow.client.address,
      flow.server.address,
      flow.server.port,
      before.text,
      after.text,
    ].join('\n');
    const known = groups.get(key);
    if (known) known.count++;
    else groups.set(key, { flow, count: 1, before, after });
  }
  return [...groups.values()].map(({ flow, count, before, after }) => ({
    name: `${flowName(flow)}${count > 1 ? `, and ${count - 1} more like it` : ''}`,
    before,
    after,
  }));
}
