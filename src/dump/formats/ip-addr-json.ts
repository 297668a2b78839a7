/** `ip -j addr` and `ip -j link`, with or without -d and -s. */
import type { Issue } from '../../base/issue.ts';
import type { Span } from '../../base/span.ts';
import { bitsOf, familyOf, parseIp } from '../../net/ip.ts';
import { briefAddress, takeState } from '../brief.ts';
import { address, child, list, mac, number, objects, text, texts } from '../fields.ts';
import { badLine, type Format, firstRecord, has, jsonIssues, jsonRecords, type Parsed } from '../format.ts';
import { type JsonObject, lineOf } from '../json.ts';
import { kindDataOf } from '../kind-data.ts';
import { counterName, draftLink, type LinkDraft, portOfJson, setPeer } from '../link-record.ts';
import type { InterfaceAddress, Link } from '../records.ts';
import type { DumpText } from '../text.ts';

export const ipAddrJson: Format = {
  id: 'ip-addr-json',
  command: 'ip -j addr',
  recognise: (source) =>
    firstRecord(source, (link) => has(link, 'ifname', 'addr_info'), '`ifname` and `addr_info`'),
  parse: (source) => parseLinks(source, true),
};

export const ipLinkJson: Format = {
  id: 'ip-link-json',
  command: 'ip -j link',
  recognise: (source) =>
    firstRecord(
      source,
      (link) =>
        has(link, 'ifname', 'flags') &&
        (has(link, 'link_type') || has(link, 'operstate') || has(link, 'qdisc')),
      '`ifname`, `flags` and `link_type`, without `addr_info`',
    ),
  parse: (source) => parseLinks(source, false),
};

function parseLinks(source: DumpText, withAddresses: boolean): Parsed {
  const links: Link[] = [];
  const issues: Issue[] = jsonIssues(source);
  for (const record of jsonRecords(source)) {
    const name = text(record, 'ifname');
    if (name === undefined || name === '') {
      issues.push(
        badLine(source.path, lineOf(record), JSON.stringify(record).slice(0, 100), 'a link with `ifname`'),
      );
    } else links.push(linkOf(record, name, source.path, issues));
  }
  return { content: { kind: 'links', links, withAddresses }, issues };
}

function linkOf(record: JsonObject, name: string, path: string, issues: Issue[]): Link {
  const span: Span = { path, line: lineOf(record) };
  const link = draftLink(name, span);
  assign(link, 'index', number(record, 'ifindex'));
  assign(link, 'peerIndex', number(record, 'link_index'));
  const lower = text(record, 'link');
  if (lower !== undefined) setPeer(link, lower);
  assign(link, 'peerNetnsid', number(record, 'link_netnsid'));
  assign(link, 'peerNetns', text(record, 'link_netns'));
  link.flags = texts(record, 'flags');
  assign(link, 'mtu', number(record, 'mtu'));
  assign(link, 'qdisc', text(record, 'qdisc'));
  assign(link, 'master', text(record, 'master'));
  assign(link, 'operstate', text(record, 'operstate'));
  if (!has(record, 'flags') && link.operstate !== undefined) takeState(link, link.operstate);
  assign(link, 'group', text(record, 'group'));
  assign(link, 'queueLength', number(record, 'txqlen'));
  assign(link, 'linkType', text(record, 'link_type'));
  if (link.linkType !== 'loopback') assign(link, 'mac', mac(record, 'address'));
  const altnames = texts(record, 'altnames');
  if (altnames.length > 0) link.altnames = altnames;
  const info = child(record, 'linkinfo');
  assign(link, 'kind', text(info, 'info_kind'));
  const data = kindDataOf(child(info, 'info_data') ?? {});
  if (data) link.kindData = data;
  const slave = child(info, 'info_slave_data');
  if (slave && text(info, 'info_slave_kind') === 'bridge') link.port = portOfJson(slave, span);
  const statistics = child(record, 'stats64') ?? child(record, 'stats');
  if (statistics) link.statistics = statisticsOf(statistics);
  for (const item of objects(list(record, 'addr_info'))) {
    if (Object.keys(item).length === 0) continue;
    const found = addressOf(item, name, path, link.addresses);
    if (found) link.addresses.push(found);
    else {
      issues.push(
        badLine(
          path,
          lineOf(item),
          JSON.stringify(item).slice(0, 100),
          'an address with `local` and `prefixlen`',
        ),
      );
    }
  }
  return link;
}

function assign<K extends keyof LinkDraft>(link: LinkDraft, key: K, value: LinkDraft[K] | undefined): void {
  if (value !== undefined) link[key] = value;
}

/** `local` is the own address; a point-to-point one has its peer in `address`. */
function addressOf(
  record: JsonObject,
  device: string,
  path: string,
  before: readonly InterfaceAddress[],
): InterfaceAddress | undefined {
  const own = text(record, 'local') ?? text(record, 'address');
  const ip = own === undefined ? undefined : parseIp(own);
  if (ip === undefined) return undefined;
  const length = number(record, 'prefixlen') ?? bitsOf(familyOf(ip));
  if (length > bitsOf(familyOf(ip))) return undefined;
  if (!has(record, 'scope') && !has(record, 'family')) {
    return briefAddress(ip, length, before, { path, line: lineOf(record) });
  }
  const peer = has(record, 'local') ? address(record, 'address') : undefined;
  const broadcast = address(record, 'broadcast');
  const metric = number(record, 'metric');
  const label = text(record, 'label');
  const valid = number(record, 'valid_life_time');
  const preferred = number(record, 'preferred_life_time');
  return {
    address: ip,
    length,
    ...(peer === undefined ? {} : { peer }),
    ...(broadcast === undefined ? {} : { broadcast }),
    scope: text(record, 'scope') ?? 'global',
    secondary: record.secondary === true,
    ...(metric === undefined ? {} : { metric }),
    flags: Object.keys(record).filter((key) => record[key] === true && key !== 'secondary'),
    ...(label === undefined || label === device ? {} : { label }),
    ...(valid === undefined ? {} : { validLifetime: valid }),
    ...(preferred === undefined ? {} : { preferredLifetime: preferred }),
    span: { path, line: lineOf(record) },
  };
}

function statisticsOf(record: JsonObject): Record<string, number> {
  const statistics: Record<string, number> = {};
  for (const direction of ['rx', 'tx'] as const) {
    const counters = child(record, direction);
    for (const key of Object.keys(counters ?? {})) {
      const name = counterName(direction, key);
      const value = number(counters, key);
      if (name !== undefined && value !== undefined) statistics[name] = value;
    }
  }
  return statistics;
}
