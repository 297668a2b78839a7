/** `ip -j route`, for either family and any table. */
import type { Issue } from '../../base/issue.ts';
import { type Family, familyOf, type Ip, parseIp } from '../../net/ip.ts';
import { parsePrefix } from '../../net/prefix.ts';
import { parseDsfield } from '../dsfield.ts';
import { address, asNumber, child, list, number, objects, text, texts } from '../fields.ts';
import { badLine, type Format, firstRecord, has, jsonIssues, jsonRecords, type Parsed } from '../format.ts';
import { isObject, type JsonObject, lineOf } from '../json.ts';
import { printRoute } from '../print/routes.ts';
import { parseRealms } from '../realms.ts';
import type { Nexthop } from '../records.ts';
import {
  askedFamilies,
  familyOfCommand,
  nexthop,
  type RouteDraft,
  routesContent,
  routeTypeOf,
  settleTables,
  tableName,
} from '../route-record.ts';
import type { DumpText } from '../text.ts';

export const ipRouteJson: Format = {
  id: 'ip-route-json',
  command: 'ip -j route',
  recognise: (source) =>
    firstRecord(
      source,
      (route) =>
        has(route, 'dst') &&
        !has(route, 'lladdr') &&
        !has(route, 'priority') &&
        !has(route, 'mac') &&
        !Array.isArray(route.state) &&
        !has(route, 'proxy') &&
        ['flags', 'gateway', 'nexthops', 'protocol', 'type', 'via'].some((key) => key in route),
      '`dst` and `gateway`, `protocol` or `type`',
    ),
  parse: (text, hint) => parseRoutes(text, hint?.family),
};

function parseRoutes(source: DumpText, family?: Family): Parsed {
  const issues: Issue[] = jsonIssues(source);
  const command = source.echo?.command;
  const records = [...jsonRecords(source)];
  const own = records.map(recordFamily);
  const certain = familyOfCommand(command) ?? majority(own) ?? family ?? 4;
  const routes: RouteDraft[] = [];
  records.forEach((record, index) => {
    const route = routeOf(record, own[index] ?? certain, source.path);
    if (route) routes.push(route);
    else {
      const found = JSON.stringify(record).slice(0, 100);
      issues.push(badLine(source.path, lineOf(record), found, 'a route with `dst` and `type`'));
    }
  });
  const tables = settleTables(routes, command);
  for (const route of routes) route.text = printRoute(route);
  return {
    content: routesContent(routes, { tables, asked: askedFamilies(command, family) }, issues.length === 0),
    issues,
  };
}

function majority(families: readonly (Family | undefined)[]): Family | undefined {
  return families.includes(4) ? 4 : families.find((family) => family !== undefined);
}

/** Of a route to `default`, what its gateway or preferred source tells; `pref` is IPv6's alone. */
function recordFamily(record: JsonObject): Family | undefined {
  const destination = text(record, 'dst') ?? '';
  const prefix = parsePrefix(destination);
  if (prefix) return familyOf(prefix.address);
  const told = address(record, 'gateway') ?? address(record, 'prefsrc');
  if (told !== undefined) return familyOf(told);
  for (const hop of objects(list(record, 'nexthops'))) {
    const gateway = address(hop, 'gateway');
    if (gateway !== undefined) return familyOf(gateway);
  }
  if (has(record, 'pref')) return 6;
  return /^(?:link|host|nowhere)$/.test(text(record, 'scope') ?? '') ? 4 : undefined;
}

/** Fields that a Route has by name; any other simple one is an attribute. */
const KNOWN = new Set(
  'type dst gateway via dev table protocol scope prefsrc metric tos dsfield flags metrics nexthops nh_info encap src ttl hopcount cache dst_len'.split(
    ' ',
  ),
);

function routeOf(record: JsonObject, family: Family, path: string): RouteDraft | undefined {
  const destination = parsePrefix(text(record, 'dst') ?? '', family);
  const type = routeTypeOf(text(record, 'type') ?? 'unicast');
  if (!destination || familyOf(destination.address) !== family || !type) return undefined;
  const flags = texts(record, 'flags');
  if (has(record, 'gateway') && address(record, 'gateway') === undefined) return undefined;
  const hops = objects(list(record, 'nexthops')).map((hop) => hopOf(hop, texts(hop, 'flags')));
  if (has(record, 'dev') || has(record, 'gateway') || has(record, 'via')) hops.unshift(hopOf(record, flags));
  const prefsrc = address(record, 'prefsrc');
  const tos = ownTos(record);
  const scope = text(record, 'scope');
  const protocol = text(record, 'protocol');
  const table = text(record, 'table') ?? number(record, 'table')?.toString() ?? '';
  const attributes: Record<string, string> = {};
  for (const key of Object.keys(record)) {
    const value = record[key];
    if (KNOWN.has(key) || (has(record, 'encap') && key === 'id')) continue;
    if (typeof value === 'string' || typeof value === 'number') attributes[key] = String(value);
  }
  const encap = encapOf(record);
  if (typeof record.tos === 'string' && asNumber(record.tos) === undefined && encap === undefined) {
    attributes.tos = record.tos;
  }
  const flow = flowOf(record);
  if (flow) attributes[flow.includes('/') ? 'realms' : 'realm'] = flow;
  if (encap !== undefined) attributes.encap = encap;
  let mtu: number | undefined;
  for (const metrics of objects(list(record, 'metrics'))) {
    for (const key of Object.keys(metrics)) {
      const value = metrics[key];
      if (key === 'mtu') mtu = asNumber(value);
      else if (typeof value === 'string' || typeof value === 'number') attributes[key] = String(value);
    }
  }
  return {
    family,
    type,
    destination,
    table: tableName(table),
    nexthops: hops,
    ...(prefsrc === undefined ? {} : { prefsrc }),
    metric: number(record, 'metric') ?? 0,
    ...(tos === undefined ? {} : { tos }),
    ...(scope === undefined ? {} : { scope }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(Object.keys(attributes).length > 0 ? { attributes } : {}),
    flags,
    text: '',
    span: { path, line: lineOf(record) },
  };
}

function hopOf(record: JsonObject, flags: readonly string[]): Nexthop {
  return nexthop({
    gateway: gatewayOf(record),
    dev: text(record, 'dev'),
    weight: number(record, 'weight'),
    flags,
    realms: parseRealms(flowOf(record) ?? ''),
  });
}

/** `"flow": {"from": "3", "to": "4"}` in the words of the text form. */
function flowOf(record: JsonObject): string | undefined {
  const flow = child(record, 'flow');
  const [from, to] = [text(flow, 'from'), text(flow, 'to')];
  if (to === undefined) return undefined;
  return from === undefined ? to : `${from}/${to}`;
}

/** `"gateway"`, or `"via": {"family": "inet6", "host": …}` where the gateway's family isn't the route's. */
function gatewayOf(record: JsonObject): Ip | undefined {
  const via = record.via;
  const host = isObject(via) ? text(child(record, 'via'), 'host') : undefined;
  return host === undefined ? address(record, 'gateway') : parseIp(host);
}

/** Its values stand among the route's own, behind it, with `dst` repeated; only the kind is kept. */
function encapOf(record: JsonObject): string | undefined {
  return text(record, 'encap');
}

/** A `tos` behind `encap` is the encapsulation's. */
function ownTos(record: JsonObject): number | undefined {
  const keys = Object.keys(record);
  const encap = keys.indexOf('encap');
  if (encap >= 0 && keys.indexOf('tos') > encap) return undefined;
  const value = record.tos;
  return typeof value === 'string' ? parseDsfield(value) : asNumber(value);
}
