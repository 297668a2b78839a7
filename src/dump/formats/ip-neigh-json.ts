/** `ip -j neigh`. */
import type { Issue } from '../../base/issue.ts';
import { address, mac, text, texts } from '../fields.ts';
import { badLine, type Format, firstRecord, has, jsonIssues, jsonRecords, type Parsed } from '../format.ts';
import { lineOf } from '../json.ts';
import type { Neighbour } from '../records.ts';
import type { DumpText } from '../text.ts';

export const ipNeighJson: Format = {
  id: 'ip-neigh-json',
  command: 'ip -j neigh',
  recognise: (source) =>
    firstRecord(
      source,
      (record) =>
        has(record, 'dst') && (has(record, 'lladdr') || Array.isArray(record.state) || has(record, 'proxy')),
      '`dst` and `lladdr` or `state`',
    ),
  parse: parseNeighbours,
};

function parseNeighbours(source: DumpText): Parsed {
  const issues: Issue[] = jsonIssues(source);
  const neighbours: Neighbour[] = [];
  const asked = /\bdev (\S+)/.exec(source.echo?.command ?? '')?.[1];
  for (const record of jsonRecords(source)) {
    const ip = address(record, 'dst');
    const dev = text(record, 'dev') ?? asked;
    if (ip === undefined || dev === undefined) {
      const found = JSON.stringify(record).slice(0, 100);
      issues.push(badLine(source.path, lineOf(record), found, 'a neighbour with `dst` and `dev`'));
      continue;
    }
    const lladdr = mac(record, 'lladdr');
    neighbours.push({
      address: ip,
      dev,
      ...(lladdr === undefined ? {} : { mac: lladdr }),
      states: texts(record, 'state'),
      proxy: has(record, 'proxy'),
      span: { path: source.path, line: lineOf(record) },
    });
  }
  return { content: { kind: 'neighbours', neighbours }, issues };
}
