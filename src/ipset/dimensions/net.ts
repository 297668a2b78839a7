/** A network of any prefix length: IP_SET_HASH_WITH_NETS, net/netfilter/ipset/ip_set_hash_gen.h. */
import type { Dimension } from '../dimension.ts';
import type { Part } from '../record.ts';
import { expectedAddress, masked, packetAddress, prefixesOf, printAddress, readAddress } from './address.ts';

export const net: Dimension = {
  name: 'net',
  expected: expectedAddress,
  read: readAddress,
  print: printAddress,
  ofPacket: (skb, direction) => packetAddress(skb, direction),
  key: (part) =>
    part.kind !== 'address'
      ? ''
      : typeof part.address === 'number'
        ? part.address * 64 + part.length
        : `${part.address}/${part.length}`,
  expand,
};

function* expand(part: Part): Generator<Part> {
  if (part.kind === 'range') yield* prefixesOf(part.first, part.last);
  else if (part.kind === 'address') yield { ...part, address: masked(part.address, part.length) };
}
