/** `bridge -j fdb`. */
import type { Issue } from '../../base/issue.ts';
import { address, mac, number, text, texts } from '../fields.ts';
import { badLine, type Format, firstRecord, has, jsonIssues, jsonRecords, type Parsed } from '../format.ts';
import { type JsonObject, lineOf } from '../json.ts';
import type { FdbEntry } from '../records.ts';
import type { DumpText } from '../text.ts';

export const bridgeFdbJson: Format = {
  id: 'bridge-fdb-json',
  command: 'bridge -j fdb',
  recognise: (source) =>
    firstRecord(
      source,
      (record) => has(record, 'mac') && (has(record, 'ifname') || has(record, 'state')),
      '`mac` and `ifname`',
    ),
  parse: parseEntries,
};

function parseEntries(source: DumpText): Parsed {
  const issues: Issue[] = jsonIssues(source);
  const entries: FdbEntry[] = [];
  const asked = /\b(?:dev|brport) (\S+)/.exec(source.echo?.command ?? '')?.[1];
  for (const record of jsonRecords(source)) {
    const station = mac(record, 'mac');
    const dev = text(record, 'ifname') ?? asked;
    if (station === undefined || dev === undefined) {
      const found = JSON.stringify(record).slice(0, 100);
      issues.push(badLine(source.path, lineOf(record), found, 'an entry with `mac` and `ifname`'));
      continue;
    }
    const master = text(record, 'master');
    const vlan = number(record, 'vlan');
    const remote = address(record, 'dst');
    const state = text(record, 'state');
    const flags = texts(record, 'flags');
    entries.push({
      mac: station,
      dev,
      ...(master === undefined ? {} : { master }),
      ...(vlan === undefined ? {} : { vlan }),
      permanent: state === 'permanent',
      self: flags.includes('self'),
      ...(remote === undefined ? {} : { remote }),
      ...(state === 'static' ? { fixed: true } : {}),
      ...(flags.includes('sticky') ? { sticky: true } : {}),
      ...(flags.includes('locked') ? { locked: true } : {}),
      ...(flags.includes('extern_learn') ? { externallyLearned: true } : {}),
      ...numbersOf(record),
      span: { path: source.path, line: lineOf(record) },
    });
  }
  return { content: { kind: 'fdb', entries }, issues };
}

function numbersOf(record: JsonObject): Pick<FdbEntry, 'used' | 'updated' | 'port' | 'vni'> {
  const found = (['used', 'updated', 'port', 'vni'] as const).flatMap((key) => {
    const value = number(record, key);
    return value === undefined ? [] : [[key, value] as const];
  });
  return Object.fromEntries(found);
}
