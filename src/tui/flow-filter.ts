/** Which flows are shown: those of a filter as tcpdump, Wireshark or ss say it, or those with all of some words in their row. */
import { isFault } from '../filter/fault.ts';
import type { Filter } from '../filter/filter.ts';
import { compileFilter, type Face, type FaceEnd } from '../filter/match.ts';
import { namesIn, resolveNames } from '../filter/names.ts';
import { parseFilter } from '../filter/parse.ts';
import { protocolFilter } from '../filter/protocol.ts';
import type { LiveFlow } from '../live/flow-book.ts';
import { parseIp } from '../net/ip.ts';
import { type Prefix, parsePrefix } from '../net/prefix.ts';
import type { Analysis } from '../report/analysis.ts';
import { statusText } from '../report/text/flow-name.ts';

export type FlowTest = (flow: LiveFlow) => boolean;

/** `analysis`: whose names of namespaces and containers are known. */
export function flowTest(text: string, analysis: Analysis | undefined): FlowTest {
  if (text.trim() === '') return () => true;
  const filter = filterOf(text, analysis);
  return filter ? filterTest(filter) : wordsTest(text);
}

/** With the addresses of its names; undefined: it is no filter, but words. */
export function filterOf(text: string, analysis: Analysis | undefined): Filter | undefined {
  const filter = parseFilter(text);
  const names = analysis ? namesOf(analysis) : new Map<string, Prefix[]>();
  // A name that nobody has may be the beginning of one, or any other word.
  if (isFault(filter) || !namesIn(filter).every((name) => names.has(name))) return undefined;
  return resolveNames(filter, names);
}

function filterTest(filter: Filter): FlowTest {
  const test = compileFilter(filter, 0);
  return ({ flow, first, last }) => test({ faces: facesOf(flow), start: first, end: last });
}

function wordsTest(text: string): FlowTest {
  const words = text.toLowerCase().trim().split(/\s+/);
  return (flow) => {
    const row = rowText(flow);
    return words.every((word) => row.includes(word));
  };
}

function rowText({ flow, findings }: LiveFlow): string {
  const { protocol, client, server, verdict } = flow;
  return [
    protocol,
    ...[client, server].flatMap(({ address, port, name, namespace }) => [
      `${address}${port === undefined ? '' : `:${port}`}`,
      name,
      namespace,
    ]),
    statusText(flow),
    verdict,
    ...findings.flatMap(({ cause, title }) => [cause, title]),
    ...flow.sightings.map(({ capture, tuple }) => `${capture} ${tuple}`),
  ]
    .join(' ')
    .toLowerCase();
}

/** Before and behind NAT: its own ends, and those that each point saw. */
function facesOf({ protocol: name, client, server, sightings }: LiveFlow['flow']): Face[] {
  const kind = protocolFilter(name);
  const protocol = kind?.kind === 'protocol' ? kind.protocol : -1;
  const faces: Face[] = [];
  const add = (from: FaceEnd | undefined, to: FaceEnd | undefined) => {
    if (from && to) faces.push({ protocol, client: from, server: to });
  };
  add(endOf(client.address, client.port), endOf(server.address, server.port));
  for (const { tuple, direction } of sightings) {
    const [from, to] = tuple.split(' > ').map(parseEndpoint);
    if (direction === 'forward') add(from, to);
    else add(to, from);
  }
  return faces;
}

function endOf(address: string, port: number | undefined): FaceEnd | undefined {
  const ip = parseIp(address);
  return ip === undefined ? undefined : { address: ip, port: port ?? -1 };
}

/** `10.0.0.2:80`, `[fd00::1]:80`, or the address alone. */
function parseEndpoint(text: string): FaceEnd | undefined {
  const [, six, sixPort, four, fourPort] = /^(?:\[([^\]]+)\]:(\d+)|([\d.]+):(\d+))$/.exec(text) ?? [];
  const address = six ?? four ?? text;
  const port = sixPort ?? fourPort;
  return endOf(address, port === undefined ? undefined : Number(port));
}

function namesOf({ topology: { namespaces } }: Analysis): Map<string, Prefix[]> {
  const names = new Map<string, Prefix[]>();
  for (const { name, container, links } of namespaces) {
    const prefixes = links
      .filter((link) => link.name !== 'lo')
      .flatMap(({ addresses }) => addresses.flatMap((text) => parsePrefix(text.split('/')[0] ?? '') ?? []));
    for (const each of [name, container]) if (each !== undefined) names.set(each, prefixes);
  }
  return names;
}
