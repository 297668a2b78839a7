/** `ip netns list`, `ip netns list-id` (ip/ipnetns.c of iproute2), and `lsns -t net` in text and JSON (sys-utils/lsns.c of util-linux). */
import type { Issue } from '../../base/issue.ts';
import { asNumber, list, number, objects, text as textOf } from '../fields.ts';
import {
  badLine,
  type Format,
  firstLine,
  firstRecord,
  has,
  jsonIssues,
  jsonRecords,
  mostLines,
  type Parsed,
} from '../format.ts';
import { type JsonObject, lineOf } from '../json.ts';
import type { NamespaceEntry } from '../records.ts';
import type { DumpText } from '../text.ts';

const NAMED = /^(\S+) \(id: (\d+)\)\s*$/;
const BY_ID = /^nsid (\d+)(?: current-nsid \d+)?(?: \(iproute2 netns name: (\S+)\))?\s*$/;
const NAME = /^([^\s/]{1,255})\s*$/;

/** Names alone say nothing: they count as namespaces under their command line only. */
export const ipNetns: Format = {
  id: 'ip-netns',
  command: 'ip netns list',
  recognise(text) {
    const tells = mostLines(text, new RegExp(`${NAMED.source}|${BY_ID.source}`));
    if (tells !== undefined) return tells;
    if (!/^ip (?:-\S+ )*netns(?: (?:list|ls|l|show))?$/.test(text.echo?.command ?? '')) return undefined;
    return (
      mostLines(text, new RegExp(`${NAMED.source}|${NAME.source}`)) && `the command \`${text.echo?.command}\``
    );
  },
  parse: parseNames,
};

function parseNames(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const namespaces: NamespaceEntry[] = [];
  text.lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const span = { path: text.path, line: index + 1 };
    const [, id, known] = BY_ID.exec(line) ?? [];
    const [, named, netnsid = id] = NAMED.exec(line) ?? [];
    const name = named ?? known ?? (id === undefined ? NAME.exec(line)?.[1] : undefined);
    if (name === undefined && netnsid === undefined) {
      issues.push(badLine(text.path, index + 1, line, 'a namespace: `red (id: 0)`'));
      return;
    }
    namespaces.push({
      ...(name === undefined ? {} : { name }),
      ...(netnsid === undefined ? {} : { netnsid: Number(netnsid) }),
      span,
    });
  });
  return { content: { kind: 'namespaces', namespaces }, issues };
}

/** `ip -j netns`: `[{"name":"red","id":0}]`; `list-id`: `[{"nsid":0,"name":"red"}]`. */
export const ipNetnsJson: Format = {
  id: 'ip-netns-json',
  command: 'ip -j netns list',
  recognise: (text) =>
    firstRecord(
      text,
      (record) =>
        has(record, 'nsid') ||
        (has(record, 'name') && Object.keys(record).every((key) => key === 'name' || key === 'id')),
      'the name or id of a namespace',
    ),
  parse(text) {
    const namespaces = [...jsonRecords(text)].map((record): NamespaceEntry => {
      const name = textOf(record, 'name');
      const netnsid = number(record, 'nsid') ?? number(record, 'id');
      return {
        ...(name === undefined ? {} : { name }),
        ...(netnsid === undefined ? {} : { netnsid }),
        span: { path: text.path, line: lineOf(record) },
      };
    });
    return { content: { kind: 'namespaces', namespaces }, issues: jsonIssues(text) };
  },
};

const LSNS_HEADER = /^\s*NS\s+TYPE\s+NPROCS\s+PID\b/;
const OTHER_TYPE = /^\s*\d+\s+(?:cgroup|ipc|mnt|pid|time|user|uts)\s/;

export const lsns: Format = {
  id: 'lsns',
  command: 'lsns -t net',
  recognise: (text) => firstLine(text, LSNS_HEADER),
  parse: parseLsns,
};

/** Columns as the header names them; the command is what is left of a line. */
function parseLsns(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const namespaces: NamespaceEntry[] = [];
  let columns: readonly string[] = [];
  text.lines.forEach((line, index) => {
    if (LSNS_HEADER.test(line)) columns = line.trim().split(/\s+/);
    if (line.trim() === '' || LSNS_HEADER.test(line) || OTHER_TYPE.test(line)) return;
    // Where a namespace is bound at several places, the others stand on lines of their own.
    if (/^\s+\/\S+\s*$/.test(line) && namespaces.length > 0) return;
    const words = line.trim().split(/\s+/);
    const word = (name: string): string | undefined => words[columns.indexOf(name)];
    const inode = Number(word('NS'));
    if (!Number.isInteger(inode) || word('TYPE') !== 'net') {
      issues.push(
        badLine(text.path, index + 1, line, 'a network namespace: `4026531840 net 95 1 root … /sbin/init`'),
      );
      return;
    }
    // NETNSID and NSFS may be left out together where the namespace is bound nowhere.
    const bound = words.find((each) => /^\/(?:var\/)?run\/netns\/[^/]+$/.test(each));
    const command = behind(words, columns, bound);
    const netnsid = word('NETNSID');
    namespaces.push(
      entryOf(
        { inode, pid: asNumber(word('PID')), netnsid: asNumber(netnsid), bound, command },
        text,
        index + 1,
      ),
    );
  });
  return { content: { kind: 'namespaces', namespaces }, issues };
}

function behind(
  words: readonly string[],
  columns: readonly string[],
  bound: string | undefined,
): string | undefined {
  if (columns.at(-1) !== 'COMMAND') return undefined;
  const lacking =
    columns.includes('NSFS') && bound === undefined && !words[columns.indexOf('NSFS')]?.startsWith('/run/')
      ? 1
      : 0;
  const rest = words.slice(columns.length - 1 - lacking).join(' ');
  return rest === '' ? undefined : rest;
}

interface Found {
  readonly inode: number;
  readonly pid: number | undefined;
  readonly netnsid: number | undefined;
  readonly bound: string | undefined;
  readonly command: string | undefined;
}

function entryOf(
  { inode, pid, netnsid, bound, command }: Found,
  text: DumpText,
  line: number,
): NamespaceEntry {
  const name = bound?.split('/').at(-1);
  return {
    ...(name === undefined ? {} : { name }),
    ...(netnsid === undefined ? {} : { netnsid }),
    inode,
    ...(pid === undefined || pid === 0 ? {} : { pid }),
    ...(command === undefined ? {} : { command }),
    span: { path: text.path, line },
  };
}

export const lsnsJson: Format = {
  id: 'lsns-json',
  command: 'lsns -J -t net',
  recognise: (text) =>
    firstRecord(
      text,
      (record) => objects(list(record, 'namespaces')).some((entry) => has(entry, 'ns', 'type')),
      '`namespaces`',
    ),
  parse(text) {
    const entries = [...jsonRecords(text)].flatMap((record) => objects(list(record, 'namespaces')));
    const namespaces = entries
      .filter((entry) => textOf(entry, 'type') === 'net')
      .flatMap((entry): NamespaceEntry[] => {
        const inode = number(entry, 'ns');
        if (inode === undefined) return [];
        const found = {
          inode,
          pid: number(entry, 'pid'),
          netnsid: number(entry, 'netnsid'),
          bound: boundAt(entry),
          command: textOf(entry, 'command'),
        };
        return [entryOf(found, text, lineOf(entry))];
      });
    return { content: { kind: 'namespaces', namespaces }, issues: jsonIssues(text) };
  },
};

function boundAt(entry: JsonObject): string | undefined {
  return textOf(entry, 'nsfs')
    ?.split('\n')
    .find((path) => /^\/(?:var\/)?run\/netns\/[^/]+$/.test(path));
}
