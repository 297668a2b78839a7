/** ip_dst_mtu_maybe_forward(), include/net/ip.h; ip6_dst_mtu_maybe_forward(), include/net/ip6_route.h. */
import type { Family } from '../net/ip.ts';
import { deviceOf, type Net } from './net.ts';
import type { Destination } from './run.ts';

/** What every IPv6 link carries (IPV6_MIN_MTU). */
const LEAST6 = 1280;

/** The route's own MTU counts before the device's; IPv6 takes the lesser of a device's two. */
export function mtuToward(net: Net, { out, mtu }: Destination, family: Family): number {
  const device = deviceOf(net, out);
  if (family === 4) return mtu ?? device.mtu;
  const own = net.conf(6, out, 'mtu');
  return Math.max(mtu ?? (own > 0 ? Math.min(own, device.mtu) : device.mtu), LEAST6);
}
