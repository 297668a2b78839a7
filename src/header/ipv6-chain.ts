import { type Fault, shortOf } from './fault.ts';
import { IPV6_LENGTH, type Ipv6 } from './ipv6.ts';

/** ipv6_skip_exthdr(), net/ipv6/exthdrs_core.c, and RFC 8200 section 4: the headers between IPv6 and the upper layer. */
const HOPOPT = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AH = 51;
const NONXT = 59;
const DSTOPTS = 60;
const JUMBO_OPTION = 0xc2;

export interface Ipv6Header {
  readonly protocol: number;
  readonly offset: number;
  readonly length: number;
}

export interface Ipv6Chain {
  /** Upper-layer protocol; 59 when there is none. Behind a non-first fragment header, what that header says. */
  protocol: number;
  /** Where the upper layer begins; -1 when it is not to be read here (non-first fragment, cut short, no next header). */
  transport: number;
  /** First byte behind the headers walked, also when the upper layer can't be read. */
  end: number;
  fragment: boolean;
  id: number;
  fragmentOffset: number;
  moreFragments: boolean;
  /** The jumbo payload option's length (RFC 2675), 0 when there is none. */
  jumbo: number;
  fault?: Fault | undefined;
  /** The extension headers, in order. */
  readonly headers: Ipv6Header[];
}

/** Walks to the upper layer within the bytes before `end`; every header is at least eight bytes, so time is linear in them. */
export function walkIpv6(ip: Ipv6, end: number): Ipv6Chain {
  const view = ip.view;
  const chain: Ipv6Chain = {
    protocol: ip.nextHeader,
    transport: -1,
    end: ip.offset + IPV6_LENGTH,
    fragment: false,
    id: 0,
    fragmentOffset: 0,
    moreFragments: false,
    jumbo: 0,
    headers: [],
  };
  for (;;) {
    const at = chain.end;
    const kind = chain.protocol;
    if (kind === NONXT) return chain;
    if (kind !== HOPOPT && kind !== ROUTING && kind !== FRAGMENT && kind !== AH && kind !== DSTOPTS) {
      chain.transport = at;
      return chain;
    }
    if (at + 8 > end) {
      chain.fault = shortOf('IPv6 extension header', 8, at, end);
      return chain;
    }
    const units = view.getUint8(at + 1);
    const length = kind === FRAGMENT ? 8 : kind === AH ? (units + 2) * 4 : (units + 1) * 8;
    if (at + length > end) {
      chain.fault = shortOf(`IPv6 extension header ${kind}`, length, at, end);
      return chain;
    }
    chain.headers.push({ protocol: kind, offset: at, length });
    if (kind === HOPOPT) chain.jumbo = jumboOf(view, at + 2, at + length);
    chain.protocol = view.getUint8(at);
    chain.end = at + length;
    if (kind === FRAGMENT) {
      const word = view.getUint16(at + 2);
      chain.fragment = true;
      chain.fragmentOffset = word & 0xfff8;
      chain.moreFragments = (word & 1) !== 0;
      chain.id = view.getUint32(at + 4);
      if (chain.fragmentOffset > 0) return chain;
    }
  }
}

function jumboOf(view: DataView, start: number, end: number): number {
  let at = start;
  while (at + 1 < end) {
    const type = view.getUint8(at);
    if (type === 0) {
      at++;
      continue;
    }
    const length = view.getUint8(at + 1);
    if (type === JUMBO_OPTION && length === 4 && at + 6 <= end) return view.getUint32(at + 2);
    at += 2 + length;
  }
  return 0;
}
