/** Whether a filter is true of a flow or packet. */
import type { Family, Ip } from '../net/ip.ts';
import { familyOf } from '../net/ip.ts';
import { contains, type Prefix } from '../net/prefix.ts';
import { hasPorts } from '../net/protocol.ts';
import { ARP_PROTOCOL, type End, type Filter, type Host, type PortRange, type Side } from './filter.ts';
import { intervalOf } from './time.ts';

export interface FaceEnd {
  readonly address: Ip;
  readonly port: number;
}

/** A pair of ends: of a flow as one point saw it, before or behind NAT; of a packet its own, and those of what is inside it or quoted by it. */
export interface Face {
  readonly protocol: number;
  /** The initiator; of a packet its sender. */
  readonly client: FaceEnd;
  readonly server: FaceEnd;
}

export interface Subject {
  readonly faces: readonly Face[];
  /** Epoch seconds of the first and last packet. */
  readonly start: number;
  readonly end: number;
}

export type Test = (subject: Subject) => boolean;

/**
 * Each thing that is asked for may be true of another face: of a flow that was translated `host A and host B` finds both names of its
 * server. An end's address and port belong together. `begin`: epoch seconds of the first packet, for times that count from there.
 */
export function compileFilter(filter: Filter, begin: number): Test {
  switch (filter.kind) {
    case 'and': {
      const tests = filter.parts.map((part) => compileFilter(part, begin));
      return (subject) => tests.every((test) => test(subject));
    }
    case 'or': {
      const tests = filter.parts.map((part) => compileFilter(part, begin));
      return (subject) => tests.some((test) => test(subject));
    }
    case 'not': {
      const test = compileFilter(filter.part, begin);
      return (subject) => !test(subject);
    }
    case 'host':
      return some(sided(filter.side, hostTest(filter.host)));
    case 'port': {
      const within = portTest(filter.ports);
      const test = sided(filter.side, within);
      return some((face) => hasPorts(face.protocol) && test(face));
    }
    case 'protocol': {
      const { protocol } = filter;
      return some((face) => face.protocol === protocol);
    }
    case 'family':
      return some(familyTest(filter.family));
    case 'flow':
      return flowTest(endTest(filter.left), endTest(filter.right), filter.way === 'between');
    case 'time': {
      const { from, to } = intervalOf(filter.range, begin);
      return ({ start, end }) => start <= to && end >= from;
    }
  }
}

type FaceTest = (face: Face) => boolean;
type EndTest = (end: FaceEnd, protocol: number) => boolean;

function some(test: FaceTest): Test {
  return ({ faces }) => faces.some(test);
}

function sided(side: Side, test: EndTest): FaceTest {
  switch (side) {
    case 'source':
      return ({ client, protocol }) => test(client, protocol);
    case 'destination':
      return ({ server, protocol }) => test(server, protocol);
    case 'either':
      return ({ client, server, protocol }) => test(client, protocol) || test(server, protocol);
  }
}

const familyTest =
  (family: Family): FaceTest =>
  ({ client, protocol }) =>
    protocol !== ARP_PROTOCOL && familyOf(client.address) === family;

function hostTest(host: Host): EndTest {
  const prefixes = prefixesOf(host);
  const [only] = prefixes;
  if (only && prefixes.length === 1) return ({ address }) => contains(only, address);
  return ({ address }) => prefixes.some((prefix) => contains(prefix, address));
}

/** A name that nobody resolved is no address. */
function prefixesOf(host: Host): readonly Prefix[] {
  return 'prefix' in host ? [host.prefix] : (host.prefixes ?? []);
}

function portTest({ from, to }: PortRange): EndTest {
  return ({ port }) => port >= from && port <= to;
}

function endTest({ host, ports }: End): EndTest {
  const isHost = host && hostTest(host);
  const isPort = ports && portTest(ports);
  return (end, protocol) =>
    (!isHost || isHost(end, protocol)) && (!isPort || (hasPorts(protocol) && isPort(end, protocol)));
}

/** What one end is at one point and the other at another: NAT may have changed one between. */
function flowTest(left: EndTest, right: EndTest, between: boolean): Test {
  const to =
    (one: EndTest, other: EndTest): Test =>
    ({ faces }) =>
      faces.some(({ client, protocol }) => one(client, protocol)) &&
      faces.some(({ server, protocol }) => other(server, protocol));
  const there = to(left, right);
  if (!between) return there;
  const back = to(right, left);
  return (subject) => there(subject) || back(subject);
}

/** Does it ask for times that count from the begin of the capture? */
export function needsBegin(filter: Filter): boolean {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.parts.some(needsBegin);
    case 'not':
      return needsBegin(filter.part);
    case 'time': {
      const { from, to } = filter.range;
      return [from, to].some((moment) => moment !== undefined && moment.kind !== 'absolute');
    }
    default:
      return false;
  }
}
