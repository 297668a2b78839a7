/** ipv6_parse_hopopts() and ip6_parse_tlv(), net/ipv6/exthdrs.c: the hop-by-hop options, which every node looks at before any chain. */
import type { Skb } from '../skb/skb.ts';

const HOP_BY_HOP = 0;
const HEADER = 40;
const [PAD1, PADN, ROUTER_ALERT, JUMBO] = [0, 1, 5, 194];
const MOST_PADDING = 7;
/** net.ipv6.max_hbh_opts_number */
const MOST_OPTIONS = 8;

export interface OptionFault {
  readonly text: string;
  /** What the sender is told (ICMPv6 4): where in the packet the trouble is. */
  readonly problem?: { readonly code: number; readonly pointer: number };
}

/** Why the packet is dropped; undefined when it isn't, or the capture doesn't show enough of it. */
export function hopOptionsFault({ family, bytes, length }: Skb): OptionFault | undefined {
  if (family !== 6 || bytes[6] !== HOP_BY_HOP) return undefined;
  const size = ((bytes[HEADER + 1] ?? 0) + 1) * 8;
  if (HEADER + size > length) return { text: 'the hop-by-hop options are longer than the packet' };
  const end = HEADER + size;
  if (end > bytes.length) return undefined;
  let padding = 0;
  let options = 0;
  for (let at = HEADER + 2; at < end; ) {
    const type = bytes[at] ?? 0;
    if (type === PAD1) {
      if (++padding > MOST_PADDING) return { text: 'too much padding among the hop-by-hop options' };
      at++;
      continue;
    }
    const whole = (bytes[at + 1] ?? 0) + 2;
    if (at + 2 > end || at + whole > end) return { text: 'a hop-by-hop option ends behind its header' };
    if (type === PADN) {
      padding += whole;
      if (padding > MOST_PADDING) return { text: 'too much padding among the hop-by-hop options' };
      if (bytes.subarray(at + 2, at + whole).some((byte) => byte !== 0)) {
        return { text: 'the padding of the hop-by-hop options is not zero' };
      }
    } else {
      padding = 0;
      if (++options > MOST_OPTIONS) return { text: `more than ${MOST_OPTIONS} hop-by-hop options` };
      const fault = optionFault(bytes, at, type, whole);
      if (fault) return fault;
    }
    at += whole;
  }
  return undefined;
}

/** The two highest bits of a type nobody knows say what to do with the packet: RFC 8200 section 4.2. */
function optionFault(bytes: Uint8Array, at: number, type: number, whole: number): OptionFault | undefined {
  if (type === ROUTER_ALERT) return whole === 4 ? undefined : { text: 'a router alert of a wrong length' };
  if (type === JUMBO) return { text: 'a jumbo payload option', problem: { code: 0, pointer: at } };
  const action = type >> 6;
  if (action === 0) return undefined;
  const text = `hop-by-hop option ${type} is not known`;
  const toGroup = (bytes[24] ?? 0) === 0xff;
  return action === 1 || (action === 3 && toGroup) ? { text } : { text, problem: { code: 2, pointer: at } };
}
