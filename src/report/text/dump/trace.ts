/** Netfilter traces, a line for each of theirs: the packet where it changed, and below it the rules it went by. */
import { printable } from '../../../base/printable.ts';
import type { TraceDump, TracedHeader, TraceEvent, TraceStep } from '../../../dump/trace-record.ts';
import { formatEndpoint, formatIp } from '../../../net/ip.ts';
import { protocolName } from '../../../net/protocol.ts';
import type { Style } from '../style.ts';
import { hang } from '../wrap.ts';

export function traceLines({ events, gaps }: TraceDump, style: Style): string[] {
  if (events.length === 0) return [style.dim('  (empty)')];
  const missing = [...gaps];
  let shown = '';
  const lines = events.flatMap((event) => {
    const before: string[] = [];
    while (missing[0] && missing[0].line < event.span.line)
      before.push(gapLine(missing.shift()?.text ?? '', style));
    const packet = event.header ? `${event.id ?? ''} ${headerLine(event.header)}` : shown;
    const rows = packet === shown ? [] : hang('  ', printable(packet.trim()), style.width);
    shown = packet;
    return [...before, ...rows, ...eventLines(event, style)];
  });
  return [...lines, ...missing.map(({ text }) => gapLine(text, style))];
}

function gapLine(text: string, style: Style): string {
  return style.doubtful(`    … something is missing here: ${printable(text)}`);
}

function eventLines({ step, logPrefix, conntrack, change }: TraceEvent, style: Style): string[] {
  const text = step
    ? stepText(step)
    : logPrefix !== undefined
      ? `logged${logPrefix.trim() === '' ? '' : ` with "${logPrefix.trim()}"`}`
      : conntrack !== undefined
        ? `conntrack ${conntrack}`
        : change === undefined
          ? ''
          : `the ruleset changed: ${change}`;
  return text === '' ? [] : hang('    ', printable(text), style.width);
}

/** `filter FORWARD rule 3`, `filter FORWARD policy DROP`, `filter web: -A web -p tcp -j ACCEPT`. */
function stepText({ kind, table, chain, number, text, verdict, handle }: TraceStep): string {
  const place = `${table} ${chain}`;
  if (kind === 'policy')
    return `${place} policy${verdict === undefined ? ` (${number ?? '?'})` : ` ${verdict}`}`;
  if (kind === 'return') return `${place} return${number === undefined ? '' : ` (${number})`}`;
  const name =
    number === undefined
      ? text === undefined
        ? ` rule with handle ${handle ?? '?'}`
        : ''
      : ` rule ${number}`;
  const says = text === undefined ? '' : `: ${text.replace(/^-A\s+\S+\s+/, '')}`;
  const ends =
    verdict === undefined || verdict === 'CONTINUE' || says.toUpperCase().endsWith(verdict)
      ? ''
      : ` → ${verdict}`;
  return `${place}${name}${says}${ends}`;
}

/** `tcp 10.0.0.2:4711 > 10.0.0.9:80 SYN, in eth0, out eth1, ttl 63, id 4711, length 60`. */
export function headerLine(header: TracedHeader): string {
  const { protocol, icmpType, icmpCode, tcpFlags } = header;
  const place = [
    header.in === undefined ? undefined : `in ${header.in}`,
    header.physin === undefined || header.physin === header.in ? undefined : `port ${header.physin}`,
    header.out === undefined ? undefined : `out ${header.out}`,
    header.physout === undefined || header.physout === header.out ? undefined : `port ${header.physout}`,
    header.ttl === undefined ? undefined : `ttl ${header.ttl}`,
    header.id === undefined ? undefined : `id ${header.id}`,
    header.length === undefined ? undefined : `length ${header.length}`,
    header.mark === undefined ? undefined : `mark 0x${header.mark.toString(16)}`,
  ].filter((part) => part !== undefined);
  const icmp = icmpType === undefined ? '' : ` type ${icmpType}${icmpCode ? ` code ${icmpCode}` : ''}`;
  const flags = tcpFlags === undefined ? '' : ` ${flagNames(tcpFlags)}`;
  const name = protocol === undefined ? 'ip' : protocolName(protocol);
  return `${name} ${ends(header)}${icmp}${flags}, ${place.join(', ')}`;
}

function ends({ source, destination, sourcePort, destinationPort }: TracedHeader): string {
  if (sourcePort === undefined || destinationPort === undefined) {
    return `${formatIp(source)} > ${formatIp(destination)}`;
  }
  return `${formatEndpoint(source, sourcePort)} > ${formatEndpoint(destination, destinationPort)}`;
}

const FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'];

function flagNames(flags: number): string {
  const names = FLAGS.filter((_, bit) => flags & (1 << bit));
  return names.length === 0 ? 'no flags' : names.join(',');
}
