/** `nstat -az`, text and JSON: the counters of /proc/net/snmp, netstat and snmp6 by iproute2's names. */
import type { Issue } from '../../base/issue.ts';
import { child, number } from '../fields.ts';
import {
  badLine,
  type Format,
  firstRecord,
  jsonIssues,
  jsonRecords,
  mostLines,
  type Parsed,
} from '../format.ts';
import { isObject, type JsonObject, lineOf } from '../json.ts';
import type { Counter } from '../records.ts';
import type { DumpText } from '../text.ts';

const LINE = /^\s*([A-Z]\w+)\s+(\d+)\s+\d+\.\d+\s*$/;
const HEADER = /^\s*#(?:kernel|\d+\.\d+ sampling_interval=)/;

export const nstat: Format = {
  id: 'nstat',
  command: 'nstat -az',
  recognise: (text) => mostLines(text, new RegExp(`${LINE.source}|${HEADER.source}`)),
  parse: parseCounters,
};

export const nstatJson: Format = {
  id: 'nstat-json',
  command: 'nstat -azj',
  recognise: (source) =>
    firstRecord(source, (record) => countersOf(record) !== undefined, '`kernel` and its counters'),
  parse: parseRecords,
};

function parseCounters(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const counters = new Map<string, Counter>();
  text.lines.forEach((line, index) => {
    if (line.trim() === '' || /^\s*#/.test(line)) return;
    const match = LINE.exec(line);
    if (match)
      counters.set(match[1] ?? '', { value: Number(match[2]), span: { path: text.path, line: index + 1 } });
    else issues.push(badLine(text.path, index + 1, line, 'a counter: `IpInReceives  18  0.0`'));
  });
  return { content: { kind: 'counters', counters }, issues };
}

function countersOf(record: JsonObject): JsonObject | undefined {
  const keys = Object.keys(record);
  const counters = child(record, 'kernel') ?? (keys.length === 1 ? child(record, keys[0] ?? '') : undefined);
  return isObject(counters) && 'IpInReceives' in counters ? counters : undefined;
}

function parseRecords(source: DumpText): Parsed {
  const counters = new Map<string, Counter>();
  for (const record of jsonRecords(source)) {
    const found = countersOf(record);
    for (const name of Object.keys(found ?? {})) {
      const value = number(found, name);
      const span = { path: source.path, line: found ? lineOf(found) : 1 };
      if (value !== undefined) counters.set(name, { value, span });
    }
  }
  return { content: { kind: 'counters', counters }, issues: jsonIssues(source) };
}
