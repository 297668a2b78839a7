import { familyOf, formatIp, parseIp } from '../../net/ip.ts';
import { contains } from '../../net/prefix.ts';
import { type Case, type ModelDrop, netnsOf, sysctlOf } from '../case.ts';
import { sysctlEvidence } from '../evidence.ts';
import { gapCause } from '../gap-cause.ts';
import { nameOf, outInterface } from '../words.ts';

/** arp_process() and arp_fwd_proxy(), net/ipv4/arp.c */
export const proxyArpMissing = gapCause({
  id: 'proxy-arp-missing',
  from: ['neigh-failed', 'route-wrong-gateway'],
  title: 'The host is to answer ARP for a gateway that nobody has, and proxy ARP is off',
  severity: 'error',
  page: () => ({
    symptom: 'A routed container (Calico: gateway 169.254.1.1) has no network at all; "No route to host".',
    mechanism:
      'Routed containers have an address of their own alone and a gateway that exists nowhere. It works only because the host answers ARP for everything on that interface: proxy_arp of the host’s end (or of conf.all) is 1, forwarding is on, and its route to the gateway’s address leads elsewhere.',
    check: 'sysctl net.ipv4.conf.IFACE.proxy_arp (the host’s end); ip route in the container',
    proof:
      'Who-has for the gateway arrives on the host’s end of the pair and is not answered; proxy_arp is 0 there and in conf.all, and the host has a route to the container by that interface.',
    refutation: 'The host’s end answers; it is a port of a bridge; or the gateway is an address of the host.',
    settledBy: ["sysctl -a -r 'proxy_arp'", 'ip route show (host)'],
    repair:
      'Set proxy_arp to 1 on the host’s end; Calico’s Felix does so when it makes the interface, so something set it back.',
    references: [
      'net/ipv4/arp.c: arp_process(), arp_fwd_proxy()',
      'Documentation/networking/ip-sysctl.rst: proxy_arp',
      'RFC 1027',
    ],
  }),
  tell(kase, drop) {
    const place = hostEnd(kase, drop);
    if (!place) return undefined;
    const { namespace, device, gateway, route } = place;
    const sysctl = `net.ipv4.conf.${device}.proxy_arp`;
    const all = sysctlOf(kase, namespace, 'net.ipv4.conf.all.proxy_arp');
    const own = sysctlOf(kase, namespace, sysctl);
    if (Number(all?.value ?? 0) > 0 || Number(own?.value ?? 0) > 0) return undefined;
    const where = nameOf(kase, namespace);
    return {
      ...(own === undefined && { confidence: 0.5 }),
      title: `${where} does not answer ARP for ${gateway} on ${device}: proxy_arp ${own ? 'is 0' : 'was not dumped and is 0 by default'}`,
      explanation:
        `${nameOf(kase, drop.namespace)} sends everything to its gateway ${gateway}, which no machine has: ${where}, at the other end of the pair, is to answer for it by proxy ARP. ${where} has the route "${route.text}" to it, ` +
        `and ${sysctl} ${own ? 'is 0' : 'was not dumped'}, so it stays silent and not one packet is sent.`,
      namespace,
      interface: device,
      sysctl,
      evidence: [
        ...sysctlEvidence(kase, namespace, sysctl),
        { path: route.span.path, line: route.span.line, text: `${where}: ${route.text}` },
      ],
      fix: [{ namespace, text: `sysctl -w ${sysctl}=1` }],
    };
  },
});

/** The other end of the pair, when it routes to the asker and nobody has the gateway it is asked for. */
function hostEnd(kase: Case, drop: ModelDrop) {
  const device = outInterface(drop.trace);
  const gateway = drop.trace.hops.at(-1)?.nexthop;
  const target = gateway === undefined ? undefined : parseIp(gateway);
  const asker = netnsOf(kase, drop.namespace);
  const own = asker?.links?.find(({ name }) => name === device);
  const peer =
    device === undefined ? undefined : kase.topology.peerOf({ namespace: drop.namespace, name: device });
  const host = peer && netnsOf(kase, peer.namespace);
  const end = host?.links?.find(({ name }) => name === peer?.name);
  if (
    gateway === undefined ||
    typeof target !== 'number' ||
    !own ||
    !peer ||
    !end ||
    end.master !== undefined
  )
    return undefined;
  // A gateway in a subnet of the asker is a machine; one outside is a stand-in.
  const inSubnet = own.addresses.some(
    ({ address, length }) => familyOf(address) === 4 && length < 32 && contains({ address, length }, target),
  );
  if (inSubnet || !own.addresses.some(({ length, address }) => length === 32 && familyOf(address) === 4))
    return undefined;
  const route = host?.routes4?.routes.find(
    ({ destination, nexthops, type }) =>
      type === 'unicast' &&
      destination.length > 0 &&
      nexthops.some(({ dev }) => dev === end.name) &&
      own.addresses.some(({ address }) => familyOf(address) === 4 && contains(destination, address)),
  );
  return route && { namespace: peer.namespace, device: end.name, gateway: formatIp(target), route };
}
