/** What `ip -br` and `ip -o addr` leave out, as far as what they print tells it: print_link_brief() and print_addrinfo_brief(), ip/ipaddress.c. */
import { type Family, familyOf, type Ip } from '../net/ip.ts';
import type { LinkDraft } from './link-record.ts';
import type { InterfaceAddress } from './records.ts';

/**
 * The kernel calls a device that isn't up DOWN, whatever else it is (rtnl_fill_ifinfo(), net/core/rtnetlink.c), so any other state
 * is up. DOWN may be one that is up and has no carrier, as a bridge without ports: it is taken for that, and counts as assumed.
 */
export function takeState(link: LinkDraft, state: string): void {
  link.operstate = state;
  const loopback = link.name === 'lo' ? ['LOOPBACK'] : [];
  if (state === 'DOWN' || state === 'LOWERLAYERDOWN') link.flags = [...loopback, 'NO-CARRIER', 'UP'];
  else link.flags = [...loopback, 'UP', 'LOWER_UP'];
  if (state === 'DOWN') link.inferred = true;
}

/** An address of which only the length is known: its scope by what it is, secondary as the kernel makes it (inet_insert_ifa()). */
export function briefAddress(
  address: Ip,
  length: number,
  before: readonly InterfaceAddress[],
  span: InterfaceAddress['span'],
): InterfaceAddress {
  const family = familyOf(address);
  const network = prefixOf(address, length, family);
  const secondary =
    family === 4 &&
    before.some(
      (other) =>
        typeof other.address === 'number' &&
        other.length === length &&
        prefixOf(other.address, length, 4) === network,
    );
  return { address, length, scope: scopeOf(address), secondary, flags: [], span };
}

function prefixOf(address: Ip, length: number, family: Family): bigint {
  return BigInt(address) >> BigInt((family === 4 ? 32 : 128) - length);
}

function scopeOf(address: Ip): string {
  if (typeof address === 'number') return address >>> 24 === 127 ? 'host' : 'global';
  if (address === 1n) return 'host';
  return address >> 118n === 0x3fan ? 'link' : 'global';
}
