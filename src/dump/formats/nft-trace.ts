/** `nft monitor trace`: netlink_events_trace_cb(), src/netlink.c of nftables. */
import type { Issue } from '../../base/issue.ts';
import { badLine, type Format, firstLine, type Parsed } from '../format.ts';
import { parseNftPacket } from '../nft-packet.ts';
import type { DumpText } from '../text.ts';
import type { TraceDump, TracedHeader, TraceEvent, TraceStep } from '../trace-record.ts';

const LINE = /^\s*trace id ([0-9a-f]{1,8}) (ip6?|inet|bridge|netdev|arp) (\S+) (\S+) (.*)$/;

export const nftTrace: Format = {
  id: 'nft-trace',
  command: 'nft monitor trace',
  recognise: (text) => firstLine(text, LINE),
  parse: parseTrace,
};

function parseTrace(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const events: TraceEvent[] = [];
  const gaps: TraceDump['gaps'][number][] = [];
  const headers = new Map<string, TracedHeader>();
  text.lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const span = { path: text.path, line: index + 1 };
    const match = LINE.exec(line);
    const [, id = '', tableFamily = '', table = '', chain = '', rest = ''] = match ?? [];
    const place = { tableFamily, table, chain };
    const header = headers.get(id);
    const event = match && eventOf(rest, place, header);
    if (!event) {
      // What the monitor prints of changes to the ruleset, and where it ends.
      if (/^\s*(?:add|delete|insert|replace|flush|create) /.test(line)) {
        events.push({ change: line.trim(), span });
        return;
      }
      if (/^\s*(?:#|new generation\b)/.test(line)) return;
      issues.push(
        badLine(text.path, index + 1, line, '`trace id 8ead8ada ip filter FORWARD rule … (verdict drop)`'),
      );
      gaps.push({ line: index + 1, text: 'a line that could not be read' });
      return;
    }
    if (event.header && !event.step) headers.set(id, event.header);
    events.push({ id, ...event, span });
  });
  return { content: { kind: 'trace', trace: { form: 'nft-trace', events, gaps } }, issues };
}

type Place = Pick<TraceStep, 'tableFamily' | 'table' | 'chain'>;

function eventOf(
  rest: string,
  place: Place,
  header: TracedHeader | undefined,
): Omit<TraceEvent, 'id' | 'span'> | undefined {
  const shown = header ? { header } : {};
  const packet = /^packet: (.*)$/.exec(rest)?.[1];
  if (packet !== undefined) {
    const read = parseNftPacket(packet);
    return read && { header: read };
  }
  const conntrack = /^conntrack: (.*?)\s*$/.exec(rest)?.[1];
  if (conntrack !== undefined) return { ...shown, conntrack };
  const policy = /^policy (\w+)/.exec(rest)?.[1];
  if (policy !== undefined) {
    return { ...shown, step: { kind: 'policy', ...place, verdict: policy.toUpperCase() } };
  }
  const rule = /^(?:rule (.*?)|unknown rule handle (\d+)) ?\(verdict ([^()]*)\)\s*$/.exec(rest);
  if (rule) {
    const [, words, handle, verdict = ''] = rule;
    const own = words === undefined ? undefined : / ?# handle (\d+)\s*$/.exec(words);
    const number = handle ?? own?.[1];
    return {
      ...shown,
      step: {
        kind: 'rule',
        ...place,
        ...(number === undefined ? {} : { handle: Number(number) }),
        ...(words === undefined ? {} : { text: words.replace(/ ?# handle \d+\s*$/, '').trim() }),
        verdict: verdictOf(verdict),
      },
    };
  }
  if (/^(?:verdict )?return\b/.test(rest)) return { ...shown, step: { kind: 'return', ...place } };
  const verdict = /^verdict (\w+)/.exec(rest)?.[1];
  return verdict === undefined
    ? undefined
    : { ...shown, step: { kind: 'return', ...place, verdict: verdictOf(verdict) } };
}

/** `jump web` → `JUMP web`. */
function verdictOf(text: string): string {
  const [word = '', ...chain] = text.trim().split(' ');
  return [word.toUpperCase(), ...chain].join(' ');
}
