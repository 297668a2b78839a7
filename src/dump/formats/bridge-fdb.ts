/** The text of `bridge fdb`: iproute2 bridge/fdb.c, print_fdb(). */
import type { Issue } from '../../base/issue.ts';
import { type Ip, parseIp } from '../../net/ip.ts';
import { parseMac } from '../../net/mac.ts';
import { parseNumber } from '../fields.ts';
import { badLine, type Format, mostLines, type Parsed } from '../format.ts';
import type { FdbEntry } from '../records.ts';
import type { DumpText } from '../text.ts';
import { Words } from '../words.ts';

const LINE = /^\s*(?:[0-9a-fA-F]{1,2}:){5}[0-9a-fA-F]{1,2} (?:dev |vlan |master |self\b|permanent\b|used )/;

export const bridgeFdb: Format = {
  id: 'bridge-fdb',
  command: 'bridge fdb',
  recognise: (text) => mostLines(text, LINE),
  parse: parseEntries,
};

function parseEntries(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const entries: FdbEntry[] = [];
  const device = /\b(?:dev|brport) (\S+)/.exec(text.echo?.command ?? '')?.[1];
  text.lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const entry = parseEntry(line, index + 1, text.path, device);
    if (entry) entries.push(entry);
    else
      issues.push(badLine(text.path, index + 1, line, 'an entry: `02:00:00:00:00:01 dev veth1 master br0`'));
  });
  return { content: { kind: 'fdb', entries }, issues };
}

/** Words behind which a value stands that no record has. */
const VALUED = new Set([
  'port',
  'vni',
  'src_vni',
  'via',
  'nhid',
  'used',
  'state',
  'protocol',
  'link-netnsid',
]);

function parseEntry(
  line: string,
  number: number,
  path: string,
  device: string | undefined,
): FdbEntry | undefined {
  const words = new Words(line);
  const mac = parseMac(words.next());
  if (mac === undefined) return undefined;
  let dev = device;
  let master: string | undefined;
  let vlan: number | undefined;
  let remote: Ip | undefined;
  let permanent = false;
  let self = false;
  while (!words.done) {
    const word = words.next();
    if (word === 'dev') dev = words.next();
    else if (word === 'master') master = words.next();
    else if (word === 'vlan') vlan = parseNumber(words.next());
    else if (word === 'dst') remote = parseIp(words.next());
    else if (word === 'permanent') permanent = true;
    else if (word === 'self') self = true;
    else if (VALUED.has(word)) words.next();
  }
  if (dev === undefined || dev === '') return undefined;
  return {
    mac,
    dev,
    ...(master === undefined ? {} : { master }),
    ...(vlan === undefined ? {} : { vlan }),
    permanent,
    self,
    ...(remote === undefined ? {} : { remote }),
    span: { path, line: number },
  };
}
