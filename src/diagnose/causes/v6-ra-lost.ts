import type { RouterAdvertisement } from '../../correlate/advertisements.ts';
import { ownersOf } from '../../correlate/owner.ts';
import { formatIp } from '../../net/ip.ts';
import type { Netns } from '../../snapshot/snapshot.ts';
import { netnsOf, type Scene, sysctlOf } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { counterEvidence, seenAt, sysctlEvidence } from '../evidence.ts';
import { hasDefaultRoute, routesPath } from '../neighbourhood.ts';
import { nameOf } from '../words.ts';

/** ipv6_accept_ra(), include/net/ipv6.h; rt6_purge_dflt_routers(), net/ipv6/route.c, when forwarding is switched on. */
export const v6RaLost: Cause = {
  id: 'v6-ra-lost',
  title: 'Router advertisements are ignored, since the host forwards',
  severity: 'error',
  page: () => ({
    symptom:
      'The host itself loses its IPv6 default route, "Network is unreachable", minutes or at once after Docker with IPv6, or forwarding, was switched on.',
    mechanism:
      'A host takes its default route from router advertisements only while it is no router: with forwarding 1 and accept_ra 1 they are ignored, and the routes learned from them are deleted the moment forwarding is switched on. accept_ra 2 takes them all the same.',
    check:
      'sysctl net.ipv6.conf.IFACE.accept_ra net.ipv6.conf.IFACE.forwarding; ip -6 route (no default … proto ra)',
    proof:
      'Router advertisements arrive on the interface, its forwarding is 1 and its accept_ra 1, and there is no IPv6 default route.',
    refutation:
      'A default route (of whatever origin) is there; accept_ra is 2, or forwarding is 0; accept_ra is 0: then they are not wanted.',
    settledBy: ["sysctl -a -r 'net.ipv6.conf'", 'ip -6 route show'],
    repair:
      'Set accept_ra to 2 on the uplink, in /etc/sysctl.d before forwarding is set (the routes it has then stay); or give the host a static default route.',
    references: [
      'include/net/ipv6.h: ipv6_accept_ra()',
      'net/ipv6/addrconf.c: addrconf_fixup_forwarding()',
      'net/ipv6/route.c: rt6_purge_dflt_routers()',
      'Documentation/networking/ip-sysctl.rst: accept_ra',
      'docker/for-linux#844',
      'moby/moby#43466',
    ],
  }),
  survey(scene) {
    const seen = new Set<string>();
    return scene.correlation.advertisements.flatMap((one) => {
      const point = scene.correlation.points[one.point];
      const netns = point && netnsOf(scene, point.namespace);
      if (!point || !netns || ownersOf(scene.snapshot, one.router).some((owner) => owner.netns === netns))
        return [];
      const link = netns.links?.find(({ name }) => name === point.interface);
      const device = link?.master ?? link?.name;
      if (device === undefined || seen.has(`${netns.name} ${device}`)) return [];
      seen.add(`${netns.name} ${device}`);
      return ignored(scene, netns, device, one);
    });
  },
};

function ignored(
  scene: Scene,
  netns: Netns,
  device: string,
  { first, router, count }: RouterAdvertisement,
): Found[] {
  const conf = (name: string) => `net.ipv6.conf.${device}.${name}`;
  const forwarding = sysctlOf(scene, netns.name, conf('forwarding'));
  const accept = sysctlOf(scene, netns.name, conf('accept_ra'));
  // Without its settings or its routes nothing can be said: an interface that takes none of them is the usual case.
  if (hasDefaultRoute(netns, 6) !== false || forwarding?.value !== '1' || accept?.value !== '1') return [];
  const where = nameOf(scene, netns.name);
  const path = routesPath(netns, 6);
  return [
    {
      confidence: 0.9,
      title: `${where} ignores the router advertisements on ${device}: it forwards, and ${conf('accept_ra')} is 1`,
      explanation:
        `${formatIp(router)} offers itself as a router on ${device}, ${count} times while the capture ran, and ${where} has no IPv6 default route. Its forwarding is 1, and with accept_ra 1 a router ignores ` +
        'advertisements; what it had learned from them was deleted when forwarding was switched on. So nothing beyond its own links is reached by IPv6.',
      namespace: netns.name,
      interface: device,
      sysctl: conf('accept_ra'),
      status: 'no-reply',
      evidence: [
        seenAt(scene, first, `router advertisement of ${formatIp(router)} on ${device}, seen ${count} times`),
        ...sysctlEvidence(scene, netns.name, conf('forwarding')),
        ...sysctlEvidence(scene, netns.name, conf('accept_ra')),
        ...(path === undefined ? [] : [{ path, text: 'no IPv6 default route among its routes' }]),
        ...counterEvidence(
          scene,
          netns.name,
          'Icmp6InRouterAdvertisements',
          'router advertisements taken in',
        ),
      ],
      fix: [{ namespace: netns.name, text: `sysctl -w ${conf('accept_ra')}=2` }],
      effect: 'The route comes with the next advertisement.',
    },
  ];
}
