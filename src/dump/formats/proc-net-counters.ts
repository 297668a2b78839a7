/** /proc/net/snmp, netstat and snmp6, by the names that nstat gives their counters; /proc/net/softnet_stat. */
import type { Issue } from '../../base/issue.ts';
import { badLine, type Format, firstLine, mostLines, type Parsed, sample } from '../format.ts';
import type { ConntrackCpu, Counter } from '../records.ts';
import type { DumpText } from '../text.ts';

const NAMES = /^(Ip|Icmp|IcmpMsg|Tcp|Udp|UdpLite|TcpExt|IpExt|MPTcpExt):((?: [A-Z]\w*)*)\s*$/;
const VALUES = /^(Ip|Icmp|IcmpMsg|Tcp|Udp|UdpLite|TcpExt|IpExt|MPTcpExt):((?: -?\d+)*)\s*$/;
const SNMP6 = /^((?:Ip6|Icmp6|Udp6|UdpLite6)[A-Z]\w*)\s+(\d+)\s*$/;

export const procNetCounters: Format = {
  id: 'proc-net-counters',
  command: 'cat /proc/net/snmp',
  recognise: (text) => firstLine(text, NAMES) ?? mostLines(text, SNMP6),
  parse: parseCounters,
};

/** A line of names, then one of values; or one of each. */
function parseCounters(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const counters = new Map<string, Counter>();
  let names: readonly string[] = [];
  let group = '';
  text.lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const span = { path: text.path, line: index + 1 };
    const single = SNMP6.exec(line);
    const heading = NAMES.exec(line);
    const values = VALUES.exec(line);
    if (single) counters.set(single[1] ?? '', { value: Number(single[2]), span });
    else if (values && values[1] === group && names.length > 0) {
      for (const [i, value] of wordsOf(values[2]).entries()) {
        const name = names[i];
        if (name !== undefined) counters.set(`${group}${name}`, { value: Number(value), span });
      }
      names = [];
    } else if (heading) {
      group = heading[1] ?? '';
      names = wordsOf(heading[2]);
    } else
      issues.push(
        badLine(text.path, index + 1, line, 'names of counters, `Ip: InReceives …`, and their values below'),
      );
  });
  return { content: { kind: 'counters', counters }, issues };
}

function wordsOf(text = ''): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

const SOFTNET = /^[0-9a-f]{8}(?: [0-9a-f]{8}){8,14}\s*$/;

/** softnet_seq_show(), net/core/net-procfs.c: one line a CPU. */
export const procNetSoftnet: Format = {
  id: 'proc-net-softnet',
  command: 'cat /proc/net/softnet_stat',
  recognise: (text) => mostLines(text, SOFTNET),
  parse(text) {
    const issues: Issue[] = [];
    const counters = new Map<string, Counter>();
    let cpu = 0;
    text.lines.forEach((line, index) => {
      if (line.trim() === '') return;
      if (!SOFTNET.test(line)) {
        issues.push(
          badLine(text.path, index + 1, line, "a CPU's counters, each of eight hexadecimal digits"),
        );
        return;
      }
      const values = line.trim().split(' ');
      const span = { path: text.path, line: index + 1 };
      for (const [i, name] of ['processed', 'dropped', 'time_squeeze'].entries()) {
        counters.set(`softnet cpu${cpu} ${name}`, { value: Number.parseInt(values[i] ?? '0', 16), span });
      }
      cpu++;
    });
    return { content: { kind: 'counters', counters }, issues };
  },
};

const STAT_HEADER = /^\s*entries\s+(?:searched|clashres)\s+found\s+new\s+invalid\b/;

/** ct_cpu_seq_show(), net/netfilter/nf_conntrack_standalone.c: the counters of `conntrack -S` in hexadecimal, a line each CPU. */
export const procNetStat: Format = {
  id: 'proc-net-stat',
  command: 'cat /proc/net/stat/nf_conntrack',
  recognise: (text) => firstLine(text, STAT_HEADER),
  parse(text) {
    const issues: Issue[] = [];
    const cpus: ConntrackCpu[] = [];
    const [header] = [...sample(text)].filter(({ line }) => STAT_HEADER.test(line));
    const names = wordsOf(header?.line);
    text.lines.forEach((line, index) => {
      if (line.trim() === '' || STAT_HEADER.test(line)) return;
      const values = wordsOf(line);
      if (values.length > names.length || !values.every((value) => /^[0-9a-f]{8}$/.test(value))) {
        issues.push(
          badLine(text.path, index + 1, line, "a CPU's counters, each of eight hexadecimal digits"),
        );
        return;
      }
      const counters = new Map<string, Counter>();
      for (const [i, value] of values.entries()) {
        const name = names[i];
        // How many entries there are is the table's, printed for each CPU anew.
        if (name === undefined || name === 'entries') continue;
        counters.set(name, { value: Number.parseInt(value, 16), span: { path: text.path, line: index + 1 } });
      }
      cpus.push({ cpu: cpus.length, counters });
    });
    return { content: { kind: 'conntrack-stats', cpus }, issues };
  },
};
