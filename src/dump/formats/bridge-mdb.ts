/** `bridge mdb`, text and JSON, with or without -d and -s: iproute2 bridge/mdb.c. */
import type { Issue } from '../../base/issue.ts';
import type { Span } from '../../base/span.ts';
import { parseIp } from '../../net/ip.ts';
import { parseMac } from '../../net/mac.ts';
import { address, child, list, number, objects, parseNumber, text, texts } from '../fields.ts';
import {
  badLine,
  type Format,
  firstLine,
  firstRecord,
  has,
  jsonIssues,
  jsonRecords,
  type Parsed,
} from '../format.ts';
import { type JsonObject, lineOf } from '../json.ts';
import type { MdbEntry, RouterPort } from '../records.ts';
import type { DumpText } from '../text.ts';
import { Words } from '../words.ts';

const ENTRY = /^\s*dev \S+ port \S+ grp \S+/;
const ROUTERS = /^\s*router ports on \S+:/;

export const bridgeMdb: Format = {
  id: 'bridge-mdb',
  command: 'bridge mdb',
  recognise: (source) => firstLine(source, ENTRY) ?? firstLine(source, ROUTERS),
  parse: parseLines,
};

export const bridgeMdbJson: Format = {
  id: 'bridge-mdb-json',
  command: 'bridge -j mdb',
  recognise: (source) => firstRecord(source, (record) => has(record, 'mdb', 'router'), '`mdb` and `router`'),
  parse: parseRecords,
};

interface Draft {
  readonly bridge: string | undefined;
  readonly port: string | undefined;
  readonly group: string | undefined;
  readonly source?: string | undefined;
  readonly vlan?: number | undefined;
  readonly permanent: boolean;
  readonly blocked: boolean;
}

function entryOf(draft: Draft, span: Span): MdbEntry | undefined {
  const { bridge, port, permanent, blocked, vlan } = draft;
  const ip = parseIp(draft.group ?? '');
  const group = ip ?? parseMac(draft.group ?? '');
  if (bridge === undefined || port === undefined || group === undefined) return undefined;
  const source = draft.source === undefined ? undefined : parseIp(draft.source);
  return {
    bridge,
    port,
    group,
    link: ip === undefined,
    ...(source === undefined ? {} : { source }),
    ...(vlan === undefined ? {} : { vlan }),
    permanent,
    blocked,
    span,
  };
}

/** `dev br0 port veth1 grp 239.1.1.1 src 10.0.0.1 temp filter_mode include vid 10 259.59`; `router ports on br0: veth2 …`. */
function parseLines(source: DumpText): Parsed {
  const entries: MdbEntry[] = [];
  const routers: RouterPort[] = [];
  const issues: Issue[] = [];
  let bridge: string | undefined;
  source.lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const span = { path: source.path, line: index + 1 };
    const header = /^\s*router ports on (\S+):(.*)$/.exec(line);
    if (header) bridge = header[1];
    const ports = header?.[2] ?? (ENTRY.test(line) ? undefined : line);
    if (ports !== undefined && bridge !== undefined) {
      routers.push(...routersOf(ports, bridge, span));
      return;
    }
    const entry = entryOf(draftOf(new Words(line)), span);
    if (entry) entries.push(entry);
    else
      issues.push(badLine(source.path, index + 1, line, 'a group: `dev br0 port veth1 grp 239.1.1.1 temp`'));
  });
  return {
    content: { kind: 'mdb', entries, ...(bridge === undefined ? {} : { routers }) },
    issues,
  };
}

/** Names stand alone, or each with a timer and a type behind it. */
function routersOf(line: string, bridge: string, span: Span): RouterPort[] {
  const routers: RouterPort[] = [];
  const words = new Words(line);
  while (!words.done) {
    const word = words.next();
    const last = routers.at(-1);
    if (word === 'permanent' && last) routers[routers.length - 1] = { ...last, permanent: true };
    else if (word !== 'temp' && word !== 'disabled' && !/^\d+\.\d+$/.test(word)) {
      routers.push({ bridge, port: word, permanent: false, span });
    }
  }
  return routers;
}

function draftOf(words: Words): Draft {
  const draft: { -readonly [K in keyof Draft]: Draft[K] } = {
    bridge: undefined,
    port: undefined,
    group: undefined,
    permanent: false,
    blocked: false,
  };
  while (!words.done) {
    const word = words.next();
    if (word === 'dev') words.value((name) => (draft.bridge = name));
    else if (word === 'port') words.value((name) => (draft.port = name));
    else if (word === 'grp') words.value((group) => (draft.group = group));
    else if (word === 'src') words.value((source) => (draft.source = source));
    else if (word === 'vid') draft.vlan = parseNumber(words.next());
    else if (word === 'permanent') draft.permanent = true;
    else if (word === 'blocked') draft.blocked = true;
    else if (word === 'proto' || word === 'filter_mode') words.next();
    else if (word === 'source_list') break;
  }
  return draft;
}

function parseRecords(source: DumpText): Parsed {
  const entries: MdbEntry[] = [];
  const routers: RouterPort[] = [];
  const issues: Issue[] = jsonIssues(source);
  let detailed = false;
  for (const record of jsonRecords(source)) {
    for (const item of objects(list(record, 'mdb'))) {
      const entry = entryOf(
        {
          bridge: text(item, 'dev'),
          port: text(item, 'port'),
          group: text(item, 'grp'),
          source: address(item, 'src') === undefined ? undefined : text(item, 'src'),
          vlan: number(item, 'vid'),
          permanent: text(item, 'state') === 'permanent',
          blocked: texts(item, 'flags').includes('blocked'),
        },
        { path: source.path, line: lineOf(item) },
      );
      detailed ||= text(item, 'protocol') !== undefined || text(item, 'timer') !== undefined;
      if (entry) entries.push(entry);
      else {
        const found = JSON.stringify(item).slice(0, 100);
        issues.push(badLine(source.path, lineOf(item), found, 'a group with `dev`, `port` and `grp`'));
      }
    }
    const found = routersOfJson(child(record, 'router'), source.path);
    detailed ||= found.length > 0;
    routers.push(...found);
  }
  return { content: { kind: 'mdb', entries, ...(detailed ? { routers } : {}) }, issues };
}

function routersOfJson(record: JsonObject | undefined, path: string): RouterPort[] {
  return Object.keys(record ?? {}).flatMap((bridge) =>
    objects(list(record, bridge)).flatMap((item) => {
      const port = text(item, 'port');
      if (port === undefined) return [];
      const span = { path, line: lineOf(item) };
      return [{ bridge, port, permanent: text(item, 'type') === 'permanent', span }];
    }),
  );
}
