/** inet_peer_xrlim_allow() and ip_rt_send_redirect(), net/ipv4: how many ICMP messages a receiver gets. */

import type { Ip } from '../net/ip.ts';
import { ipKey } from '../net/ip-key.ts';
import { type IcmpPeer, isLocalAddress, type Net } from './net.ts';

/** Messages that may be sent at once (XRLIM_BURST_FACTOR). */
const BURST = 6;
/** ip_rt_error_burst over ip_rt_error_cost. */
const ERROR_BURST = 5;
/** ip_rt_redirect_number, _load and _silence, in seconds. */
const MOST_REDIRECTS = 9;
const REDIRECT_LOAD = 0.02;
const REDIRECT_SILENCE = 20.48;

function peerOf(net: Net, to: Ip, now: number): IcmpPeer {
  const known = net.icmpPeers.get(ipKey(to));
  if (known) return known;
  const peer: IcmpPeer = { tokens: 0, last: now - 60, redirects: 0 };
  net.icmpPeers.set(ipKey(to), peer);
  return peer;
}

/** icmpv4_xrlim_allow(): takes a token when it may go. */
export function mayAnswer(net: Net, to: Ip, type: number, now: number): boolean {
  if (isLocalAddress(net, to)) return true;
  const v4 = typeof to === 'number';
  const name = v4 ? 'net.ipv4.icmp_ratelimit' : 'net.ipv6.icmp.ratelimit';
  const interval = Number(net.sysctl(name)?.value ?? 1000) / 1000;
  const mask = Number(net.sysctl('net.ipv4.icmp_ratemask')?.value ?? 6168);
  const limited = v4 ? type <= 31 && (mask >>> type) % 2 === 1 : type < 128 && type !== 2;
  if (!limited || (interval <= 0 && !v4)) return true;
  const peer = peerOf(net, to, now);
  // Without a limit (0) the bucket has no room either: what ip_error() could have taken from it is gone.
  peer.tokens = Math.min(peer.tokens + net.elapsed(peer.last, now), BURST * interval);
  peer.last = now;
  if (peer.tokens < interval) return false;
  peer.tokens -= interval;
  return true;
}

/** ip_error(): refusals by the routing table have a limit of their own, out of the same tokens. */
export function mayRefuse(net: Net, to: Ip, now: number): boolean {
  const peer = peerOf(net, to, now);
  peer.tokens = Math.min(peer.tokens + net.elapsed(peer.last, now), ERROR_BURST);
  peer.last = now;
  if (peer.tokens < 1) return false;
  peer.tokens -= 1;
  return true;
}

/**
 * The pause between redirects doubles; a receiver that doesn't listen gets no more. The first one takes all the tokens that
 * refusals are paid with.
 */
export function mayRedirect(net: Net, to: Ip, now: number): boolean {
  const peer = peerOf(net, to, now);
  if (net.elapsed(peer.last, now) > REDIRECT_SILENCE) {
    peer.tokens = 0;
    peer.redirects = 0;
  }
  if (peer.redirects >= MOST_REDIRECTS) {
    peer.last = now;
    return false;
  }
  const pause = REDIRECT_LOAD * 2 ** peer.redirects;
  if (peer.redirects > 0 && net.elapsed(peer.last, now) <= pause) return false;
  peer.last = now;
  peer.redirects++;
  return true;
}
