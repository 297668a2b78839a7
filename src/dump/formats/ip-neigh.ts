/** The text of `ip neigh`, with or without -s: iproute2 ip/ipneigh.c, print_neigh(). */
import type { Issue } from '../../base/issue.ts';
import { parseIp } from '../../net/ip.ts';
import { parseMac } from '../../net/mac.ts';
import { badLine, type Format, firstLine, mostLines, type Parsed } from '../format.ts';
import type { Neighbour } from '../records.ts';
import type { DumpText } from '../text.ts';
import { Words } from '../words.ts';

const LINE =
  /^\s*[0-9a-fA-F.:]{2,}(?:%\S+)? (?:dev \S+ |lladdr ).*\b(?:lladdr|proxy|REACHABLE|STALE|DELAY|PROBE|FAILED|INCOMPLETE|PERMANENT|NOARP|NONE)\b/;

/** `ip -br neigh`: print_neigh_brief(). */
const BRIEF = /^(?:[\d.]{7,15}|[0-9a-f:.]*:[0-9a-f:.]+)\s{2,}(\S+)\s+((?:[0-9a-f]{2}:){5}[0-9a-f]{2})?\s*$/;
/** What no line of /etc/hosts has. */
const BRIEF_MAC = /^[0-9a-f:.]{2,45}\s{2,}\S+\s+(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\s*$/;

export const ipNeigh: Format = {
  id: 'ip-neigh',
  command: 'ip neigh',
  recognise: (text) => mostLines(text, LINE) ?? (firstLine(text, BRIEF_MAC) && mostLines(text, BRIEF)),
  parse: parseNeighbours,
};

function parseNeighbours(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const neighbours: Neighbour[] = [];
  const device = /\bdev (\S+)/.exec(text.echo?.command ?? '')?.[1];
  text.lines.forEach((line, index) => {
    if (line.trim() === '' || /^\*\*\* /.test(line)) return;
    const neighbour = parseNeighbour(line, index + 1, text.path, device);
    if (neighbour) neighbours.push(neighbour);
    else {
      const expected = 'a neighbour: `10.0.0.2 dev eth0 lladdr 02:00:00:00:00:02 REACHABLE`';
      issues.push(badLine(text.path, index + 1, line, expected));
    }
  });
  return { content: { kind: 'neighbours', neighbours }, issues };
}

/** Words behind which a value stands that no record has. */
const VALUED = new Set(['ref', 'used', 'probes', 'protocol', 'proto', 'nud', 'vni', 'nhid']);

/** `device` is the one that `ip neigh show dev DEV` was asked for; its name is not printed then. */
function parseNeighbour(
  line: string,
  number: number,
  path: string,
  device: string | undefined,
): Neighbour | undefined {
  const words = new Words(line);
  const address = parseIp(words.next());
  if (address === undefined) return undefined;
  const brief = BRIEF.exec(line);
  if (brief) {
    const known = parseMac(brief[2] ?? '');
    // It names no state: one that has an address is taken for stale, which is used as it is.
    const state = known === undefined ? 'INCOMPLETE' : 'STALE';
    const hardware = known === undefined ? {} : { mac: known };
    return {
      address,
      dev: brief[1] ?? '',
      ...hardware,
      states: [state],
      proxy: false,
      span: { path, line: number },
    };
  }
  let dev = device;
  let mac: number | undefined;
  let proxy = false;
  const states: string[] = [];
  while (!words.done) {
    const word = words.next();
    if (word === 'dev') dev = words.next();
    else if (word === 'lladdr') mac = parseMac(words.next());
    else if (word === 'proxy') proxy = true;
    else if (VALUED.has(word)) words.next();
    else if (/^[A-Z]+$/.test(word)) states.push(word);
  }
  if (dev === undefined || dev === '') return undefined;
  return { address, dev, ...(mac === undefined ? {} : { mac }), states, proxy, span: { path, line: number } };
}
