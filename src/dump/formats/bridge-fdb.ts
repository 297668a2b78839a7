/** The text of `bridge fdb`: iproute2 bridge/fdb.c, print_fdb(). */
import type { Issue } from '../../base/issue.ts';
import { parseIp } from '../../net/ip.ts';
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
const VALUED = new Set(['src_vni', 'via', 'nhid', 'state', 'protocol', 'link-netnsid']);

type Draft = { -readonly [K in keyof FdbEntry]?: FdbEntry[K] };

function parseEntry(
  line: string,
  number: number,
  path: string,
  device: string | undefined,
): FdbEntry | undefined {
  const words = new Words(line);
  const mac = parseMac(words.next());
  if (mac === undefined) return undefined;
  const entry: Draft = { permanent: false, self: false };
  if (device !== undefined) entry.dev = device;
  while (!words.done) takeWord(entry, words.next(), words);
  const { dev, permanent = false, self = false, ...rest } = entry;
  if (dev === undefined || dev === '') return undefined;
  return { mac, dev, ...rest, permanent, self, span: { path, line: number } };
}

function takeWord(entry: Draft, word: string, words: Words): void {
  switch (word) {
    case 'dev':
    case 'master':
      words.value((name) => (entry[word] = name));
      break;
    case 'vlan':
    case 'port':
    case 'vni': {
      const value = parseNumber(words.next());
      if (value !== undefined) entry[word] = value;
      break;
    }
    case 'dst': {
      const remote = parseIp(words.next());
      if (remote !== undefined) entry.remote = remote;
      break;
    }
    case 'used': {
      const [used, updated] = words.next().split('/').map(parseNumber);
      if (used !== undefined) entry.used = used;
      if (updated !== undefined) entry.updated = updated;
      break;
    }
    case 'permanent':
    case 'self':
    case 'sticky':
    case 'locked':
      entry[word] = true;
      break;
    case 'static':
      entry.fixed = true;
      break;
    case 'extern_learn':
      entry.externallyLearned = true;
      break;
    default:
      if (VALUED.has(word)) words.next();
  }
}
