/** `tc -s qdisc`, text and JSON: iproute2 tc/tc_qdisc.c, print_qdisc(), and print_tcstats2_attr() of tc_util.c. */
import type { Issue } from '../../base/issue.ts';
import { number, text } from '../fields.ts';
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
import type { Hint } from '../hint.ts';
import { lineOf } from '../json.ts';
import type { Qdisc } from '../records.ts';
import type { DumpText } from '../text.ts';

/** `qdisc tbf 8001: dev eth0 root refcnt 2 rate 8Kbit …` */
const HEADER =
  /^qdisc (\S+) ([0-9a-f]*:) (?:(?:\[offload\]|offloaded) ?)?(?:dev (\S+) )?(root|ingress|parent (\S+))(.*)$/;
const SENT = /^\s+Sent (\d+) bytes (\d+) pkts? \(dropped (\d+), overlimits (\d+) requeues (\d+)\)/;
const BACKLOG = /^\s+(?:rate \S+ \S+ )?backlog (\S+)b (\d+)p requeues \d+/;

export const tcQdisc: Format = {
  id: 'tc-qdisc',
  command: 'tc -s qdisc show',
  recognise: (source) => firstLine(source, HEADER),
  parse: parseLines,
};

export const tcQdiscJson: Format = {
  id: 'tc-qdisc-json',
  command: 'tc -s -j qdisc show',
  recognise: (source) =>
    firstRecord(
      source,
      (record) => has(record, 'kind', 'handle') && (has(record, 'dev') || has(record, 'refcnt')),
      '`kind` and `handle`',
    ),
  parse: parseRecords,
};

type Draft = { -readonly [K in keyof Qdisc]: Qdisc[K] };

/** `tc qdisc show dev eth0` prints no device: its command line names it. */
function parseLines(source: DumpText, hint?: Hint): Parsed {
  const asked = /\bdev (\S+)/.exec(hint?.command ?? '')?.[1];
  let unnamed: number | undefined;
  const issues: Issue[] = [];
  const qdiscs: Draft[] = [];
  /** Whose statistics the lines below are; none behind a line that is no qdisc's. */
  let last: Draft | undefined;
  let isLost = false;
  source.lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const header = HEADER.exec(line);
    if (header) {
      isLost = false;
      const [, kind = '', handle = '', dev = asked, place = '', parent, options = ''] = header;
      if (dev === undefined) {
        unnamed ??= index + 1;
        last = undefined;
        return;
      }
      last = {
        kind,
        handle,
        dev,
        ...(place === 'root' ? { root: true } : {}),
        ...(parent === undefined ? {} : { parent }),
        options: options.trim(),
        span: { path: source.path, line: index + 1 },
      };
      qdiscs.push(last);
      return;
    }
    const sent = SENT.exec(line);
    // A second count is of one whose own line is missing.
    if (sent && last?.packets !== undefined) last = undefined;
    const backlog = BACKLOG.exec(line);
    if (last && sent) {
      Object.assign(last, {
        packets: Number(sent[2]),
        dropped: Number(sent[3]),
        overlimits: Number(sent[4]),
      });
    } else if (last && backlog) last.backlog = Number(backlog[2]);
    else if ((isLost || unnamed !== undefined) && /^\s/.test(line)) return;
    // Statistics of one kind of qdisc alone stand below, indented.
    else if (!last || !/^\s/.test(line)) {
      last = undefined;
      isLost = true;
      issues.push(
        badLine(source.path, index + 1, line, 'a queueing discipline: `qdisc tbf 8001: dev eth0 root …`'),
      );
    }
  });
  if (unnamed !== undefined) {
    const text =
      'asked for one device, tc does not print which; its command line does (`tc -s qdisc show dev eth0`)';
    issues.push({ severity: 'warning', code: 'dump-device', text, path: source.path, line: unnamed });
  }
  return { content: { kind: 'qdiscs', qdiscs }, issues };
}

function parseRecords(source: DumpText, hint?: Hint): Parsed {
  const asked = /\bdev (\S+)/.exec(hint?.command ?? '')?.[1];
  const qdiscs: Qdisc[] = [];
  const issues = jsonIssues(source);
  for (const record of jsonRecords(source)) {
    const kind = text(record, 'kind');
    const dev = text(record, 'dev') ?? asked;
    if (kind === undefined || dev === undefined) {
      issues.push(
        badLine(source.path, lineOf(record), JSON.stringify(record).slice(0, 100), '`kind` and `dev`'),
      );
      continue;
    }
    const parent = text(record, 'parent');
    const backlog = number(record, 'qlen');
    const counts = (['packets', 'dropped', 'overlimits'] as const).flatMap((key) => {
      const value = number(record, key === 'dropped' ? 'drops' : key);
      return value === undefined ? [] : [[key, value] as const];
    });
    qdiscs.push({
      kind,
      dev,
      handle: text(record, 'handle') ?? '',
      ...(record.root === true ? { root: true } : {}),
      ...(parent === undefined ? {} : { parent }),
      ...Object.fromEntries(counts),
      ...(backlog === undefined ? {} : { backlog }),
      options: optionsOf(record.options),
      span: { path: source.path, line: lineOf(record) },
    });
  }
  return { content: { kind: 'qdiscs', qdiscs }, issues };
}

/** `{"rate": 1000, "burst": 1600}` as `rate 1000 burst 1600`. */
function optionsOf(options: unknown): string {
  if (typeof options !== 'object' || options === null) return '';
  return Object.entries(options)
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .map(([key, value]) => `${key} ${value}`)
    .join(' ');
}
