/**
 * Netfilter's lines in the kernel log, with or without what dmesg, journalctl or syslog puts before them: `TRACE: table:chain:…`
 * of the legacy TRACE target (trace_packet(), net/ipv4/netfilter/ip_tables.c), and LOG lines with any prefix
 * (nf_log_dump_packet_common(), net/netfilter/nf_log_syslog.c), and conntrack's complaint that its table is full
 * (__nf_conntrack_alloc(), net/netfilter/nf_conntrack_core.c). All other lines of the log are passed over.
 */
import type { Issue } from '../../base/issue.ts';
import { badLine, because, type Format, type Parsed } from '../format.ts';
import type { DumpText } from '../text.ts';
import { parseFields, parseLogTime } from '../trace-fields.ts';
import type { KernelNotice, LogTime, TraceDump, TraceEvent, TraceStep } from '../trace-record.ts';

const TRACE = /TRACE: (\w+):([^\s:]+):(rule|return|policy):(\d+)(?=\s|$)/;
const PACKET = /(?:^|[\s\]])(IN=\S* OUT=\S* .*)$/;
const WHOLE = /\bSRC=\S+ DST=\S+ .*\bPROTO=\S+/;
const FULL = /\bnf_conntrack: table full(?: in netns (\d+))?, dropping packet/;
/** What a message of the log begins with: found behind a packet on the same line, two CPUs wrote at once. */
const BEGINNING = /\[\s*\d{1,10}\.\d{6}\] |TRACE: \w{1,32}:[^\s:]{1,256}:(?:rule|return|policy):\d{1,10} /g;
const SUPPRESSED =
  /\b(?:Suppressed (\d+) messages|Missed (\d+) kernel messages|(\d+) callbacks suppressed|printk messages dropped|message repeated (\d+) times)/;

/** A log may be long, and netfilter's lines the last of it. */
const LOOKED_AT = 200_000;

export const kernelLog: Format = {
  id: 'kernel-log',
  command: 'dmesg',
  recognise(text) {
    for (const [index, line] of text.lines.slice(0, LOOKED_AT).entries()) {
      if (line.length > 4000) continue;
      if (FULL.test(line)) return because(index + 1, line.slice(0, 200));
      if (!(line.includes('SRC=') || line.includes('TRACE: '))) continue;
      if (TRACE.test(line) || (PACKET.test(line) && WHOLE.test(line)))
        return because(index + 1, line.slice(0, 200));
    }
    return undefined;
  },
  parse: parseLog,
};

function parseLog(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const events: TraceEvent[] = [];
  const gaps: TraceDump['gaps'][number][] = [];
  const notices: KernelNotice[] = [];
  const lines = unwrapped(text.lines);
  for (const { line, number } of lines) {
    const suppressed = SUPPRESSED.exec(line);
    if (suppressed) {
      gaps.push({ line: number, text: line.trim().slice(0, 200) });
      continue;
    }
    const full = FULL.exec(line);
    if (full) {
      const stamp = parseLogTime(line);
      notices.push({
        kind: 'conntrack-full',
        ...(full[1] ? { netns: Number(full[1]) } : {}),
        text: full[0],
        ...(stamp ? { time: stamp } : {}),
        span: { path: text.path, line: number },
      });
    }
    if (!line.includes('SRC=') && !line.includes('TRACE: ')) continue;
    let time: LogTime | undefined;
    for (const part of messagesOf(line)) {
      time = parseLogTime(part) ?? time;
      const event = parseEvent(part, number, text.path, time);
      if (!event) continue;
      if (event.step && !event.header && /\bIN=|\bSRC=/.test(part)) {
        gaps.push({ line: number, text: 'cut off before the packet was named' });
        issues.push(
          badLine(
            text.path,
            number,
            part,
            'a packet behind it: `IN=eth0 OUT= … SRC=10.0.0.2 DST=10.0.0.9 …`',
          ),
        );
      }
      events.push(event);
    }
  }
  return {
    content: {
      kind: 'trace',
      trace: { form: 'kernel-log', events, gaps, ...(notices.length > 0 && { notices }) },
    },
    issues,
  };
}

function messagesOf(line: string): string[] {
  const messages: string[] = [];
  let start = 0;
  for (const { index } of line.matchAll(BEGINNING)) {
    const before = line.slice(start, index);
    if (!before.includes('SRC=') && !before.includes('TRACE: ')) continue;
    messages.push(before);
    start = index;
  }
  return [...messages, line.slice(start)];
}

/** Terminals and mails break long lines: what follows a line that ends before `PROTO=` and begins nothing new belongs to it. */
function unwrapped(lines: readonly string[]): { line: string; number: number }[] {
  const joined: { line: string; number: number }[] = [];
  let open = false;
  for (const [index, line] of lines.entries()) {
    const last = joined.at(-1);
    const continues = /^\s*(?:[A-Z]+=\S*|DF|SYN|ACK)(?:\s|$)/.test(line) && !/\bIN=\S* OUT=/.test(line);
    if (open && continues && last) last.line = `${last.line.trimEnd()} ${line.trim()}`;
    else joined.push({ line, number: index + 1 });
    const now = joined.at(-1)?.line ?? '';
    const netfilter = PACKET.test(now) || TRACE.test(now) || /\bIN=\S* OUT=\S*$/.test(now);
    open = netfilter && !/\bPROTO=\S+ .*\S/.test(now);
  }
  return joined;
}

function parseEvent(
  line: string,
  number: number,
  path: string,
  time: LogTime | undefined,
): TraceEvent | undefined {
  const trace = TRACE.exec(line);
  const packet = PACKET.exec(trace ? line.slice(trace.index + trace[0].length) : line)?.[1];
  const rest = line.slice((trace?.index ?? 0) + (trace?.[0].length ?? 0));
  // Programs that read NFLOG put tshark's words behind.
  const header = parseFields(packet ?? rest.replace(/\bSrc: (\S+), Dst: (\S+)/, ' SRC=$1 DST=$2 '));
  if (!trace && (packet === undefined || !header)) return undefined;
  const before = trace ? '' : line.slice(0, line.length - (packet?.length ?? 0));
  const id = trace && /(?:^|\s)([0-9a-f]{8,16}) $/.exec(line.slice(0, trace.index))?.[1];
  return {
    ...(id ? { id } : {}),
    ...(header ? { header } : {}),
    ...(trace ? { step: stepOf(trace, line) } : { logPrefix: prefixOf(before) }),
    ...(time ? { time } : {}),
    span: { path, line: number },
  };
}

function stepOf(trace: RegExpExecArray, line: string): TraceStep {
  const [whole, table = '', chain = '', kind, number] = trace;
  // Programs that look the rule up write it behind, in quotes.
  const text = /^\s+"(-[AP] .*)"\s*$/.exec(line.slice(trace.index + whole.length))?.[1];
  return {
    kind: kind as TraceStep['kind'],
    table,
    chain,
    number: Number(number),
    ...(text?.startsWith('-A') ? { text: text.replace(/\\(["'\\])/g, '$1') } : {}),
  };
}

/** What stands between the log's own head and the packet: `[UFW BLOCK] `. */
function prefixOf(before: string): string {
  return before
    .replace(/^.*?\bkernel:\s?/, '')
    .replace(/^\s*(?:<\d+>)?\[\s*\d+\.\d+\]\s?/, '')
    .replace(/^\s*\[\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4}\]\s?/, '')
    .replace(/^\s*\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\s?/, '')
    .slice(-128);
}
