import type { Route } from '../../dump/records.ts';
import { type Case, type ModelDrop, netnsOf } from '../case.ts';
import { routeEvidence, routeTaken } from '../evidence.ts';
import { gapCause } from '../gap-cause.ts';
import { ipOf, nameOf, outInterface } from '../words.ts';
import { neighbourEvidence } from './neigh-failed.ts';

/** fib_table_lookup(), net/ipv4/fib_trie.c: of two default routes the one with the lower metric wins, whether anybody is there or not. */
export const mgrHostRouteGrab = gapCause({
  id: 'mgr-host-route-grab',
  from: ['neigh-failed', 'route-wrong-gateway'],
  title: 'A default route leads to a bridge or veth device',
  severity: 'error',
  page: () => ({
    symptom: 'The host, its containers or both lose the internet as soon as a container starts.',
    mechanism:
      'A network manager or DHCP client (systemd-networkd, dhcpcd, NetworkManager) that watches every interface configures a container’s bridge or veth too. A default route it puts there with a lower metric takes all traffic, and ARP for far addresses is asked where nobody answers.',
    check: 'ip route (default … dev docker0/br-…/veth…); networkctl list (configuring); nmcli device',
    proof:
      'Who-has for addresses of the internet on the bridge or veth, never answered; "ip route" has a default route by that device, before the one by the uplink.',
    refutation:
      'The default route in use leads by the uplink; or somebody on the bridge answers as a router.',
    settledBy: ['ip route show', 'networkctl list', 'nmcli device status'],
    repair:
      'Delete that route, and tell the manager to leave such devices alone: Unmanaged=yes for docker*, br-* and veth* (networkd), denyinterfaces veth* (dhcpcd), unmanaged-devices (NetworkManager).',
    references: [
      'net/ipv4/fib_trie.c: fib_table_lookup() (of one prefix the route with the lowest metric)',
      'systemd.network(5): Unmanaged=',
      'dhcpcd.conf(5): denyinterfaces',
      'systemd/systemd#28626',
      'moby/moby#23407',
    ],
  }),
  tell(kase, drop) {
    const grabbed = grabbedBy(kase, drop);
    if (!grabbed) return undefined;
    const { route, other, device } = grabbed;
    const where = nameOf(kase, drop.namespace);
    const address = drop.trace.hops.at(-1)?.nexthop ?? drop.trace.final.destination;
    const metric = route.metric > 0 ? ` metric ${route.metric}` : '';
    return {
      title: `${where}’s default route leads to ${device}, where containers are, and not to the uplink`,
      explanation:
        `The route "${route.text}" is the better one of two default routes, so ${drop.trace.final.destination} is looked for on ${device}: by ARP for ${address}, which nobody there answers. ` +
        `The other one, "${other.text}", is not used. A default route on a bridge or veth is what a network manager leaves that takes it for an uplink.`,
      interface: device,
      route: route.text,
      evidence: [
        ...routeEvidence(drop.trace),
        { path: other.span.path, line: other.span.line, text: `not used: ${other.text}` },
        ...neighbourEvidence(kase, drop, address),
      ],
      fix: [{ namespace: drop.namespace, text: `${ipOf(kase)} route del default dev ${device}${metric}` }],
      effect: `It comes back unless ${device} is taken out of the manager’s hands.`,
    };
  },
});

const CONTAINERS = /^(docker|br-|veth|podman|cni|virbr|lxdbr|lxcbr|cali|vnet|tap)/;

/** The default route that was taken, if it leads to a bridge or veth and another leads by an interface that is neither. */
function grabbedBy(kase: Case, drop: ModelDrop): { route: Route; other: Route; device: string } | undefined {
  const netns = netnsOf(kase, drop.namespace);
  const device = outInterface(drop.trace);
  const routes = (kase.flow.family === 4 ? netns?.routes4 : netns?.routes6)?.routes ?? [];
  const defaults = routes.filter(({ destination, type }) => destination.length === 0 && type === 'unicast');
  const byContainers = (name: string | undefined) => {
    const link = netns?.links?.find((candidate) => candidate.name === name);
    const hasPorts = netns?.links?.some(({ master }) => master === name) ?? false;
    return link?.kind === 'bridge' || hasPorts || (name !== undefined && CONTAINERS.test(name));
  };
  if (!routeTaken(drop.trace)?.startsWith('default')) return undefined;
  const route = defaults.find((candidate) => candidate.nexthops.every(({ dev }) => dev === device));
  const other = defaults.find(({ nexthops }) =>
    nexthops.every(({ dev, gateway }) => gateway !== undefined && dev !== device && !byContainers(dev)),
  );
  return route && other && device !== undefined && byContainers(device)
    ? { route, other, device }
    : undefined;
}
