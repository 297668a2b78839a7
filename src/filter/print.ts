/** A filter as an expression that gives the same filter again. */
import { bitsOf, familyOf, formatIp } from '../net/ip.ts';
import { formatPrefix } from '../net/prefix.ts';
import { parseHost } from './end.ts';
import { isField } from './field.ts';
import type { End, Filter, Host, PortRange, Side } from './filter.ts';
import { KEYWORDS } from './parse.ts';
import { protocolWord, wordOf } from './protocol.ts';
import { formatTimeRange } from './time.ts';

export function printFilter(filter: Filter): string {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.parts.map((part) => inside(part)).join(` ${filter.kind} `);
    case 'not':
      return `not ${inside(filter.part)}`;
    case 'host':
      return `${sideText(filter.side)}host ${hostText(filter.host)}`;
    case 'port':
      return `${sideText(filter.side)}port ${portText(filter.ports)}`;
    case 'protocol':
      return wordOf(filter.protocol);
    case 'family':
      return filter.family === 4 ? 'ip' : 'ip6';
    case 'flow':
      return `flow ${endText(filter.left)} ${filter.way === 'to' ? '>' : '<>'} ${endText(filter.right)}`;
    case 'time':
      return `time ${formatTimeRange(filter.range)}`;
  }
}

function inside(part: Filter): string {
  return part.kind === 'and' || part.kind === 'or' ? `(${printFilter(part)})` : printFilter(part);
}

function sideText(side: Side): string {
  return side === 'either' ? '' : side === 'source' ? 'src ' : 'dst ';
}

function portText({ from, to }: PortRange): string {
  return from === to ? String(from) : `${from}-${to}`;
}

function hostText(host: Host): string {
  if ('prefix' in host) {
    const { address, length } = host.prefix;
    return length === bitsOf(familyOf(address)) ? formatIp(address) : formatPrefix(host.prefix);
  }
  const { name } = host;
  const read = parseHost(name);
  const plain =
    'name' in read &&
    !KEYWORDS.has(name.toLowerCase()) &&
    !protocolWord(name) &&
    !isField(name) &&
    !/->/.test(name);
  if (plain) return name;
  return name.includes('"') ? `'${name}'` : `"${name}"`;
}

function endText({ host, ports }: End): string {
  if (!ports) return host ? hostText(host) : 'any';
  const name = host ? hostText(host) : '*';
  const isV6 = host && 'prefix' in host && typeof host.prefix.address === 'bigint';
  return `${isV6 ? `[${name}]` : name}:${portText(ports)}`;
}
