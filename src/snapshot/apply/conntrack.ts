/** `conntrack -D` and `-F`: nfct_filter_cb() and the option table of conntrack(8), src/conntrack.c of conntrack-tools. */
import type { ConntrackDump } from '../../dump/records.ts';
import { contains, parsePrefix } from '../../net/prefix.ts';
import { PROTOCOL } from '../../net/protocol.ts';
import type { Nfct } from '../../skb/nfct.ts';
import type { Netns } from '../snapshot.ts';
import { isProblem, type Problem, problem } from './words.ts';

type Condition = (entry: Nfct) => boolean;
type Half = 'original' | 'reply';

const ADDRESSES: Readonly<Record<string, readonly [Half, 'source' | 'destination']>> = {
  '-s': ['original', 'source'],
  '--src': ['original', 'source'],
  '--orig-src': ['original', 'source'],
  '-d': ['original', 'destination'],
  '--dst': ['original', 'destination'],
  '--orig-dst': ['original', 'destination'],
  '-r': ['reply', 'source'],
  '--reply-src': ['reply', 'source'],
  '-q': ['reply', 'destination'],
  '--reply-dst': ['reply', 'destination'],
};
const PORTS: Readonly<Record<string, readonly [Half, 'sourcePort' | 'destinationPort']>> = {
  '--sport': ['original', 'sourcePort'],
  '--orig-port-src': ['original', 'sourcePort'],
  '--icmp-id': ['original', 'sourcePort'],
  '--dport': ['original', 'destinationPort'],
  '--orig-port-dst': ['original', 'destinationPort'],
  '--reply-port-src': ['reply', 'sourcePort'],
  '--reply-port-dst': ['reply', 'destinationPort'],
};

/** What it deletes is gone from the dumped entries; of namespaces without such a dump nothing is known to change. */
export function applyConntrack(netns: Netns, words: readonly string[]): Netns | Problem {
  const [verb = '', ...rest] = words;
  if (verb === '-F' || verb === '--flush') return { ...netns, conntrack: [] };
  if (verb !== '-D' && verb !== '--delete') return problem(`what \`conntrack ${verb}\` does is not modelled`);
  const condition = conditionOf(rest);
  if (isProblem(condition)) return condition;
  if (netns.conntrack === undefined) return netns;
  const kept: ConntrackDump[] = netns.conntrack.filter(({ entry }) => !condition(entry));
  return kept.length === netns.conntrack.length
    ? problem('no dumped connection fits it')
    : { ...netns, conntrack: kept };
}

function conditionOf(words: readonly string[]): Condition | Problem {
  const conditions: Condition[] = [];
  for (let at = 0; at < words.length; at += 2) {
    const option = words[at] ?? '';
    const value = words[at + 1];
    if (value === undefined) return problem(`${option} asks for a value`);
    const condition = optionOf(option, value);
    if (isProblem(condition)) return condition;
    conditions.push(condition);
  }
  return (entry) => conditions.every((holds) => holds(entry));
}

function optionOf(option: string, value: string): Condition | Problem {
  const address = ADDRESSES[option];
  if (address) return ofAddress(...address, value);
  const port = PORTS[option];
  if (port) {
    const [half, field] = port;
    return /^\d+$/.test(value) ? (entry) => entry[half][field] === Number(value) : bad(option, value);
  }
  switch (option) {
    case '-p':
    case '--proto': {
      const protocol = protocolNumber(value);
      return protocol === undefined
        ? bad(option, value)
        : ({ original }: Nfct) => original.protocol === protocol;
    }
    case '-f':
    case '--family': {
      const family = value === 'ipv4' ? 4 : value === 'ipv6' ? 6 : undefined;
      return family === undefined ? bad(option, value) : ({ original }: Nfct) => original.family === family;
    }
    case '--state':
      return ({ tcpState }: Nfct) => tcpState === value.toUpperCase();
    default:
      return problem(`\`conntrack -D ${option}\` is not modelled`);
  }
}

function ofAddress(half: Half, field: 'source' | 'destination', value: string): Condition | Problem {
  const prefix = parsePrefix(value);
  return prefix ? (entry) => contains(prefix, entry[half][field]) : problem(`${value} is no address`);
}

function protocolNumber(name: string): number | undefined {
  if (/^\d{1,3}$/.test(name)) return Number(name);
  return name === 'icmpv6' ? PROTOCOL['ipv6-icmp'] : PROTOCOL[name as keyof typeof PROTOCOL];
}

function bad(option: string, value: string): Problem {
  return problem(`${option} takes no ${value}`);
}
