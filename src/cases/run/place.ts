/** From the words of a packet to the packet: who sends it, where it comes in, and the addresses of what it names. */
import { nearest } from '../../base/nearest.ts';
import { neighboursOf, ownersOf } from '../../correlate/owner.ts';
import type { Link } from '../../dump/records.ts';
import { rootOf } from '../../input/host.ts';
import { bitsOf, type Family, familyOf, type Ip, parseIp } from '../../net/ip.ts';
import { contains, networkOf } from '../../net/prefix.ts';
import { hasPorts, PROTOCOL, protocolName } from '../../net/protocol.ts';
import type { ProbeSpec } from '../../netstack/probe.ts';
import type { Netns } from '../../snapshot/snapshot.ts';
import { IcmpNames, readIcmp } from '../../xtables/names/icmp.ts';
import { type Address, readAddress } from '../language/end.ts';
import type { Question } from '../language/question.ts';
import { faultAt, quote, type Word } from '../language/words.ts';
import type { CaseState } from './state.ts';

/** Throws a `LineError` where the state doesn't know what is named. */
export function placeQuestion(question: Question, state: CaseState): ProbeSpec {
  const sender = senderOf(question, state);
  const named = question.source ?? sender.source;
  const to = destinationOf(question, state, sender, named && familyOf(named.address));
  const family = familyOf(to);
  if (named && familyOf(named.address) !== family)
    throw faultAt(question.to, `${quote(question.to.text)} and the sender are of different families`);
  const { port } = question.destination;
  const sourcePort = question.sourcePort ?? named?.port;
  const protocol = protocolOf(question, family, port ?? sourcePort);
  if (hasPorts(protocol) && port === undefined)
    throw faultAt(
      question.to,
      `${protocolName(protocol)} needs a port`,
      `Such as ${question.destination.host}:443/tcp.`,
    );
  if (!hasPorts(protocol) && (port !== undefined || sourcePort !== undefined))
    throw faultAt(
      question.to,
      `${protocolName(protocol)} has no ports`,
      'Ports go with tcp, udp, sctp, dccp or udplite.',
    );
  const source =
    named?.address ??
    (sender.iface === undefined ? undefined : outsider(state, sender, sender.iface, family));
  const { mark, ttl, tos } = question;
  return {
    from: sender.namespace,
    ...(sender.iface !== undefined && { iface: sender.iface }),
    to,
    protocol,
    ...(source !== undefined && { source }),
    ...(sourcePort !== undefined && { sourcePort }),
    ...(port !== undefined && { destinationPort: port }),
    ...icmpOf(question, family, protocol),
    ...(ttl !== undefined && { ttl }),
    ...(tos !== undefined && { tos }),
    ...(mark !== undefined && { mark }),
    ...(question.state === 'invalid' && invalid(question, protocol)),
  };
}

interface Sender {
  readonly namespace: string;
  /** It comes in here from the wire; else a process of the namespace sends it. */
  readonly iface?: string;
  readonly source?: Address;
}

function senderOf({ from, iif }: Question, state: CaseState): Sender {
  const place = iif && deviceOf(iif, state);
  if (isAddress(from.text)) {
    const source = readAddress(from);
    return { ...(place ?? sendingPlace(from, source.address, state)), source };
  }
  if (place)
    throw faultAt(
      from,
      `${quote(from.text)} is no address`,
      'With iif, from is followed by the address of the sender.',
    );
  const namespace = namespaceOf(from.text, state);
  return namespace === undefined ? deviceOf(from, state) : { namespace };
}

function isAddress(text: string): boolean {
  return parseIp(text.replace(/^\[([^\]]*)\](:.*)?$|^([^:]*):[^:]*$/, '$1$3')) !== undefined;
}

/** `red`; a machine's name alone is its root namespace, a container's name its namespace. */
function namespaceOf(text: string, { topology, snapshot }: CaseState): string | undefined {
  const { namespaces } = topology;
  if (namespaces.has(text)) return text;
  const root = rootOf(`${text}/`);
  if (root !== 'host' && namespaces.has(root)) return root;
  const contained = [...namespaces.values()].find(({ container }) => container === text)?.name;
  const told = contained ?? snapshot.containerNamespaces?.get(text);
  return told !== undefined && namespaces.has(told) ? told : undefined;
}

/** `host:eth0`, or `eth0` where one namespace alone has it, or the root namespace. */
function deviceOf(word: Word, state: CaseState): { namespace: string; iface: string } {
  const { namespaces } = state.topology;
  const colon = word.text.lastIndexOf(':');
  if (colon > 0) {
    const namespace = namespaceOf(word.text.slice(0, colon), state);
    const iface = word.text.slice(colon + 1);
    if (namespace === undefined)
      throw unknown(word, 'namespace', word.text.slice(0, colon), [...namespaces.keys()]);
    const links = linkNames(namespaces.get(namespace));
    if (links.includes(iface)) return { namespace, iface };
    throw unknown(word, `interface of ${namespace}`, iface, links);
  }
  const owners = [...namespaces.values()].filter((netns) => linkNames(netns).includes(word.text));
  const owner = owners.find(({ name }) => name === 'host') ?? (owners.length === 1 ? owners[0] : undefined);
  if (owner) return { namespace: owner.name, iface: word.text };
  if (owners.length > 1)
    throw faultAt(
      word,
      `several namespaces have an interface ${quote(word.text)}`,
      `Say which: ${owners.map(({ name }) => `${name}:${word.text}`).join(', ')}.`,
    );
  const known = [...namespaces.values()].flatMap(({ name, ...netns }) => [name, ...linkNames(netns)]);
  throw unknown(word, 'namespace, interface or address', word.text, [...new Set(known)]);
}

function unknown(word: Word, what: string, wanted: string, names: readonly string[]) {
  const near = nearest(wanted, names);
  const guess = near === undefined ? '' : `Did you mean ${near}? `;
  const list = names.length === 0 ? 'The inputs know none.' : `The inputs know: ${names.join(', ')}.`;
  return faultAt(word, `${quote(wanted)} is no ${what}`, `${guess}${list}`);
}

function linkNames({ links = [] }: Pick<Netns, 'links'> = {}): string[] {
  return links.map(({ name }) => name);
}

/** Who has the address sends it; else it comes in by the interface on whose subnet it is, or by that of the default route. */
function sendingPlace(word: Word, ip: Ip, { snapshot, topology }: CaseState): Sender {
  const [owner] = ownersOf(snapshot, ip);
  if (owner) return { namespace: owner.netns.name };
  const near = neighboursOf(snapshot, ip);
  const chosen = near.find(({ netns }) => netns.name === 'host') ?? (near.length === 1 ? near[0] : undefined);
  if (chosen) return { namespace: chosen.netns.name, iface: chosen.link.name };
  if (near.length > 1) {
    const places = near.map(({ netns, link }) => `${netns.name}:${link.name}`);
    throw faultAt(
      word,
      `${quote(word.text)} may come in at several places`,
      `Say which with iif: ${places.join(', ')}.`,
    );
  }
  const host = topology.namespaces.get('host');
  const iface = host && uplink(host, familyOf(ip));
  if (iface !== undefined) return { namespace: 'host', iface };
  throw faultAt(
    word,
    `it is not known where ${quote(word.text)} comes in`,
    'Say it with iif: `iif host:eth0`.',
  );
}

/** The interface of the default route. */
function uplink(netns: Netns, family: Family): string | undefined {
  const routes = (family === 4 ? netns.routes4 : netns.routes6)?.routes ?? [];
  return routes.find(({ destination }) => destination.length === 0)?.nexthops[0]?.dev;
}

function destinationOf(
  { to, destination }: Question,
  state: CaseState,
  sender: Sender,
  family: Family | undefined,
): Ip {
  const ip = parseIp(destination.host);
  if (ip !== undefined) return ip;
  const namespace = namespaceOf(destination.host, state);
  const netns = namespace === undefined ? undefined : state.topology.namespaces.get(namespace);
  if (!netns)
    throw unknown(to, 'address, namespace or container', destination.host, [
      ...state.topology.namespaces.keys(),
    ]);
  const found = addressOf(netns, state, sender, family ?? 4) ?? addressOf(netns, state, sender, family ?? 6);
  if (found !== undefined) return found;
  throw faultAt(
    to,
    `the inputs know no address of ${quote(destination.host)}`,
    'Give the address in its place.',
  );
}

/** Of several addresses: of the interface it comes in by, then one on a subnet of the sender's, then the uplink's, then the first. */
function addressOf(netns: Netns, { topology }: CaseState, sender: Sender, family: Family): Ip | undefined {
  const addresses = addressesOf(netns, family);
  const sending = topology.namespaces.get(sender.namespace);
  const subnets = sending && sending !== netns ? addressesOf(sending, family) : [];
  const up = uplink(netns, family);
  const wanted = [
    addresses.find(({ link }) => sending === netns && link.name === sender.iface),
    addresses.find(({ ip }) => subnets.some((own) => contains(networkOf(own.ip, own.length), ip))),
    addresses.find(({ link }) => link.name === up),
    addresses[0],
  ];
  return wanted.find((each) => each !== undefined)?.ip;
}

function addressesOf({ links = [] }: Netns, family: Family): { link: Link; ip: Ip; length: number }[] {
  return links
    .filter(({ name }) => name !== 'lo')
    .flatMap((link) => link.addresses.map(({ address, length }) => ({ link, ip: address, length })))
    .filter(({ ip }) => familyOf(ip) === family && !(typeof ip === 'bigint' && ip >> 118n === 0x3fan));
}

/** Blocks for documentation (RFC 5737, RFC 3849): whoever sends from outside, and has no other address. */
const OUTSIDE: Readonly<Record<Family, readonly string[]>> = {
  4: ['198.51.100.77', '203.0.113.77', '192.0.2.77'],
  6: ['2001:db8:ffff::77', '2001:db8:fffe::77'],
};

/** From an uplink somebody of the outside, else a neighbour that nobody is. */
function outsider(state: CaseState, { namespace }: Sender, iface: string, family: Family): Ip | undefined {
  const netns = state.topology.namespaces.get(namespace);
  const own = netns ? addressesOf(netns, family).find(({ link }) => link.name === iface) : undefined;
  const isUplink = netns !== undefined && uplink(netns, family) === iface;
  if (own && !isUplink) return freeNeighbour(own.ip, own.length, state);
  return OUTSIDE[family]
    .map((text) => parseIp(text) as Ip)
    .find((ip) => neighboursOf(state.snapshot, ip).length === 0);
}

/** Counted down from the end of the subnet. */
function freeNeighbour(address: Ip, length: number, { snapshot }: CaseState): Ip | undefined {
  const family = familyOf(address);
  const size = 1n << BigInt(bitsOf(family) - length);
  const first = BigInt(networkOf(address, length).address);
  for (let back = 2n; back <= size && back < 66n; back++) {
    const value = first + size - back;
    const ip = family === 4 ? Number(value) : value;
    if (value > first && ip !== address && ownersOf(snapshot, ip).length === 0) return ip;
  }
  return undefined;
}

function protocolOf({ protocol }: Question, family: Family, port: number | undefined): number {
  const icmp = family === 4 ? PROTOCOL.icmp : PROTOCOL['ipv6-icmp'];
  if (protocol === 'icmp') return icmp;
  return protocol ?? (port === undefined ? icmp : PROTOCOL.tcp);
}

function isIcmp(protocol: number): boolean {
  return protocol === PROTOCOL.icmp || protocol === PROTOCOL['ipv6-icmp'];
}

function icmpOf(
  { icmpType: word, state }: Question,
  family: Family,
  protocol: number,
): Pick<ProbeSpec, 'icmpType' | 'icmpCode'> {
  if (!isIcmp(protocol)) {
    if (word) throw faultAt(word, '`type` goes with icmp', 'Such as `to 10.0.0.1/icmp type echo-request`.');
    return {};
  }
  if (!word) {
    if (state === 'invalid') return { icmpType: family === 4 ? 0 : 129 };
    return { icmpType: family === 4 ? 8 : 128 };
  }
  const test = readIcmp(word.text, family === 4 ? IcmpNames.v4 : IcmpNames.v6, false);
  if (!test)
    throw faultAt(
      word,
      `${quote(word.text)} is no ICMP type`,
      'By number, or by the name iptables has for it.',
    );
  return { icmpType: test.type, ...(test.minCode === test.maxCode && { icmpCode: test.minCode }) };
}

/** Flags that no segment has (SYN and FIN), an answer to no question. */
function invalid({ from }: Question, protocol: number): Pick<ProbeSpec, 'tcpFlags'> {
  if (protocol === PROTOCOL.tcp) return { tcpFlags: 3 };
  if (isIcmp(protocol)) return {};
  throw faultAt(
    from,
    `no packet of ${protocolName(protocol)} is invalid by itself`,
    'Invalid ones are of tcp or icmp.',
  );
}
