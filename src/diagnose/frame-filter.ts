/** What ebtables and arptables make of one frame, by their save dumps: ebt_do_table(), arpt_do_table(). */
import type { FrameChain, FrameFilter, FrameRule } from '../dump/records.ts';
import { type Ip, parseIp } from '../net/ip.ts';
import { type Mac, parseMac } from '../net/mac.ts';
import { contains, networkOf } from '../net/prefix.ts';
import { protocolName } from '../net/protocol.ts';
import { splitShell } from '../xtables/tokens.ts';

/** A frame on its way over a bridge, or ARP on its way to or from the host. */
export interface FrameView {
  readonly kind: 'IPv4' | 'IPv6' | 'ARP';
  readonly in?: string | undefined;
  readonly out?: string | undefined;
  readonly bridge?: string | undefined;
  readonly etherSource?: Mac | undefined;
  readonly etherDestination?: Mac | undefined;
  readonly source: Ip;
  readonly destination: Ip;
  readonly protocol?: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** Of ARP: 1 asks, 2 answers. */
  readonly operation?: number;
}

export interface FrameVerdict {
  readonly chain: FrameChain;
  /** Absent: the chain's policy decided. */
  readonly rule?: FrameRule;
  readonly verdict: string;
  /** Some option on the way is not known here. */
  readonly doubtful: boolean;
}

const DEEPEST = 16;

/** The verdict of a built-in chain of the filter table; undefined without such a chain. */
export function judgeFrame(filter: FrameFilter, chain: string, frame: FrameView): FrameVerdict | undefined {
  const table = filter.tables.find(({ name }) => name === 'filter');
  const start = table?.chains.find(({ name }) => name === chain);
  if (!table || !start) return undefined;
  let doubtful = false;
  const walk = (current: FrameChain, depth: number): FrameVerdict | undefined => {
    for (const rule of current.rules) {
      const matched = matches(rule.text, frame);
      if (matched === 'no') continue;
      if (matched === 'unknown') {
        doubtful = true;
        continue;
      }
      const { target } = rule;
      if (target === 'ACCEPT' || target === 'DROP')
        return { chain: current, rule, verdict: target, doubtful };
      if (target === 'RETURN') return undefined;
      const next = table.chains.find(({ name }) => name === target);
      const found = next && depth < DEEPEST ? walk(next, depth + 1) : undefined;
      if (found) return found;
    }
    return current !== start && current.policy !== 'RETURN'
      ? { chain: current, verdict: current.policy, doubtful }
      : undefined;
  };
  return walk(start, 0) ?? { chain: start, verdict: start.policy, doubtful };
}

type Answer = 'yes' | 'no' | 'unknown';

function matches(text: string, frame: FrameView): Answer {
  const words = splitShell(text).map((word) => word.text);
  let unknown = false;
  for (let index = 0; index < words.length; index++) {
    let invert = false;
    if (words[index] === '!') {
      invert = true;
      index++;
    }
    const option = words[index] ?? '';
    if (option === '-j' || option === '--jump') {
      index++;
      continue;
    }
    if (words[index + 1] === '!') {
      invert = true;
      index++;
    }
    const value = words[++index] ?? '';
    const holds = test(option, value, frame);
    if (holds === undefined) unknown = true;
    else if (holds === invert) return 'no';
  }
  return unknown ? 'unknown' : 'yes';
}

/** Undefined: an option that isn't known here. */
function test(option: string, value: string, frame: FrameView): boolean | undefined {
  const isArp = frame.kind === 'ARP';
  switch (option) {
    case '-p':
    case '--protocol':
      return (ETHER_TYPES[value] ?? value) === frame.kind;
    case '-i':
    case '--in-interface':
      return named(value, frame.in);
    case '-o':
    case '--out-interface':
      return named(value, frame.out);
    case '--logical-in':
    case '--logical-out':
      return named(value, frame.bridge);
    case '-s':
    case '--source':
    case '--source-ip':
    case '--src-ip':
      return /[.]/.test(value) ? within(value, frame.source) : isMac(value, frame.etherSource);
    case '-d':
    case '--destination':
    case '--destination-ip':
    case '--dst-ip':
      return /[.]/.test(value) ? within(value, frame.destination) : isMac(value, frame.etherDestination);
    case '--source-mac':
    case '--src-mac':
      return isMac(value, frame.etherSource);
    case '--ip-source':
    case '--ip-src':
    case '--ip6-source':
    case '--ip6-src':
      return within(value, frame.source);
    case '--ip-destination':
    case '--ip-dst':
    case '--ip6-destination':
    case '--ip6-dst':
      return within(value, frame.destination);
    case '--arp-ip-src':
      return isArp && within(value, frame.source);
    case '--arp-ip-dst':
      return isArp && within(value, frame.destination);
    case '--ip-protocol':
    case '--ip-proto':
    case '--ip6-protocol':
    case '--ip6-proto':
      return (
        frame.protocol !== undefined && [String(frame.protocol), protocolName(frame.protocol)].includes(value)
      );
    case '--ip-destination-port':
    case '--ip-dport':
    case '--ip6-dport':
      return inRange(value, frame.destinationPort);
    case '--ip-source-port':
    case '--ip-sport':
    case '--ip6-sport':
      return inRange(value, frame.sourcePort);
    case '--opcode':
    case '--arp-op':
    case '--arp-opcode':
      return isArp && (OPERATIONS[value] ?? Number(value)) === frame.operation;
    default:
      return undefined;
  }
}

const ETHER_TYPES: Readonly<Record<string, FrameView['kind']>> = {
  IPv4: 'IPv4',
  IPV4: 'IPv4',
  '0x0800': 'IPv4',
  '0x800': 'IPv4',
  IPv6: 'IPv6',
  IPV6: 'IPv6',
  '0x86DD': 'IPv6',
  '0x86dd': 'IPv6',
  ARP: 'ARP',
  '0x0806': 'ARP',
  '0x806': 'ARP',
};
const OPERATIONS: Readonly<Record<string, number>> = { Request: 1, Reply: 2 };

function named(pattern: string, device: string | undefined): boolean {
  if (device === undefined) return false;
  return pattern.endsWith('+') ? device.startsWith(pattern.slice(0, -1)) : device === pattern;
}

function within(value: string, address: Ip): boolean | undefined {
  const [base = '', mask] = value.split('/');
  const ip = parseIp(base);
  if (ip === undefined || typeof ip !== typeof address) return ip === undefined ? undefined : false;
  if (mask === undefined) return ip === address;
  const length = mask.includes('.') ? lengthOf(parseIp(mask)) : Number(mask);
  return length === undefined || Number.isNaN(length) ? undefined : contains(networkOf(ip, length), address);
}

function lengthOf(mask: Ip | undefined): number | undefined {
  if (typeof mask !== 'number') return undefined;
  const length = Math.clz32(~mask);
  return mask >>> 0 === (length === 0 ? 0 : (-1 << (32 - length)) >>> 0) ? length : undefined;
}

const WELL_KNOWN: Readonly<Record<string, string>> = { Broadcast: 'ff:ff:ff:ff:ff:ff' };

function isMac(value: string, mac: Mac | undefined): boolean | undefined {
  const wanted = parseMac(WELL_KNOWN[value] ?? value);
  if (wanted === undefined) return undefined;
  return mac === undefined ? undefined : wanted === mac;
}

function inRange(value: string, port: number | undefined): boolean {
  const [low = '0', high = low] = value.split(':');
  return port !== undefined && port >= Number(low) && port <= Number(high || 65535);
}
