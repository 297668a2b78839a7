/** ip6_parse_tlv(), net/ipv6/exthdrs.c: the options of a hop-by-hop or a destination options header. */
import type { Skb } from '../skb/skb.ts';

const HOP_BY_HOP = 0;
const HEADER = 40;
const [PAD1, PADN, ROUTER_ALERT, JUMBO] = [0, 1, 5, 194];
const MOST_PADDING = 7;
/** net.ipv6.max_hbh_opts_number, max_dst_opts_number */
const MOST_OPTIONS = 8;

export interface OptionFault {
  readonly text: string;
  /** What the sender is told (ICMPv6 4): where in the packet the trouble is. */
  readonly problem?: { readonly code: number; readonly pointer: number };
}

/** ipv6_parse_hopopts(): every node looks at them before any chain. Undefined when they are fine, or there are none. */
export function hopOptionsFault(skb: Skb): OptionFault | undefined {
  if (skb.family !== 6 || skb.bytes[6] !== HOP_BY_HOP) return undefined;
  return optionsFault(skb, HEADER, 'hop-by-hop');
}

/** Why a packet is dropped for the options at `start`; undefined when it isn't, or the capture doesn't show enough of it. */
export function optionsFault(
  { bytes, length }: Skb,
  start: number,
  kind: 'hop-by-hop' | 'destination',
): OptionFault | undefined {
  const size = ((bytes[start + 1] ?? 0) + 1) * 8;
  const end = start + size;
  if (end > length) return { text: `the ${kind} options are longer than the packet` };
  if (end > bytes.length) return undefined;
  let padding = 0;
  let options = 0;
  for (let at = start + 2; at < end; ) {
    const type = bytes[at] ?? 0;
    if (type === PAD1) {
      if (++padding > MOST_PADDING) return { text: `too much padding among the ${kind} options` };
      at++;
      continue;
    }
    const whole = (bytes[at + 1] ?? 0) + 2;
    if (at + 2 > end || at + whole > end) return { text: `a ${kind} option ends behind its header` };
    if (type === PADN) {
      padding += whole;
      if (padding > MOST_PADDING) return { text: `too much padding among the ${kind} options` };
      if (bytes.subarray(at + 2, at + whole).some((byte) => byte !== 0)) {
        return { text: `the padding of the ${kind} options is not zero` };
      }
    } else {
      padding = 0;
      if (++options > MOST_OPTIONS) return { text: `more than ${MOST_OPTIONS} ${kind} options` };
      const fault =
        kind === 'hop-by-hop' ? hopOptionFault(bytes, at, type, whole) : unknownFault(bytes, at, type, kind);
      if (fault) return fault;
    }
    at += whole;
  }
  return undefined;
}

function hopOptionFault(bytes: Uint8Array, at: number, type: number, whole: number): OptionFault | undefined {
  if (type === ROUTER_ALERT) return whole === 4 ? undefined : { text: 'a router alert of a wrong length' };
  if (type === JUMBO) return { text: 'a jumbo payload option', problem: { code: 0, pointer: at } };
  return unknownFault(bytes, at, type, 'hop-by-hop');
}

/** The two highest bits of a type nobody knows say what to do with the packet: RFC 8200 section 4.2. */
function unknownFault(bytes: Uint8Array, at: number, type: number, kind: string): OptionFault | undefined {
  const action = type >> 6;
  if (action === 0) return undefined;
  const text = `${kind} option ${type} is not known`;
  const toGroup = (bytes[24] ?? 0) === 0xff;
  return action === 1 || (action === 3 && toGroup) ? { text } : { text, problem: { code: 2, pointer: at } };
}
