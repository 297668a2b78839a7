/** Netfilter traces as text: `xtables-monitor --trace` (nft) and the kernel log's TRACE lines (legacy). */
import { type Ip, parseIp } from '../../../src/net/ip.ts';

export interface TracedPacket {
  readonly local: boolean;
  readonly in: string;
  readonly source: Ip;
  readonly destination: Ip;
  readonly length: number;
  readonly id: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** Of TCP, as far as the trace names them. */
  readonly tcpFlags?: number;
  readonly tcpSequence?: number;
}

export interface TracedSteps {
  readonly packet: TracedPacket;
  /** `table chain -A …` or `table chain N`; `table chain policy`. */
  readonly steps: string[];
}

function field(line: string, name: string): string | undefined {
  return new RegExp(` ${name}=(\\S*)`).exec(line)?.[1];
}

const FLAGS = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32 } as const;

function packetOf(line: string, chain: string): TracedPacket {
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text));
  const sport = number(field(line, 'SPORT') ?? field(line, 'SPT'));
  const dport = number(field(line, 'DPORT') ?? field(line, 'DPT'));
  const source = parseIp(field(line, 'SRC') ?? '');
  const destination = parseIp(field(line, 'DST') ?? '');
  const words = new Set(line.split(' '));
  let flags = 0;
  for (const [name, bit] of Object.entries(FLAGS)) if (words.has(name)) flags |= bit;
  const sequence = number(field(line, 'SEQ'));
  if (source === undefined || destination === undefined) throw new Error(`no addresses in ${line}`);
  return {
    local: chain === 'OUTPUT',
    in: field(line, 'IN') ?? '',
    source,
    destination,
    length: number(field(line, 'LEN')) ?? 0,
    id: number(field(line, 'ID')) ?? 0,
    ...(sport === undefined ? {} : { sourcePort: sport }),
    ...(dport === undefined ? {} : { destinationPort: dport }),
    ...(flags === 0 ? {} : { tcpFlags: flags }),
    ...(sequence === undefined || flags === 0 ? {} : { tcpSequence: sequence }),
  };
}

/** Groups by the id of the trace; a packet's group begins where the rule with the TRACE target saw it. */
export function readXtablesMonitor(text: string): TracedSteps[] {
  const groups: TracedSteps[] = [];
  const open = new Map<string, TracedSteps>();
  const headers = new Map<string, string>();
  for (const line of text.split('\n')) {
    const header = /^PACKET: \d+ (\S+)( .*)$/.exec(line);
    if (header) headers.set(header[1] ?? '', header[2] ?? '');
    const trace = /^ TRACE: \d+ (\S+) (\w+):([^:]+):(\w+)(?::(\S+))?\s*(.*)$/.exec(line);
    if (!trace) continue;
    const [, id = '', table = '', chain = '', kind = '', , rest = ''] = trace;
    const rule = /-A \S+ ?(.*)$/.exec(rest);
    if (rest.includes('-j TRACE')) {
      const group = { packet: packetOf(headers.get(id) ?? '', chain), steps: [] };
      open.set(id, group);
      groups.push(group);
      continue;
    }
    const group = open.get(id);
    if (kind === 'rule') group?.steps.push(`${table} ${chain} ${normal(rule?.[1] ?? rest)}`);
    else if (kind === 'policy') group?.steps.push(`${table} ${chain} policy`);
  }
  return groups;
}

/** Two spellings of one rule in iptables-save and xtables-monitor. */
export function normal(rule: string): string {
  return rule.replaceAll('"', '').replace(/\s+/g, ' ').trim();
}

export function readKernelLog(
  text: string,
  ruleCount: (table: string, chain: string) => number,
): TracedSteps[] {
  const groups: TracedSteps[] = [];
  const open = new Map<string, TracedSteps>();
  for (const line of text.split('\n')) {
    const trace = /TRACE: (\w+):([^:]+):(\w+):(\d+)( .*)$/.exec(line);
    if (!trace) continue;
    const [, table = '', chain = '', kind = '', number = '', rest = ''] = trace;
    // On lo a packet is traced already when the rule with the TRACE target sees it again.
    if (table === 'raw' && kind === 'rule' && number === '1') continue;
    if (table === 'raw' && (chain === 'PREROUTING' || chain === 'OUTPUT')) {
      const group = { packet: packetOf(rest, chain), steps: [] };
      groups.push(group);
      open.set(keyOf(rest), group);
    }
    const steps = (open.get(keyOf(rest)) ?? groups.at(-1))?.steps;
    const isRule = Number(number) <= ruleCount(table, chain);
    if (isRule) steps?.push(`${table} ${chain} ${number}`);
    else if (kind === 'policy') steps?.push(`${table} ${chain} policy`);
  }
  return groups;
}

/** What NAT doesn't change: two CPUs write their lines at the same time. */
function keyOf(line: string): string {
  return [field(line, 'LEN'), field(line, 'ID'), field(line, 'SEQ'), field(line, 'ACK')].join(' ');
}
