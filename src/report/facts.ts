import type { Analysis } from './analysis.ts';
import { periodText } from './text/time.ts';

/** `2 flows`, `51 packets of 3 captures` …: what an analysis is of. */
export function factsOf({ flows, counted, inputs, topology }: Analysis): string[] {
  const captures = inputs.filter(({ packets }) => packets !== undefined);
  const packets = captures.reduce((sum, input) => sum + (input.packets ?? 0), 0);
  const times = flows.flatMap(({ start, end }) => [start, end]);
  const from = times.length > 0 ? times.reduce((least, time) => Math.min(least, time)) : undefined;
  const to = times.reduce((most, time) => Math.max(most, time), 0);
  return [
    plural(flows.length + (counted?.flows ?? 0), 'flow'),
    `${plural(packets, 'packet')} of ${plural(captures.length, 'capture')}`,
    plural(inputs.length - captures.length, 'dump'),
    plural(topology.namespaces.length, 'namespace'),
    ...(from === undefined ? [] : [periodText(from, to)]),
  ];
}

export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
