/** `conntrack -S`: what each CPU counted, of /proc/net/stat/nf_conntrack by ctnetlink; nfct_stats_cb(), src/conntrack.c of conntrack-tools. */
import type { Issue } from '../../base/issue.ts';
import { badLine, type Format, mostLines, type Parsed } from '../format.ts';
import type { ConntrackCpu, Counter } from '../records.ts';
import type { DumpText } from '../text.ts';

const LINE = /^\s*cpu=(\d+)\s+((?:[a-z_]+=\d+\s*)+)$/;

export const conntrackStats: Format = {
  id: 'conntrack-stats',
  command: 'conntrack -S',
  recognise: (text) => mostLines(text, LINE),
  parse: parseStats,
};

function parseStats(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const cpus: ConntrackCpu[] = [];
  text.lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const match = LINE.exec(line);
    if (!match) {
      issues.push(badLine(text.path, index + 1, line, 'a CPU and its counters: `cpu=0 found=3 invalid=0 …`'));
      return;
    }
    const span = { path: text.path, line: index + 1 };
    const counters = new Map<string, Counter>();
    for (const [, name = '', value] of (match[2] ?? '').matchAll(/([a-z_]+)=(\d+)/g)) {
      counters.set(name, { value: Number(value), span });
    }
    cpus.push({ cpu: Number(match[1]), counters });
  });
  return { content: { kind: 'conntrack-stats', cpus }, issues };
}
