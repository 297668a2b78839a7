/** `arp -n`, `arp -a` and /proc/net/arp: arp(8). */
import type { Issue } from '../../base/issue.ts';
import { parseIpv4 } from '../../net/ip.ts';
import { parseMac } from '../../net/mac.ts';
import { badLine, type Format, firstLine, mostLines, type Parsed } from '../format.ts';
import type { Neighbour } from '../records.ts';
import type { DumpText } from '../text.ts';

const HEADER = /^\s*(?:Address\s+HWtype\s+HWaddress|IP address\s+HW type)/;
const LISTED = /^\s*\S+ \(([\d.]+)\) at (\S+)((?: \[\w+\]| PERM| PU[BP])*)\s+(?:netmask \S+\s+)?on (\S+)/;
const EMPTY = /^arp: in \d+ entries no match found|^Entries:\s+\d+/;

export const arp: Format = {
  id: 'arp',
  command: 'arp -n',
  recognise: (text) =>
    firstLine(text, HEADER) ?? mostLines(text, new RegExp(`${LISTED.source}|${EMPTY.source}`)),
  parse: parseNeighbours,
};

function parseNeighbours(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const neighbours: Neighbour[] = [];
  text.lines.forEach((line, index) => {
    if (line.trim() === '' || HEADER.test(line) || EMPTY.test(line)) return;
    const span = { path: text.path, line: index + 1 };
    const neighbour = listed(line, span) ?? proc(line, span) ?? tabled(line, span);
    if (neighbour) neighbours.push(neighbour);
    else {
      const expected = 'a neighbour by number: `10.0.0.2 ether 02:00:00:00:00:02 C eth0`';
      issues.push(badLine(text.path, index + 1, line, expected));
    }
  });
  return { content: { kind: 'neighbours', neighbours }, issues };
}

/** `? (10.0.0.2) at 02:00:00:00:00:02 [ether] PERM on eth0`; busybox writes PUP for PUB. */
function listed(line: string, span: Neighbour['span']): Neighbour | undefined {
  const match = LISTED.exec(line);
  if (!match) return undefined;
  const [, address = '', mac = '', flags = '', dev = ''] = match;
  return neighbour(address, mac, dev, /PERM/.test(flags), /PU[BP]/.test(flags), span);
}

/** `10.0.0.2  ether  02:00:00:00:00:02  C  eth0`, `10.0.0.3  (incomplete)  eth0`; the mask may be empty. */
function tabled(line: string, span: Neighbour['span']): Neighbour | undefined {
  const words = line.trim().split(/\s+/);
  const dev = words.at(-1) ?? '';
  if (words.length === 3 && words[1] === '(incomplete)') {
    return neighbour(words[0] ?? '', '', dev, false, false, span);
  }
  if (words.length < 5) return undefined;
  const flags = words[3] ?? '';
  return neighbour(words[0] ?? '', words[2] ?? '', dev, flags.includes('M'), flags.includes('P'), span);
}

/** `10.0.0.2  0x1  0x2  02:00:00:00:00:02  *  eth0`: ATF_COM 2, ATF_PERM 4, ATF_PUBL 8. */
function proc(line: string, span: Neighbour['span']): Neighbour | undefined {
  const match = /^\s*([\d.]+)\s+0x[0-9a-f]+\s+0x([0-9a-f]+)\s+(\S+)\s+\S+\s+(\S+)\s*$/i.exec(line);
  if (!match) return undefined;
  const flags = Number.parseInt(match[2] ?? '0', 16);
  const mac = flags & 2 ? (match[3] ?? '') : '';
  return neighbour(match[1] ?? '', mac, match[4] ?? '', (flags & 4) !== 0, (flags & 8) !== 0, span);
}

/** ARP's table doesn't say how fresh an entry is: one that has an address is taken for stale, which is used as it is. */
function neighbour(
  text: string,
  hardware: string,
  dev: string,
  permanent: boolean,
  proxy: boolean,
  span: Neighbour['span'],
): Neighbour | undefined {
  const address = parseIpv4(text);
  if (address === undefined) return undefined;
  const mac = parseMac(hardware);
  const state = permanent ? 'PERMANENT' : mac === undefined ? 'INCOMPLETE' : 'STALE';
  return { address, dev, ...(mac === undefined ? {} : { mac }), states: proxy ? [] : [state], proxy, span };
}
