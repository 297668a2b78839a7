/** A row of the table of flows as data: cells in order of the columns, then the findings' numbers. */
export type FlowRow = readonly [
  status: string,
  protocol: string,
  client: string,
  server: string,
  forward: number,
  reply: number,
  start: number,
  findings: readonly number[],
];

/** `10.0.0.2:80 (web)`: the address, and who has it. */
export function endParts(end: string): readonly [address: string, owner: string] {
  const at = end.indexOf(' ');
  return at < 0 ? [end, ''] : [end.slice(0, at), end.slice(at + 1)];
}
