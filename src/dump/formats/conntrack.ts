/**
 * `conntrack -L`, with or without `-o extended,id`, and /proc/net/nf_conntrack: ct_seq_show(),
 * net/netfilter/nf_conntrack_standalone.c.
 */
import type { Issue } from '../../base/issue.ts';
import { type Family, familyOf, type Ip, parseIp } from '../../net/ip.ts';
import type { Nfct } from '../../skb/nfct.ts';
import type { Tuple } from '../../skb/tuple.ts';
import { parseNumber } from '../fields.ts';
import { badLine, type Format, mostLines, type Parsed } from '../format.ts';
import type { ConntrackDump } from '../records.ts';
import type { DumpText } from '../text.ts';
import { Words } from '../words.ts';

const LINE = /^\s*(?:ipv[46]\s+\d+\s+)?[a-z][\w-]*\s+\d+ (?:\d+ )?(?:[A-Z_0-9]+ )?src=\S+ dst=\S+ /;
const SUMMARY = /^conntrack v\S+ \(conntrack-tools\): \d+ flow entries/;

export const conntrack: Format = {
  id: 'conntrack',
  command: 'conntrack -L',
  recognise: (text) => mostLines(text, new RegExp(`${LINE.source}|${SUMMARY.source}`)),
  parse: parseEntries,
};

function parseEntries(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const entries: ConntrackDump[] = [];
  text.lines.forEach((line, index) => {
    if (line.trim() === '' || SUMMARY.test(line)) return;
    const entry = parseEntry(line, index + 1, text.path, entries.length + 1);
    if (entry) entries.push(entry);
    else {
      const expected = 'an entry: `tcp 6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=4000 dport=80 …`';
      issues.push(badLine(text.path, index + 1, line, expected));
    }
  });
  return { content: { kind: 'conntrack', entries }, issues };
}

/** One direction as printed; `src` opens it. */
interface Half {
  source: Ip;
  destination?: Ip;
  readonly values: Map<string, number>;
}

function parseEntry(line: string, number: number, path: string, ordinal: number): ConntrackDump | undefined {
  const words = new Words(line);
  if (/^ipv[46]$/.test(words.peek() ?? '')) {
    words.next();
    words.next();
  }
  words.next();
  const protocol = parseNumber(words.next());
  if (protocol === undefined || protocol > 255) return undefined;
  const timeout = /^\d+$/.test(words.peek() ?? '') ? Number(words.next()) : 0;
  const tcpState = /^[A-Z][A-Z0-9_]*$/.test(words.peek() ?? '') ? words.next() : undefined;
  const halves: Half[] = [];
  const flags = new Set<string>();
  const values = new Map<string, string>();
  while (!words.done) {
    const word = words.next();
    const equals = word.indexOf('=');
    if (equals < 0) {
      flags.add(word.replace(/^\[|\]$/g, ''));
      continue;
    }
    const key = word.slice(0, equals);
    const value = word.slice(equals + 1);
    if (key === 'src') {
      const source = parseIp(value);
      if (source === undefined) return undefined;
      halves.push({ source, values: new Map() });
      continue;
    }
    const half = halves.at(-1);
    if (key === 'dst' && half) {
      const destination = parseIp(value);
      if (destination !== undefined) half.destination = destination;
    } else if (half && ofHalf(key, half, protocol) && parseNumber(value) !== undefined) {
      half.values.set(key, parseNumber(value) ?? 0);
    } else values.set(key, value);
  }
  const [first, second] = halves;
  if (!first || !second) return undefined;
  const zone = numberOf(values, 'zone') ?? 0;
  const original = tupleOf(first, protocol, numberOf(values, 'zone-orig') ?? zone);
  const reply = tupleOf(second, protocol, numberOf(values, 'zone-reply') ?? zone);
  if (!original || !reply || original.family !== reply.family) return undefined;
  const entry: Nfct = {
    id: numberOf(values, 'id') ?? ordinal,
    original,
    reply,
    mark: numberOf(values, 'mark') ?? 0,
    confirmed: true,
    seenReply: !flags.has('UNREPLIED'),
    assured: flags.has('ASSURED'),
    expected: flags.has('EXPECTED'),
    ...natOf(original, reply),
    ...(tcpState !== undefined && protocol === 6 ? { tcpState } : {}),
    expires: timeout,
    packets: { original: first.values.get('packets') ?? 0, reply: second.values.get('packets') ?? 0 },
    bytes: { original: first.values.get('bytes') ?? 0, reply: second.values.get('bytes') ?? 0 },
    labels: labelsOf(values.get('labels')),
    ...(values.has('helper') ? { helper: values.get('helper') ?? '' } : {}),
  };
  return { entry, timeout, span: { path, line: number } };
}

const HALF_KEYS = new Set(['sport', 'dport', 'type', 'code', 'packets', 'bytes', 'srckey', 'dstkey']);
const ICMP = new Set([1, 58]);

/** `id=` is an ICMP query's within a half, and the entry's own at the end of the line (`-o id`). */
function ofHalf(key: string, half: Half, protocol: number): boolean {
  return key === 'id' ? ICMP.has(protocol) && !half.values.has('id') : HALF_KEYS.has(key);
}

function tupleOf(half: Half, protocol: number, zone: number): Tuple | undefined {
  const { source, destination, values } = half;
  if (destination === undefined) return undefined;
  const family: Family = familyOf(source);
  if (familyOf(destination) !== family) return undefined;
  const icmp = ICMP.has(protocol);
  return {
    family,
    protocol,
    source,
    destination,
    sourcePort: (icmp ? values.get('id') : (values.get('sport') ?? values.get('srckey'))) ?? 0,
    destinationPort: icmp
      ? (values.get('type') ?? 0) * 256 + (values.get('code') ?? 0)
      : (values.get('dport') ?? values.get('dstkey') ?? 0),
    zone,
  };
}

/** A reply that doesn't go back to where the original came from was translated (IPS_SRC_NAT, IPS_DST_NAT). */
function natOf(original: Tuple, reply: Tuple) {
  const icmp = ICMP.has(original.protocol);
  const srcNat =
    reply.destination !== original.source ||
    (icmp ? reply.sourcePort !== original.sourcePort : reply.destinationPort !== original.sourcePort);
  const dstNat =
    reply.source !== original.destination || (!icmp && reply.sourcePort !== original.destinationPort);
  return { srcNat, dstNat, srcNatDone: true, dstNatDone: true };
}

function numberOf(values: ReadonlyMap<string, string>, key: string): number | undefined {
  const value = values.get(key);
  return value === undefined ? undefined : parseNumber(value);
}

/** By number; names of /etc/xtables/connlabel.conf say nothing here. */
function labelsOf(text: string | undefined): Set<number> {
  return new Set((text ?? '').split(',').flatMap((label) => parseNumber(label) ?? []));
}
