/** `--flow`, `--host` … of the commands that list flows or packets; `filter.ts` beside this reads them. */
import type { Command } from 'commander';

export interface FilterOptions {
  readonly flow?: readonly string[];
  readonly host?: readonly string[];
  readonly port?: readonly string[];
  readonly proto?: readonly string[];
  readonly time?: readonly string[];
  readonly filter?: readonly string[];
}

const OPTIONS = [
  [
    '--flow <flow>',
    "only that flow: 'tcp 10.0.0.2:40000 > 8.8.8.8:53' (<> for either way), or a line pasted from tcpdump, conntrack, ss or Wireshark",
  ],
  [
    '--host <host>',
    'only what has that address, network (10.0.0.0/8), container or namespace, before or after NAT',
  ],
  ['--port <port>', 'only that port, range (8000-8100) or service (https)'],
  ['--proto <protocol>', 'only tcp, udp, icmp, icmpv6, arp …, or a number'],
  [
    '--time <from..to>',
    'only what was there then: 10:00:05..10:00:10, +10s..+20s since the first packet, or with the date (UTC)',
  ],
  [
    '--filter <expression>',
    "only that, as tcpdump or Wireshark say it: 'tcp and not port 22', 'ip.addr == 10.0.0.2'",
  ],
] as const;

export function isFiltered({ flow, host, port, proto, time, filter }: FilterOptions): boolean {
  return [flow, host, port, proto, time, filter].some((given) => given !== undefined);
}

/** One option given again asks for either; different ones for all of it. `!` or `not` before a value turns it round. */
export function withFilterOptions(command: Command): Command {
  for (const [flags, text] of OPTIONS) {
    command.option(flags, text, (value: string, before: readonly string[] | undefined) => [
      ...(before ?? []),
      value,
    ]);
  }
  return command;
}
