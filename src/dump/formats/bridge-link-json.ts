/** `bridge -j link`, with or without -d. Its `link` is not believed, as in the text form. */
import type { Issue } from '../../base/issue.ts';
import { number, text, texts } from '../fields.ts';
import { badLine, type Format, firstRecord, has, jsonIssues, jsonRecords, type Parsed } from '../format.ts';
import { lineOf } from '../json.ts';
import { draftLink, portOfJson, setPeer } from '../link-record.ts';
import type { Link } from '../records.ts';
import type { DumpText } from '../text.ts';

export const bridgeLinkJson: Format = {
  id: 'bridge-link-json',
  command: 'bridge -j link',
  recognise: (source) =>
    firstRecord(
      source,
      (record) =>
        has(record, 'ifname', 'flags', 'state') &&
        !['operstate', 'link_type', 'mac'].some((key) => key in record),
      '`ifname`, `master` and `state`',
    ),
  parse: parsePorts,
};

function parsePorts(source: DumpText): Parsed {
  const issues: Issue[] = jsonIssues(source);
  const ports: Link[] = [];
  for (const record of jsonRecords(source)) {
    const name = text(record, 'ifname');
    if (name === undefined) {
      const found = JSON.stringify(record).slice(0, 100);
      issues.push(badLine(source.path, lineOf(record), found, 'a port with `ifname`'));
      continue;
    }
    const link = draftLink(name, { path: source.path, line: lineOf(record) });
    const index = number(record, 'ifindex');
    const mtu = number(record, 'mtu');
    const master = text(record, 'master');
    const peer = text(record, 'link');
    const peerIndex = number(record, 'link_index');
    if (index !== undefined) link.index = index;
    if (mtu !== undefined) link.mtu = mtu;
    if (master !== undefined) link.master = master;
    if (peerIndex !== undefined) link.peerIndex = peerIndex;
    if (peer !== undefined && /^if\d+$/.test(peer)) setPeer(link, peer);
    link.flags = texts(record, 'flags');
    link.port = portOfJson(record, link.span);
    ports.push(link);
  }
  return { content: { kind: 'bridge-ports', ports }, issues };
}
