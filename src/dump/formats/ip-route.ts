/** The text of `ip route`, for either family and any table: iproute2 ip/iproute.c, print_route(). */
import type { Issue } from '../../base/issue.ts';
import { type Family, familyOf } from '../../net/ip.ts';
import { type Prefix, parsePrefix } from '../../net/prefix.ts';
import { badLine, type Format, mostLines, type Parsed } from '../format.ts';
import {
  askedFamilies,
  familyOfCommand,
  type RouteDraft,
  routesContent,
  routeTypeOf,
  settleTables,
} from '../route-record.ts';
import { parseAttributes, parseNexthop } from '../route-words.ts';
import type { DumpText } from '../text.ts';
import { Words } from '../words.ts';

const LINE =
  /^\s*(?:(?:unicast|local|broadcast|multicast|anycast|unreachable|blackhole|prohibit|throw|nat) )?(?:default|(?:\d{1,3}\.){3}\d{1,3}(?:\/\d{1,2})?|(?!(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2} )[0-9a-fA-F]*:[0-9a-fA-F:.]*(?:\/\d{1,3})?) +(?:dev|via|proto|scope|src|metric|table|tos|dsfield|from|nhid|encap|error|mtu|equalize|onlink|linkdown|pref|expires)\b|^\s*(?:unicast|local|broadcast|unreachable|blackhole|prohibit|throw) (?:default|[0-9a-fA-F.:]+(?:\/\d+)?)\s*$/;
const NEIGHBOUR = /\blladdr |\b(?:REACHABLE|STALE|DELAY|PROBE|FAILED|INCOMPLETE|PERMANENT|NOARP)\s*$/;
const CONTINUATION = /^\s*(?:nexthop|nh_info|cache)\b/;

export const ipRoute: Format = {
  id: 'ip-route',
  command: 'ip route',
  recognise(text) {
    for (const line of text.lines) {
      if (NEIGHBOUR.test(line.slice(0, 1000))) return undefined;
      if (LINE.test(line.slice(0, 1000))) break;
    }
    return isLookup(text) ? undefined : mostLines(text, LINE, CONTINUATION);
  },
  parse: (text, hint) => parseRoutes(text, hint?.family),
};

/** `ip route get`: the answer to one lookup, which is not a route of any table. */
function isLookup(text: DumpText): boolean {
  if (/^ip (?:-\S+ )*r\S* g(?:et)? /.test(text.echo?.command ?? '')) return true;
  let lines = 0;
  let lookups = 0;
  for (const line of text.lines) {
    if (line.trim() === '') continue;
    if (/^\s+cache\b/.test(line)) lookups++;
    else lines++;
    if (lines > 60) break;
  }
  return lookups > 0 && lookups >= lines;
}

/** A route whose line names no address but `default` belongs to the family of the rest. */
interface Pending {
  readonly draft: Omit<RouteDraft, 'family' | 'destination'>;
  readonly destination: string;
  readonly family?: Family;
  /** It names its own way: lines of nexthops below belong to a route whose line is missing. */
  readonly isSingle: boolean;
}

function parseRoutes(text: DumpText, family?: Family): Parsed {
  const issues: Issue[] = [];
  const pending: Pending[] = [];
  const command = text.echo?.command;
  text.lines.forEach((line, index) => {
    const [route = '', ...below] = line.includes('\\') ? line.split('\\') : [line];
    if (route.trim() !== '') takeLine(route, index + 1, text.path, pending, issues);
    for (const part of below) {
      if (CONTINUATION.test(part)) takeLine(part, index + 1, text.path, pending, issues);
      else if (part.trim() !== '')
        issues.push(badLine(text.path, index + 1, part, 'what `ip -o` has behind a backslash: `nexthop …`'));
    }
  });
  const certain = familyOfCommand(command) ?? majority(pending) ?? family ?? 4;
  const routes: RouteDraft[] = [];
  for (const { draft, destination, family: own } of pending) {
    const settled = own ?? certain;
    const prefix = destinationOf(destination, settled);
    if (prefix) routes.push({ ...draft, family: settled, destination: prefix });
    else
      issues.push(
        badLine(text.path, draft.span.line, draft.text, 'a destination: `default`, an address or a prefix'),
      );
  }
  const tables = settleTables(routes, command);
  const asked =
    pending.length === 0 && family === undefined && command === undefined
      ? [4 as const]
      : askedFamilies(command, family);
  return { content: routesContent(routes, { tables, asked }, issues.length === 0), issues };
}

/** 6 when every route that tells is an IPv6 one. */
function majority(pending: readonly Pending[]): Family | undefined {
  let found: Family | undefined;
  for (const { family } of pending) {
    if (family === 4) return 4;
    found ??= family;
  }
  return found;
}

function destinationOf(word: string, family: Family): Prefix | undefined {
  const prefix = parsePrefix(word, family);
  return prefix && familyOf(prefix.address) === family ? prefix : undefined;
}

function takeLine(line: string, number: number, path: string, pending: Pending[], issues: Issue[]): void {
  const words = new Words(line);
  const first = words.peek();
  if (first === 'nexthop') {
    const previous = pending.at(-1);
    if (!previous || previous.isSingle) {
      issues.push(badLine(path, number, line, 'the line of a route with several nexthops before it'));
      return;
    }
    words.next();
    const hop = parseNexthop(words);
    previous.draft.nexthops.push(hop);
    previous.draft.text += ` ${line.trim()}`;
    const seen = hop.gateway === undefined ? undefined : familyOf(hop.gateway);
    if (previous.family === undefined && seen !== undefined) {
      pending[pending.length - 1] = { ...previous, family: seen };
    }
    return;
  }
  if (first === 'nh_info' || first === 'cache') return;
  const type = routeTypeOf(first);
  if (type) words.next();
  const destination = words.next();
  if (destination !== 'default' && parsePrefix(destination) === undefined) {
    issues.push(badLine(path, number, line, 'a route: `default via 10.0.0.1 dev eth0`'));
    return;
  }
  const parts = parseAttributes(words);
  if (parts.broken) {
    issues.push(badLine(path, number, line, 'an address behind `via`'));
    return;
  }
  if (parts.unknown.length > 0) {
    const words = parts.unknown.map((word) => `\`${word}\``).join(', ');
    issues.push(badLine(path, number, line, `only words of \`ip route\`; left out: ${words}`));
  }
  const family = destination === 'default' ? parts.family : familyOfPrefix(destination);
  pending.push({
    destination,
    isSingle: parts.hops.length > 0,
    ...(family === undefined ? {} : { family }),
    draft: {
      type: type ?? 'unicast',
      table: parts.table,
      nexthops: parts.hops,
      ...(parts.prefsrc === undefined ? {} : { prefsrc: parts.prefsrc }),
      metric: parts.metric,
      ...(parts.tos === undefined ? {} : { tos: parts.tos }),
      ...(parts.scope === undefined ? {} : { scope: parts.scope }),
      ...(parts.protocol === undefined ? {} : { protocol: parts.protocol }),
      ...(parts.mtu === undefined ? {} : { mtu: parts.mtu }),
      ...(parts.mtuLocked ? { mtuLocked: true } : {}),
      ...(Object.keys(parts.attributes).length > 0 ? { attributes: parts.attributes } : {}),
      flags: parts.flags,
      text: line.trim(),
      span: { path, line: number },
    },
  });
}

function familyOfPrefix(word: string): Family {
  return word.includes(':') ? 6 : 4;
}
