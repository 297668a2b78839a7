/** `xtables-monitor --trace` (and `--event`): trace_cb() and trace_print_packet(), iptables/xtables-monitor.c. */
import type { Issue } from '../../base/issue.ts';
import { badLine, type Format, firstLine, type Parsed } from '../format.ts';
import type { DumpText } from '../text.ts';
import { parseFields } from '../trace-fields.ts';
import type { TraceDump, TracedHeader, TraceEvent, TraceStep } from '../trace-record.ts';

/** Line numbers that a manual page's example has are passed over. */
const LEAD = /^\s*(?:\d+ )?/;
const PACKET = /^PACKET: \d+ ([0-9a-f]{1,8}) (.*)$/;
const TRACE = /^TRACE: \d+ ([0-9a-f]{1,8}) (\w+):([^\s:]+):(rule|return|policy):(.*)$/;
const EVENT = /^EVENT: (.*)$/;
const ANY = new RegExp(
  `${LEAD.source}(?:${[PACKET, TRACE, EVENT].map(({ source }) => source.slice(1)).join('|')})`,
);

export const xtablesMonitor: Format = {
  id: 'xtables-monitor',
  command: 'xtables-monitor --trace',
  recognise: (text) => firstLine(text, ANY),
  parse: parseMonitor,
};

function parseMonitor(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const events: TraceEvent[] = [];
  const gaps: TraceDump['gaps'][number][] = [];
  const headers = new Map<string, TracedHeader>();
  text.lines.forEach((raw, index) => {
    const line = raw.replace(LEAD, '').replaceAll('\\-', '-');
    const span = { path: text.path, line: index + 1 };
    if (line.trim() === '') return;
    const change = EVENT.exec(line)?.[1];
    if (change !== undefined) {
      events.push({ change: change.replace(/"$/, ''), span });
      return;
    }
    const packet = PACKET.exec(line);
    if (packet) {
      const [, id = '', rest = ''] = packet;
      const header = parseFields(rest);
      if (header) {
        headers.set(id, header);
        events.push({ id, header, span });
      } else lose(index, line, 'a packet: `PACKET: 2 8ead8ada IN=eth0 … SRC=10.0.0.2 DST=10.0.0.9 …`');
      return;
    }
    const trace = TRACE.exec(line);
    const [, id = '', table = '', chain = '', kind = 'rule', rest = ''] = trace ?? [];
    const step = trace ? stepOf(table, chain, kind as TraceStep['kind'], rest) : undefined;
    if (!step) {
      lose(index, line, 'a line that begins with PACKET:, TRACE: or EVENT:');
      return;
    }
    const header = headers.get(id);
    events.push({ id, ...(header ? { header } : {}), step, span });
  });
  function lose(index: number, line: string, expected: string): void {
    issues.push(badLine(text.path, index + 1, line, expected));
    gaps.push({ line: index + 1, text: 'a line that could not be read' });
  }
  const last = text.lines.findLastIndex((line) => line.trim() !== '');
  const end = events.at(-1);
  // It dies on expressions it can't read, in the middle of a line.
  if (end?.step?.kind === 'rule' && end.span.line === last + 1 && end.step.text === undefined) {
    gaps.push({ line: last + 1, text: 'it ends in the middle of a line' });
  }
  return { content: { kind: 'trace', trace: { form: 'xtables-monitor', events, gaps } }, issues };
}

/** `0x8:JUMP:web  -4 -t filter -A FORWARD -p tcp -j web`, `ACCEPT `, ``. */
function stepOf(table: string, chain: string, kind: TraceStep['kind'], rest: string): TraceStep | undefined {
  if (kind !== 'rule') {
    const verdict = /^[A-Z]+/.exec(rest.trim())?.[0];
    return { kind, table, chain, ...(verdict === undefined ? {} : { verdict }) };
  }
  const match = /^(0x[0-9a-f]+):(\S*)\s*(.*)$/.exec(rest);
  if (!match) return undefined;
  const [, handle = '', word = '', words = ''] = match;
  const family = /^-([46]) /.exec(words)?.[1];
  const rule = /(?:^| )(-A \S.*)$/.exec(words)?.[1];
  return {
    kind,
    table,
    chain,
    handle: Number(handle),
    ...(family === undefined ? {} : { tableFamily: family === '4' ? 'ip' : 'ip6' }),
    ...(rule === undefined ? {} : { text: rule.trim() }),
    verdict: verdictOf(word),
  };
}

/** xtables-monitor has no word for NFT_RETURN and prints its number. */
function verdictOf(word: string): string {
  if (word === '0xfffffffb') return 'RETURN';
  return word.replace(/^(JUMP|GOTO):/, '$1 ');
}
