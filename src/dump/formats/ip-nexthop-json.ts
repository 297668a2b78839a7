/** `ip -j nexthop` and `ip -j nexthop bucket`. */
import type { Issue } from '../../base/issue.ts';
import { address, child, list, number, objects, text, texts } from '../fields.ts';
import { badLine, type Format, firstRecord, has, jsonIssues, jsonRecords, type Parsed } from '../format.ts';
import { type JsonObject, lineOf } from '../json.ts';
import { printNexthop } from '../print/nexthops.ts';
import type { NexthopBucket, NexthopObject } from '../records.ts';
import type { DumpText } from '../text.ts';

export const ipNexthopJson: Format = {
  id: 'ip-nexthop-json',
  command: 'ip -j nexthop',
  recognise: (source) =>
    firstRecord(
      source,
      (record) =>
        has(record, 'id', 'flags') &&
        !has(record, 'bucket') &&
        ['gateway', 'dev', 'group', 'blackhole', 'via'].some((key) => key in record) &&
        !has(record, 'ifname') &&
        !has(record, 'dst'),
      '`id` and `gateway`, `dev` or `group`',
    ),
  parse(source) {
    const nexthops: NexthopObject[] = [];
    const issues = readAll(source, 'a next hop with `id`', (record, path) => {
      const found = nexthopOf(record, path);
      if (found) nexthops.push(found);
      return found !== undefined;
    });
    return { content: { kind: 'nexthops', nexthops }, issues } satisfies Parsed;
  },
};

export const ipNexthopBucketJson: Format = {
  id: 'ip-nexthop-bucket-json',
  command: 'ip -j nexthop bucket',
  recognise: (source) => firstRecord(source, (record) => has(record, 'id', 'bucket'), '`id` and `bucket`'),
  parse(source) {
    const buckets: NexthopBucket[] = [];
    const issues = readAll(source, 'a bucket with `index` and `nhid`', (record, path) => {
      const bucket = child(record, 'bucket');
      const [group, index, member] = [number(record, 'id'), number(bucket, 'index'), number(bucket, 'nhid')];
      if (group === undefined || index === undefined || member === undefined) return false;
      buckets.push({ group, index, member, span: { path, line: lineOf(record) } });
      return true;
    });
    return { content: { kind: 'nexthop-buckets', buckets }, issues } satisfies Parsed;
  },
};

function readAll(
  source: DumpText,
  expected: string,
  take: (record: JsonObject, path: string) => boolean,
): Issue[] {
  const issues = jsonIssues(source);
  for (const record of jsonRecords(source)) {
    if (take(record, source.path)) continue;
    issues.push(badLine(source.path, lineOf(record), JSON.stringify(record).slice(0, 100), expected));
  }
  return issues;
}

function nexthopOf(record: JsonObject, path: string): NexthopObject | undefined {
  const id = number(record, 'id');
  if (id === undefined) return undefined;
  if (has(record, 'gateway') && address(record, 'gateway') === undefined) return undefined;
  const gateway = address(record, 'gateway') ?? address(child(record, 'via'), 'host');
  const dev = text(record, 'dev');
  const members = objects(list(record, 'group'));
  const group = members.flatMap((member) => {
    const of = number(member, 'id');
    return of === undefined ? [] : [{ id: of, weight: number(member, 'weight') ?? 1 }];
  });
  if (group.length !== members.length) return undefined;
  const nexthop = {
    id,
    ...(gateway === undefined ? {} : { gateway }),
    ...(dev === undefined ? {} : { dev }),
    blackhole: has(record, 'blackhole'),
    fdb: has(record, 'fdb'),
    ...(group.length > 0 ? { group } : {}),
    ...(text(record, 'type') === 'resilient' ? { resilient: true } : {}),
    flags: texts(record, 'flags'),
  };
  return { ...nexthop, text: printNexthop(nexthop), span: { path, line: lineOf(record) } };
}
