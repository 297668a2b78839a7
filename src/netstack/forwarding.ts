/** Does a namespace route for others: IN_DEV_FORWARD, and what ip_error() makes of it. */
import type { FibFailed, FibFound } from './fib.ts';
import type { Net } from './net.ts';
import { drop, type RouteDrop } from './route.ts';

interface Forwarding {
  readonly off: boolean;
  readonly sysctl: string;
  /** The setting is not off for all, but for this interface. */
  readonly perInterface: boolean;
  readonly assumption?: string;
}

/** IN_DEV_FORWARD of the incoming interface; for IPv6 that of `all` alone counts, or the interface's force_forwarding. */
export function forwardingOf(net: Net, family: 4 | 6, dev: string): Forwarding {
  const all = family === 4 ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding';
  const own = `net.ipv4.conf.${dev.replaceAll('.', '/')}.forwarding`;
  const general = net.sysctl(all);
  const particular = family === 4 ? net.sysctl(own) : general;
  const decisive = particular ?? general;
  if (
    decisive === undefined ||
    (decisive.assumed !== undefined && (general?.assumed ?? undefined) !== undefined)
  ) {
    const atBoot = general?.assumed !== undefined && general.span !== undefined ? general : undefined;
    const off = atBoot ? Number(atBoot.value) === 0 : !routesForOthers(net, family);
    return {
      off,
      sysctl: all,
      perInterface: false,
      assumption: `${net.name}: ${all} was not dumped; taken as ${off ? 0 : 1}${atBoot ? `: ${atBoot.assumed}` : ''}`,
    };
  }
  // Since Linux 6.17 an interface can be let through while all others aren't.
  const forced =
    family === 6 &&
    Number(net.sysctl(`net.ipv6.conf.${dev.replaceAll('.', '/')}.force_forwarding`)?.value ?? 0) !== 0;
  const off = Number(decisive.value) === 0 && !forced;
  const perInterface = family === 4 && off && Number(general?.value ?? 0) !== 0;
  return { off, sysctl: perInterface ? own : all, perInterface };
}

/**
 * Without the setting: does the namespace look like a router? It has two links besides lo, or rules that serve one. Where a
 * session sets a machine up and says nothing of it, it is as the kernel begins: off.
 */
function routesForOthers(net: Net, family: 4 | 6): boolean {
  if (net.netns.partial) return false;
  const wired = [...net.devices.values()].filter(
    (device) => device.kind !== 'loopback' && device.bridge === undefined,
  );
  const tables = net.tables[family];
  return (
    wired.length > 1 ||
    tables.nat.POSTROUTING.some((base) => base.chain.rules.length > 0) ||
    tables.nat.PREROUTING.some((base) => base.chain.rules.length > 0)
  );
}

export function forwardingOff(
  net: Net,
  dev: string,
  forwarding: Forwarding,
  translated: boolean,
  result: FibFound | FibFailed,
): RouteDrop {
  const cause = forwarding.perInterface
    ? 'fwd-iface-forwarding-off'
    : translated
      ? 'fwd-ip-forward-off-dnat'
      : net.fib[4].family === 4 && forwarding.sysctl.startsWith('net.ipv6')
        ? 'v6-forwarding-off'
        : 'fwd-ip-forward-off';
  return drop('none', {
    cause,
    reason: 'IP_INADDRERRORS',
    text: `${forwarding.sysctl} is 0: ${net.name} forwards nothing that arrives on ${dev}`,
    sysctl: forwarding.sysctl,
    error: 'EHOSTUNREACH',
    route: result.kind === 'found' ? result.route : undefined,
  });
}
