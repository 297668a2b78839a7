import type { Sighting } from '../../correlate/flow.ts';
import type { Route } from '../../dump/records.ts';
import { familyOf, formatIp, type Ip, parseIp } from '../../net/ip.ts';
import { contains, networkOf } from '../../net/prefix.ts';
import type { Netns } from '../../snapshot/snapshot.ts';
import { type Case, netnsOf, type Scene } from '../case.ts';
import type { Command } from '../cause.ts';
import { describeSighting, routeEvidence, routeTaken, seenAt } from '../evidence.ts';
import { gapCause } from '../gap-cause.ts';
import { gatewayOf } from '../neighbourhood.ts';
import { holdersOfMac } from '../shared-link.ts';
import { ipOf, nameOf, outInterface } from '../words.ts';
import { neighbourEvidence } from './neigh-failed.ts';

/** fib_table_lookup(): the longest prefix wins, whoever it was meant for. */
export const routeOverlapSubnet = gapCause({
  id: 'route-overlap-subnet',
  from: ['neigh-failed'],
  title: 'The subnet of a bridge covers a network that is elsewhere',
  severity: 'error',
  page: () => ({
    symptom:
      'One remote network, often behind a VPN, can’t be reached from the host or its containers; clients from there can’t reach a published port, everybody else can.',
    mechanism:
      'A bridge’s address makes a connected route for its whole subnet. Where the same addresses are used elsewhere, that route is the longest match, so packets for the far machine are looked for on the bridge: by ARP, which nobody answers.',
    check:
      'ip route get ADDRESS (dev is the bridge); docker network inspect (subnets); ip route (two routes that cover it)',
    proof:
      'Packets of the far address come in by another interface, while who-has for it is asked on the bridge and never answered.',
    refutation:
      'Somebody on the bridge answers for the address; or it has never been seen by another interface and no other route covers it.',
    settledBy: ['ip route show table all', 'ip route get ADDRESS', 'docker network inspect'],
    repair:
      'Give the bridge a subnet that is used nowhere else (default-address-pools or bip in daemon.json, docker network create --subnet). Until then a longer route for the far network, on the host and in the containers.',
    references: [
      'net/ipv4/fib_trie.c: fib_table_lookup()',
      'dockerd(8): --default-address-pool, --bip',
      'moby/moby#21776',
      'docker/for-linux#599',
    ],
  }),
  tell(kase, drop) {
    const address = drop.trace.hops.at(-1)?.nexthop;
    const target = address === undefined ? undefined : parseIp(address);
    if (target === undefined || address !== drop.trace.final.destination) return undefined;
    const netns = netnsOf(kase, drop.namespace);
    const device = outInterface(drop.trace);
    const far = cameIn(kase, target) ?? cameRouted(kase, netns, target);
    if (!netns || !far) return undefined;
    const { seen, namespace, device: by } = far;
    if (namespace === netns.name && by === device) return undefined;
    const where = nameOf(kase, netns.name);
    const taken = routeTaken(drop.trace);
    const what = drop.direction === 'forward' ? 'the request' : 'the answer';
    const place = by === undefined ? nameOf(kase, namespace) : `${by} of ${nameOf(kase, namespace)}`;
    return {
      title: `${where} looks for ${address} on ${device}, and ${address} is behind ${place}`,
      explanation:
        `${address} lies in the subnet that ${where} has on ${device} (${taken ?? 'a connected route'}), so ${what} is not routed but looked for on that link by ARP, and nobody there has the address. ` +
        `The machine with that address is elsewhere: its packets come in by ${place}. Two networks use the same addresses.`,
      ...(device !== undefined && { interface: device }),
      ...(taken !== undefined && { route: taken }),
      evidence: [
        seenAt(kase, seen, `${describeSighting(seen)} comes in by ${place}`),
        ...routeEvidence(drop.trace),
        ...neighbourEvidence(kase, drop, address),
      ],
      fix: detour(kase, netns, target, far),
      effect: `For good: give the bridge a subnet that is used nowhere else; this leads around it for ${address} alone.`,
    };
  },
});

interface Entry {
  readonly seen: Sighting;
  readonly namespace: string;
  /** Not known when only the router it came by is. */
  readonly device?: string;
}

/** A packet of that address in a frame of another machine on the link, which forwarded it. */
function cameRouted(kase: Case, netns: Netns | undefined, address: Ip): Entry | undefined {
  for (const { forward, point } of kase.flow.legs) {
    const seen = forward.kept[0];
    const place = kase.correlation.points[point];
    if (seen?.source !== address || seen.etherSource === undefined || place?.namespace !== netns?.name)
      continue;
    const own = netns?.links?.find(({ name }) => name === place?.interface);
    const [router] = holdersOfMac(kase, seen.etherSource).filter((holder) => holder.link !== own);
    if (router && router.netns !== netns) return { seen, namespace: router.netns.name };
  }
  return undefined;
}

/** A packet of that address that came into the known world by an interface with nobody known behind it, of a host that has its subnet elsewhere. */
function cameIn(kase: Scene, address: Ip): Entry | undefined {
  for (const flow of kase.correlation.flows) {
    if (flow.client.address !== address) continue;
    const leg = flow.legs.find(({ forward }) => forward.packets > 0);
    const point = leg && kase.correlation.points[leg.point];
    const seen = leg?.forward.kept[0];
    const netns = point && netnsOf(kase, point.namespace);
    const link = netns?.links?.find(({ name }) => name === point?.interface);
    if (!seen || !netns || !link || seen.source !== address || seen.crossing === 'out') continue;
    if (link.kind === 'bridge' || link.master !== undefined) continue;
    // The subnet that covers it is on another interface than the one it came by.
    const connected = (candidate: { address: Ip; length: number }) =>
      familyOf(candidate.address) === familyOf(address) &&
      candidate.length < (familyOf(address) === 4 ? 32 : 128) &&
      contains(networkOf(candidate.address, candidate.length), address);
    if (link.addresses.some(connected)) continue;
    if (!netns.links?.some((other) => other.name !== link.name && other.addresses.some(connected))) continue;
    return { seen, namespace: netns.name, device: link.name };
  }
  return undefined;
}

/** Longer routes for this one address: to the router, and there to where its packets come from. */
function detour(kase: Case, netns: Netns, target: Ip, far: Entry): Command[] {
  const full = `${formatIp(target)}/${familyOf(target) === 4 ? 32 : 128}`;
  const router = netnsOf(kase, far.namespace);
  const wider = ((familyOf(target) === 4 ? router?.routes4 : router?.routes6)?.routes ?? [])
    .filter(
      (route) =>
        route.type === 'unicast' && leadsTo(route, far.device) && contains(route.destination, target),
    )
    .toSorted((left, right) => right.destination.length - left.destination.length)[0];
  const via = wider?.nexthops.find(({ gateway }) => gateway !== undefined)?.gateway;
  const device = far.device ?? wider?.nexthops[0]?.dev;
  if (device === undefined) return [];
  const ip = ipOf(kase);
  const commands: Command[] = [];
  if (netns.name !== far.namespace) {
    const gateway = gatewayOf(kase, netns, familyOf(target));
    if (!gateway) return [];
    commands.push({
      namespace: netns.name,
      text: `${ip} route add ${full} via ${formatIp(gateway.address)}`,
    });
  }
  const hop = via === undefined ? `dev ${device}` : `via ${formatIp(via)} dev ${device}`;
  commands.push({ namespace: far.namespace, text: `${ip} route add ${full} ${hop}` });
  return commands;
}

/** By that interface; where it isn't known, by a gateway: what is on a link of its own is the overlap itself. */
function leadsTo(route: Route, device: string | undefined): boolean {
  return route.nexthops.some(({ dev, gateway }) =>
    device === undefined ? gateway !== undefined : dev === device,
  );
}
