/** The packet's fwmark under the set's markmask: hash_ipmark4_kadt(), net/netfilter/ipset/ip_set_hash_ipmark.c. */
import { readNumber } from '../../xtables/values/number.ts';
import type { Dimension } from '../dimension.ts';
import type { SetHeader } from '../record.ts';

const MAX_U32 = 0xffffffff;
const under = (mark: number, { markmask = MAX_U32 }: SetHeader) => (mark & markmask) >>> 0;

export const mark: Dimension = {
  name: 'mark',
  expected: () => 'a mark, 0..4294967295 or hexadecimal',
  read(text) {
    const number = readNumber(text, MAX_U32);
    return number === undefined ? undefined : { kind: 'mark', mark: number };
  },
  print: (part) => (part.kind === 'mark' ? `0x${part.mark.toString(16).padStart(8, '0')}` : ''),
  ofPacket: (skb, _, header) => ({ kind: 'mark', mark: under(skb.mark, header) }),
  key: (part) => (part.kind === 'mark' ? String(part.mark) : ''),
  *expand(part, header) {
    if (part.kind === 'mark') yield { kind: 'mark', mark: under(part.mark, header) };
  },
};
