/** The text of `ip nexthop` and `ip nexthop bucket`: iproute2 ip/ipnexthop.c, print_nexthop() and print_nexthop_bucket(). */
import type { Issue } from '../../base/issue.ts';
import { parseIp } from '../../net/ip.ts';
import { parseNumber } from '../fields.ts';
import { badLine, type Format, mostLines, type Parsed } from '../format.ts';
import type { NexthopBucket, NexthopObject } from '../records.ts';
import type { DumpText } from '../text.ts';
import { Words } from '../words.ts';

const LINE = /^\s*id \d+ (?:via |dev |group |blackhole(?: |$)|scope |proto |fdb(?: |$))/;
const BUCKET = /^\s*id \d+ index \d+ idle_time \S+ nhid \d+/;

export const ipNexthop: Format = {
  id: 'ip-nexthop',
  command: 'ip nexthop',
  recognise: (text) => mostLines(text, LINE),
  parse: (text) => parseNexthops(text),
};

export const ipNexthopBucket: Format = {
  id: 'ip-nexthop-bucket',
  command: 'ip nexthop bucket',
  recognise: (text) => mostLines(text, BUCKET),
  parse: (text) => parseBuckets(text),
};

function parseNexthops(text: DumpText): Parsed {
  const nexthops: NexthopObject[] = [];
  const issues: Issue[] = [];
  text.lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const found = LINE.test(line) ? nexthopOf(line, { path: text.path, line: index + 1 }) : undefined;
    if (found) nexthops.push(found);
    else issues.push(badLine(text.path, index + 1, line, 'a next hop: `id 1 via 10.0.0.1 dev eth0`'));
  });
  return { content: { kind: 'nexthops', nexthops }, issues };
}

function nexthopOf(line: string, span: NexthopObject['span']): NexthopObject | undefined {
  const words = new Words(line);
  words.next();
  const id = parseNumber(words.next());
  if (id === undefined) return undefined;
  const draft: { -readonly [K in keyof NexthopObject]: NexthopObject[K] } = {
    id,
    blackhole: false,
    fdb: false,
    flags: [],
    text: line.trim(),
    span,
  };
  const flags: string[] = [];
  while (!words.done) {
    const word = words.next();
    if (word === 'via') {
      const gateway = parseIp(words.next());
      if (gateway === undefined) return undefined;
      draft.gateway = gateway;
    } else if (word === 'dev') words.value((name) => (draft.dev = name));
    else if (word === 'group') {
      const group = membersOf(words.next());
      if (!group) return undefined;
      draft.group = group;
    } else if (word === 'type') draft.resilient = words.next() === 'resilient';
    else if (word === 'blackhole') draft.blackhole = true;
    else if (word === 'fdb') draft.fdb = true;
    else if (FLAGS.has(word)) flags.push(word);
    else if (word !== 'encap') words.next();
    else while (!words.done && words.peek() !== 'via' && words.peek() !== 'dev') words.next();
  }
  const { gateway, dev, group, blackhole, fdb } = draft;
  if (gateway === undefined && dev === undefined && !group && !blackhole && !fdb) return undefined;
  return { ...draft, flags };
}

const FLAGS = new Set(['dead', 'linkdown', 'onlink', 'pervasive', 'offload', 'trap']);

/** `5,3/6`: member 5 with weight 3, member 6 with weight 1. */
function membersOf(text: string): NexthopObject['group'] | undefined {
  const members = text.split('/').map((part) => {
    const [id, weight = '1'] = part.split(',');
    return { id: parseNumber(id ?? ''), weight: parseNumber(weight) };
  });
  const whole = members.flatMap(({ id, weight }) =>
    id === undefined || weight === undefined ? [] : [{ id, weight }],
  );
  return whole.length === members.length ? whole : undefined;
}

function parseBuckets(text: DumpText): Parsed {
  const buckets: NexthopBucket[] = [];
  const issues: Issue[] = [];
  text.lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const found = /^\s*id (\d+) index (\d+) idle_time \S+ nhid (\d+)/.exec(line);
    if (found) {
      const [group, place, member] = found.slice(1).map(Number);
      buckets.push({
        group: group ?? 0,
        index: place ?? 0,
        member: member ?? 0,
        span: { path: text.path, line: index + 1 },
      });
    } else issues.push(badLine(text.path, index + 1, line, 'a bucket: `id 1 index 0 idle_time 1.5 nhid 2`'));
  });
  return { content: { kind: 'nexthop-buckets', buckets }, issues };
}
