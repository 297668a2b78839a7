import { ownersOf } from '../../correlate/owner.ts';
import { parseIp } from '../../net/ip.ts';
import { netnsOf } from '../case.ts';
import { gapCause } from '../gap-cause.ts';
import { nameOf, outInterface } from '../words.ts';

/** macvlan_handle_frame() and macvlan_queue_xmit(), drivers/net/macvlan.c */
export const macvlanHostIsolation = gapCause({
  id: 'macvlan-host-isolation',
  title: 'A host does not reach its own macvlan containers',
  severity: 'error',
  page: () => ({
    symptom:
      'Everybody on the LAN reaches the container, only its own host doesn’t, and it doesn’t reach its host.',
    mechanism:
      'A macvlan device sits on its parent, below IP: what comes in from the wire is given to it by MAC address, what the parent itself sends goes to the wire and nowhere else. Switches don’t send a frame back by the port it came from, so parent and child never meet.',
    check:
      'ip -d link in the container (macvlan); its parent (@ifN) is the interface that has the host’s address',
    proof:
      'The host’s who-has for the container is on the parent and on the wire, and not on the macvlan device, whose address it is; others on the LAN are answered.',
    refutation:
      'The device is not on top of the interface the host sends by; or the host has a macvlan device of its own in bridge mode there, and a route by it.',
    settledBy: ['ip -d link show (in the container)', 'docker network inspect (driver, parent)'],
    repair:
      'Give the host a macvlan device of its own in bridge mode on the same parent, and a route to the container by it; or use a bridge.',
    references: [
      'drivers/net/macvlan.c: macvlan_handle_frame(), macvlan_queue_xmit()',
      'moby/libnetwork#1915',
      'moby/moby#21735',
      'docker/docs#10751',
    ],
  }),
  tell(kase, drop) {
    const address = drop.trace.hops.at(-1)?.nexthop ?? drop.trace.final.destination;
    const target = parseIp(address);
    const device = outInterface(drop.trace);
    const child = (target === undefined ? [] : ownersOf(kase.snapshot, target)).find(
      ({ netns, link }) => link.kind === 'macvlan' && netns.name !== drop.namespace,
    );
    const parent = netnsOf(kase, drop.namespace)?.links?.find(({ name }) => name === device);
    if (!child || !parent || device === undefined) return undefined;
    const where = nameOf(kase, drop.namespace);
    const mode = typeof child.link.kindData?.mode === 'string' ? ` (mode ${child.link.kindData.mode})` : '';
    const own = parent.addresses.find(
      ({ address: ip, scope }) => typeof ip === typeof target && scope === 'global',
    );
    return {
      title: `${where} can’t reach ${address}: it is on a macvlan device on top of ${where}’s own ${device}`,
      explanation:
        `${child.link.name} of ${nameOf(kase, child.netns.name)} is a macvlan device${mode} on top of ${device}. What ${where} itself sends by ${device} goes out to the wire and is never given to such devices, so its ` +
        `who-has for ${address} is not heard there; machines on the LAN are.`,
      interface: device,
      evidence: [
        {
          path: child.link.span.path,
          line: child.link.span.line,
          text: `${child.link.name} of ${nameOf(kase, child.netns.name)}: macvlan on ${device}, ${address}`,
        },
        ...(own
          ? [{ path: own.span.path, line: own.span.line, text: `${device} has ${where}’s own address` }]
          : []),
      ],
      fix: [],
      effect: `On ${where}: ip link add shim0 link ${device} type macvlan mode bridge; ip link set shim0 up; ip route add ${address}/32 dev shim0. Or put the container on a bridge.`,
    };
  },
});
