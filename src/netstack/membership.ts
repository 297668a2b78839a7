/** Multicast groups of an interface: ip_check_mc_rcu(), net/ipv4/igmp.c; ipv6_chk_mcast_addr(), net/ipv6/mcast.c. */
import type { Ip } from '../net/ip.ts';
import { deviceOf, type Net } from './net.ts';
import { LIMITED_BROADCAST } from './route.ts';

const ALL_HOSTS = 0xe0000001;

/** As far as it follows from addresses and settings: what programs joined shows in no dump that is read. */
export function isMember(net: Net, name: string, group: Ip): boolean {
  if (typeof group === 'number') return group === ALL_HOSTS || group === LIMITED_BROADCAST;
  const device = deviceOf(net, name);
  const scope = Number((group >> 112n) & 15n);
  const low = group & ((1n << 112n) - 1n);
  if (low === 1n && scope <= 2) return true;
  if (low === 2n) {
    const router = net.conf(6, name, 'forwarding') !== 0;
    return router && (scope === 1 || scope === 2 || scope === 5);
  }
  if (group >> 24n !== 0xff0200000000000000000001ffn) return false;
  const bits = group & 0xffffffn;
  const router = net.conf(6, name, 'forwarding') !== 0;
  return device.addresses.some(
    ({ address, length }) =>
      typeof address === 'bigint' &&
      ((address & 0xffffffn) === bits ||
        // The subnet-router anycast address of a router has its group too.
        (router &&
          length < 127 &&
          (((address >> BigInt(128 - length)) << BigInt(128 - length)) & 0xffffffn) === bits)),
  );
}
