/** conntrack_mt(), net/netfilter/xt_conntrack.c */
import { lazily } from '../../base/memo.ts';
import { connectionOf, type Nfct, type SkbConntrack } from '../../skb/nfct.ts';
import type { Skb } from '../../skb/skb.ts';
import type { Tuple } from '../../skb/tuple.ts';
import { type Arg, DECIDED, defineMatch, option, refuse, type Value } from '../extension.ts';
import { listedAddress, listedOption, listedParts, type Part } from '../listing.ts';
import { protocolNumber } from '../names/protocols.ts';
import { type AddressMask, formatHostMask, hostMask, hostMaskMatches } from '../values/address.ts';
import { formatRange, type Range, range, readNumber } from '../values/number.ts';
import { inRange, portRange } from '../values/port.ts';
import { oneOf, setOf } from '../values/text.ts';

export const STATES = ['INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED'] as const;
const CT_STATES = [...STATES, 'SNAT', 'DNAT'] as const;
const STATUSES = ['EXPECTED', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED', 'NONE'] as const;
const MAX_U32 = 0xffffffff;

type State = (typeof CT_STATES)[number];
type Status = (typeof STATUSES)[number];
type AddressKey = 'ctorigsrc' | 'ctorigdst' | 'ctreplsrc' | 'ctrepldst';
type PortKey = 'ctorigsrcport' | 'ctorigdstport' | 'ctreplsrcport' | 'ctrepldstport';
const ADDRESSES: readonly AddressKey[] = ['ctorigsrc', 'ctorigdst', 'ctreplsrc', 'ctrepldst'];
const PORTS: readonly PortKey[] = ['ctorigsrcport', 'ctorigdstport', 'ctreplsrcport', 'ctrepldstport'];

interface Test<T> {
  readonly invert: boolean;
  readonly value: T;
}

export interface ConntrackInfo {
  readonly state?: Test<readonly State[]>;
  readonly protocol?: Test<number>;
  readonly addresses: Readonly<Partial<Record<AddressKey, Test<AddressMask>>>>;
  readonly ports: Readonly<Partial<Record<PortKey, Test<Range>>>>;
  readonly status?: Test<readonly Status[]>;
  readonly expire?: Test<Range>;
  readonly direction?: 'ORIGINAL' | 'REPLY';
}

const protocol: Value<number> = {
  words: 1,
  expected: 'a protocol name or a number 0..255',
  read: ([text = '']) => readNumber(text, 255) ?? protocolNumber(text),
};

const test = <T>(arg: Arg<T>): Test<T> => ({ invert: arg.invert, value: arg.value });

const listedSide = (key: AddressKey): Part => [
  new RegExp(`(?<n>! ?)?${key} (?<v>\\S+)`),
  ({ n, v = '' }, family) => [listedOption(key, listedAddress(v, family), n !== undefined)],
];

export const conntrack = lazily(() =>
  defineMatch({
    name: 'conntrack',
    support: DECIDED,
    conntrack: true,
    options: {
      ctstate: { value: setOf(CT_STATES, { abbreviated: true }), invert: true },
      ctproto: { value: protocol, invert: true },
      ctorigsrc: { value: hostMask, invert: true },
      ctorigdst: { value: hostMask, invert: true },
      ctreplsrc: { value: hostMask, invert: true },
      ctrepldst: { value: hostMask, invert: true },
      ctorigsrcport: { value: portRange, invert: true },
      ctorigdstport: { value: portRange, invert: true },
      ctreplsrcport: { value: portRange, invert: true },
      ctrepldstport: { value: portRange, invert: true },
      ctstatus: { value: setOf(STATUSES, { abbreviated: true }), invert: true },
      ctexpire: { value: range(MAX_U32), invert: true },
      ctdir: { value: oneOf({ ORIGINAL: 'ORIGINAL', REPLY: 'REPLY' } as const) },
    },
    oneOf: [['ctstate', 'ctproto', ...ADDRESSES, ...PORTS, 'ctstatus', 'ctexpire', 'ctdir']],
    listing: () =>
      listedParts([
        [/(?<n>! ?)?ctstate (?<v>\S+)/, 'ctstate'],
        [/(?<n>! ?)?ctproto (?<v>\S+)/, 'ctproto'],
        ...ADDRESSES.map(listedSide),
        ...PORTS.map((key): Part => [new RegExp(`(?<n>! ?)?${key} (?<v>\\S+)`), key]),
        [/(?<n>! ?)?ctstatus (?<v>\S+)/, 'ctstatus'],
        [/(?<n>! ?)?ctexpire (?<v>\S+)/, 'ctexpire'],
        [/ctdir (?<v>\S+)/, 'ctdir'],
      ]),
    build(args) {
      if (args.ctproto?.value === 0) return refuse('--ctproto 0 would match no connection');
      const addresses: Partial<Record<AddressKey, Test<AddressMask>>> = {};
      for (const key of ADDRESSES) if (args[key]) addresses[key] = test(args[key]);
      const ports: Partial<Record<PortKey, Test<Range>>> = {};
      for (const key of PORTS) if (args[key]) ports[key] = test(args[key]);
      const info: ConntrackInfo = {
        ...(args.ctstate ? { state: test(args.ctstate) } : {}),
        ...(args.ctproto ? { protocol: test(args.ctproto) } : {}),
        addresses,
        ports,
        ...(args.ctstatus ? { status: test(args.ctstatus) } : {}),
        ...(args.ctexpire ? { expire: test(args.ctexpire) } : {}),
        ...(args.ctdir ? { direction: args.ctdir.value } : {}),
      };
      return info;
    },
    print(info: ConntrackInfo) {
      const parts: string[] = [];
      const { state, protocol, status, expire } = info;
      if (state) parts.push(option('ctstate', state.invert, state.value.join(',')));
      if (protocol) parts.push(option('ctproto', protocol.invert, protocol.value));
      for (const key of ADDRESSES) {
        const address = info.addresses[key];
        if (address) parts.push(option(key, address.invert, formatHostMask(address.value)));
      }
      for (const key of PORTS) {
        const ports = info.ports[key];
        if (ports) parts.push(option(key, ports.invert, formatRange(ports.value)));
      }
      if (status) parts.push(option('ctstatus', status.invert, printStatus(status.value)));
      if (expire) parts.push(option('ctexpire', expire.invert, formatRange(expire.value)));
      if (info.direction) parts.push(`--ctdir ${info.direction}`);
      return parts;
    },
    match(info: ConntrackInfo, { skb }) {
      const ct = skb.conntrack;
      if (info.state && statesOf(ct).some((each) => info.state?.value.includes(each)) === info.state.invert) {
        return false;
      }
      const entry = connectionOf(ct);
      return ct && entry ? entryMatches(info, skb, ct, entry) : info.state !== undefined;
    },
  }),
);

function printStatus(statuses: readonly Status[]): string {
  const set = statuses.filter((each) => each !== 'NONE');
  return set.length === 0 ? 'NONE' : set.join(',');
}

/** A packet that conntrack hasn't seen (raw table) counts as INVALID. */
export function statesOf(ct: SkbConntrack | undefined): State[] {
  const entry = connectionOf(ct);
  if (!ct || !entry) return [ct?.state === 'UNTRACKED' ? 'UNTRACKED' : 'INVALID'];
  const states: State[] = [ct.state];
  if (entry.srcNat) states.push('SNAT');
  if (entry.dstNat) states.push('DNAT');
  return states;
}

function entryMatches(info: ConntrackInfo, skb: Skb, ct: SkbConntrack, entry: Nfct): boolean {
  if (info.direction && (info.direction === 'ORIGINAL') !== (ct.direction === 'original')) return false;
  const { protocol, status, expire } = info;
  if (protocol && (entry.original.protocol === protocol.value) === protocol.invert) return false;
  for (const key of ADDRESSES) {
    const address = info.addresses[key];
    if (address && hostMaskMatches(tupleOf(entry, key)[sideOf(key)], address.value) === address.invert)
      return false;
  }
  for (const key of PORTS) {
    const ports = info.ports[key];
    const tuple = tupleOf(entry, key);
    const port = sideOf(key) === 'source' ? tuple.sourcePort : tuple.destinationPort;
    if (ports && inRange(port, ports.value) === ports.invert) return false;
  }
  if (status && status.value.some((each) => hasStatus(entry, each)) === status.invert) return false;
  if (expire) {
    const left = entry.confirmed ? Math.max(0, Math.floor(entry.expires - skb.time)) : 0;
    if (inRange(left, expire.value) === expire.invert) return false;
  }
  return true;
}

function tupleOf(entry: Nfct, key: AddressKey | PortKey): Tuple {
  return key.startsWith('ctorig') ? entry.original : entry.reply;
}

function sideOf(key: AddressKey | PortKey): 'source' | 'destination' {
  return key.includes('src') ? 'source' : 'destination';
}

/** NONE has no bit, so it is never set. */
function hasStatus(entry: Nfct, status: Status): boolean {
  switch (status) {
    case 'EXPECTED':
      return entry.expected;
    case 'SEEN_REPLY':
      return entry.seenReply;
    case 'ASSURED':
      return entry.assured;
    case 'CONFIRMED':
      return entry.confirmed;
    case 'NONE':
      return false;
  }
}
