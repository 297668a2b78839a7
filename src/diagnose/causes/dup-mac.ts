import type { Sighting } from '../../correlate/flow.ts';
import { formatIp, type Ip } from '../../net/ip.ts';
import { formatMac, type Mac } from '../../net/mac.ts';
import { type Case, netnsOf, type Scene } from '../case.ts';
import type { Cause, Command, Found } from '../cause.ts';
import { describeSighting, seenAt } from '../evidence.ts';
import type { Evidence } from '../finding.ts';
import { type Holder, holdersOfAddress, holdersOfMac, linkKeys, shareBridge } from '../shared-link.ts';
import { nameOf } from '../words.ts';

/** br_fdb_update(), net/bridge/br_fdb.c: an address is behind the port it was last seen on. */
export const dupMac: Cause = {
  id: 'dup-mac',
  title: 'Two machines on one bridge have the same MAC address',
  severity: 'error',
  page: () => ({
    symptom:
      'One of two containers or VMs is dead most of the time; its own requests go out, and now and then it works for a moment.',
    mechanism:
      'A bridge sends frames for a MAC address to the port where it last saw that address as a source. With one address on two machines that is the port of the one that spoke last: the other’s frames go there, and are packets for somebody else’s IP address: dropped, unless that machine forwards.',
    check: 'ip link in both namespaces; bridge fdb show (the address moves from port to port)',
    proof:
      'Two namespaces on one bridge have a device with the same MAC address, and packets for the one are seen on the port of the other.',
    refutation:
      'The two are on different bridges; or they are one machine’s (VLANs, bonds and macvlan in passthru mode share an address with their lower device); or a VRRP address (00:00:5e:00:01:…).',
    settledBy: ['ip link show (in every namespace on that bridge)', 'bridge fdb show'],
    repair:
      'Give one of the two another MAC address: delete mac_address from the compose file, or let the hypervisor make a new one for the clone.',
    references: ['net/bridge/br_fdb.c: br_fdb_update()', 'moby/moby#47211', 'moby/moby#48082', 'lxc/lxc#604'],
  }),
  find(kase) {
    if (kase.outcome.status === 'delivered' || kase.hypothetical) return undefined;
    const ends = kase.flow.legs.flatMap(({ server, client }) => [server.address, client.address]);
    for (const address of new Set([kase.flow.server.address, ...ends, kase.flow.client.address])) {
      const pair = pairOf(kase, address);
      if (pair) return told(kase, pair, strayed(kase, pair, address));
    }
    return undefined;
  },
  survey(scene) {
    const found = new Map<Mac, Found>();
    for (const netns of scene.snapshot.namespaces.values()) {
      for (const link of netns.links ?? []) {
        const { mac } = link;
        if (mac === undefined || found.has(mac)) continue;
        const pair = clash(scene, { netns, link });
        if (pair) found.set(mac, { ...told(scene, pair), severity: 'warning' });
      }
    }
    return [...found.values()];
  },
};

interface Pair {
  readonly mac: Mac;
  /** The machine that somebody wants to reach, and its double. */
  readonly own: Holder;
  readonly double: Holder;
}

function pairOf(scene: Scene, address: Ip): Pair | undefined {
  for (const holder of holdersOfAddress(scene, address)) {
    const pair = clash(scene, holder);
    if (pair) return pair;
  }
  return undefined;
}

/** 00:00:5e:00:01:xx and 00:00:5e:00:02:xx are meant to move from machine to machine. */
const VRRP = 0x00005e00;

function clash(scene: Scene, own: Holder): Pair | undefined {
  const { mac } = own.link;
  if (mac === undefined || mac === 0 || Math.floor(mac / 0x10000) === VRRP || !own.link.flags.includes('UP'))
    return undefined;
  const double = holdersOfMac(scene, mac).find(
    (other) =>
      other.netns.name !== own.netns.name &&
      other.link.flags.includes('UP') &&
      shareBridge(scene, own, other),
  );
  return double && { mac, own, double };
}

/** A packet for the one on the wire of the other. */
function strayed(kase: Case, { own, double }: Pair, address: Ip): Sighting | undefined {
  const ports = kase.topology.peersOf({ namespace: double.netns.name, name: double.link.name });
  const wrong = (point: number) => {
    const place = kase.correlation.points[point];
    return (
      (place?.namespace === double.netns.name && place.interface === double.link.name) ||
      ports.some(({ namespace, name }) => place?.namespace === namespace && place.interface === name)
    );
  };
  for (const leg of kase.flow.legs) {
    if (!wrong(leg.point)) continue;
    for (const side of [leg.forward, leg.reply]) {
      const seen = side.kept.find(
        ({ destination, etherDestination }) => destination === address && etherDestination === own.link.mac,
      );
      if (seen) return seen;
    }
  }
  return undefined;
}

function told(scene: Case | Scene, { mac, own, double }: Pair, stray?: Sighting): Found {
  const [one, other] = [own, double].map(({ netns, link }) => `${link.name} of ${nameOf(scene, netns.name)}`);
  const address = formatMac(mac);
  const learned = fdbLine(scene, own, mac);
  const point = stray && scene.correlation.points[stray.point];
  return {
    confidence: stray ? 0.97 : 0.8,
    title: `${one} and ${other} have the same MAC address, ${address}, on one bridge`,
    explanation:
      `The bridge sends frames for ${address} to the port where it last heard it, so what is meant for ${nameOf(scene, own.netns.name)} goes to ${nameOf(scene, double.netns.name)} whenever that one spoke last` +
      `${stray ? `, as here: a packet for ${formatIp(stray.destination)} is on ${point?.namespace}:${point?.interface}` : ''}. That machine does not have the IP address and drops the packet.`,
    namespace: own.netns.name,
    interface: own.link.name,
    group: address,
    status: 'no-reply',
    evidence: [
      ...[own, double].map(({ netns, link }) => ({
        path: link.span.path,
        line: link.span.line,
        text: `${link.name} of ${nameOf(scene, netns.name)} is ${address}`,
      })),
      ...learned,
      ...(stray
        ? [
            seenAt(
              scene,
              stray,
              `${describeSighting(stray)} on ${point?.namespace}:${point?.interface}, the wrong port`,
            ),
          ]
        : []),
    ],
    fix: renamed(scene, own, mac),
  };
}

/** Where the bridge has learned the address. */
function fdbLine(scene: Scene, own: Holder, mac: Mac): Evidence[] {
  const [bridge = ''] = linkKeys(scene, own);
  const netns = netnsOf(scene, bridge.split(' ')[0] ?? '');
  const entry = netns?.fdb?.find(
    (candidate) => candidate.mac === mac && !candidate.permanent && !candidate.self,
  );
  return entry
    ? [{ path: entry.span.path, line: entry.span.line, text: `${formatMac(mac)} is behind ${entry.dev}` }]
    : [];
}

/** Another address for one of them, and whoever remembers the old one forgets it. */
function renamed(scene: Scene, { netns, link }: Holder, mac: Mac): Command[] {
  let free = mac + 1;
  while (holdersOfMac(scene, free).length > 0) free++;
  const addresses = link.addresses.map(({ address }) => address);
  const remembered = [...scene.snapshot.namespaces.values()].flatMap((other) =>
    (other.neighbours ?? [])
      .filter((entry) => entry.mac === mac && addresses.includes(entry.address))
      .map((entry) => ({
        namespace: other.name,
        text: `ip neigh del ${formatIp(entry.address)} dev ${entry.dev}`,
      })),
  );
  return [
    { namespace: netns.name, text: `ip link set ${link.name} address ${formatMac(free)}` },
    ...remembered,
  ];
}
