/** Which of its IPv4 addresses a host uses: inet_select_addr(), net/ipv4/devinet.c; fib_result_prefsrc(). */
import type { InterfaceAddress } from '../dump/records.ts';
import type { Ip } from '../net/ip.ts';
import { contains, networkOf } from '../net/prefix.ts';
import type { FibFound } from './fib.ts';
import { deviceOf, type Net } from './net.ts';
import { SCOPE, scopeNumber } from './scope.ts';
import { selectAddress6 } from './source-address6.ts';

type Own = InterfaceAddress & { readonly address: number };

/** `toward`: an address whose subnet is preferred (the gateway). `scope`: the narrowest that is allowed. */
export function selectAddress4(
  net: Net,
  device: string,
  toward: Ip | undefined,
  scope: number = SCOPE.universe,
): number | undefined {
  const narrowest = net.confMax(4, device, 'route_localnet') !== 0 ? SCOPE.link : SCOPE.host;
  const own = deviceOf(net, device).addresses.filter(
    (entry): entry is Own =>
      typeof entry.address === 'number' &&
      !entry.secondary &&
      Math.min(scopeNumber(entry.scope), narrowest) <= scope,
  );
  const near = own.find(
    (entry) => toward !== undefined && contains(networkOf(entry.peer ?? entry.address, entry.length), toward),
  );
  const found = near ?? own[0];
  if (found) return found.address;
  for (const other of net.devices.values()) {
    const entry = other.addresses.find(
      (each) =>
        typeof each.address === 'number' &&
        !each.secondary &&
        scopeNumber(each.scope) !== SCOPE.link &&
        scopeNumber(each.scope) <= scope,
    );
    if (entry && typeof entry.address === 'number') return entry.address;
  }
  return undefined;
}

/** Source of a locally sent packet that a route was found for: the destination itself does not matter to IPv4. */
export function preferredSource(net: Net, found: FibFound, destination: Ip, device: string): Ip | undefined {
  const { route, nexthop } = found;
  if (route.prefsrc !== undefined) return route.prefsrc;
  if (typeof destination === 'bigint') return selectAddress6(net, device, destination);
  const toward = typeof nexthop.gateway === 'number' ? nexthop.gateway : undefined;
  return selectAddress4(net, device, toward, scopeNumber(route.scope));
}
