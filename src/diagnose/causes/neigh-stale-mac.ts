import type { Sighting } from '../../correlate/flow.ts';
import { type Owner, ownersOf } from '../../correlate/owner.ts';
import type { Neighbour } from '../../dump/records.ts';
import { formatIp, type Ip } from '../../net/ip.ts';
import { formatMac, isGroupMac, type Mac } from '../../net/mac.ts';
import type { Case } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { seenAt } from '../evidence.ts';
import type { Evidence } from '../finding.ts';
import { nameOf } from '../words.ts';

/** neigh_update() and neigh_connected_output(), net/core/neighbour.c; eth_type_trans() makes it PACKET_OTHERHOST. */
export const neighStaleMac: Cause = {
  id: 'neigh-stale-mac',
  title: 'The frame goes to a MAC that nobody has any more',
  severity: 'error',
  page: () => ({
    symptom: 'A new container can’t be reached for a while; ip neigh flush heals it at once.',
    mechanism:
      'The neighbour table still has the MAC of the former owner of the address. A bridge floods frames to a MAC it has never heard of, and the new owner’s interface ignores them as meant for another host: no counter of IP (only otherhost in ip -s -s link of the receiver), no answer, no ICMP.',
    check: 'ip neigh against ip link of the owner; ip -s -s link at the receiver (otherhost); bridge fdb',
    proof:
      'The packet is captured with a destination MAC that is not its owner’s, often on every port of the bridge, and is not answered; the sender’s neighbour table has that MAC for the address.',
    refutation:
      'The frame’s destination MAC is one of the receiver’s, or another machine on the link has it (then two machines claim the address: dup-ip).',
    settledBy: ['ip neigh show', 'ip link show'],
    repair:
      'Delete the entry at the sender (ip neigh del ADDRESS dev IFACE), or let the new owner announce itself (arping -U). Permanent entries have to be kept up by whoever makes them.',
    references: [
      'net/core/neighbour.c: neigh_update()',
      'net/ethernet/eth.c: eth_type_trans()',
      'net/ipv4/ip_input.c: ip_rcv_core(), drop reason OTHERHOST',
      'RFC 826',
      'moby/moby#36069',
      'moby/moby#13847',
      'containernetworking/cni#88',
    ],
  }),
  find(kase) {
    if (kase.outcome.status === 'delivered' && !kase.hypothetical) return undefined;
    return misaddressed(kase, 'forward') ?? misaddressed(kase, 'reply');
  },
};

/** A frame on its last link, with the MAC that its receiver has. */
interface Wrong {
  readonly seen: Sighting;
  readonly mac: Mac;
  readonly owner: Owner;
  readonly nexthop: Ip;
  /** It was captured on the receiver's own interface. */
  readonly arrived: boolean;
}

function misaddressed(kase: Case, direction: 'forward' | 'reply'): Found | undefined {
  const wrong = kase.hypothetical ? undefined : wrongFrame(kase, direction);
  if (!wrong) return undefined;
  const { seen, mac, owner, nexthop, arrived } = wrong;
  const sender = senderOf(kase, nexthop, mac);
  const where = nameOf(kase, owner.netns.name);
  const own = owner.link.mac ?? 0;
  const address = formatIp(nexthop);
  const name = sender && nameOf(kase, sender.namespace);
  const permanent = sender?.entry.states.includes('PERMANENT') ?? false;
  const point = kase.correlation.points[seen.point];
  const evidence: Evidence[] = [
    seenAt(
      kase,
      seen,
      `${direction === 'forward' ? 'the request' : 'the answer'} on ${point?.namespace}:${point?.interface} is addressed to ${formatMac(mac)}`,
    ),
    {
      path: owner.link.span.path,
      line: owner.link.span.line,
      text: `${owner.link.name}, which has ${address}, is ${formatMac(own)}`,
    },
    ...(sender
      ? [
          {
            path: sender.entry.span.path,
            line: sender.entry.span.line,
            text: `${address} is ${formatMac(mac)} (${sender.entry.states.join(',')})`,
          },
        ]
      : []),
  ];
  return {
    confidence: arrived && sender ? 0.96 : sender || arrived ? 0.88 : 0.55,
    title: `${name ?? 'the sender'} sends to ${address} with the MAC ${formatMac(mac)}, and ${where} has ${formatMac(own)}`,
    explanation:
      `The packet ${arrived ? `arrives at ${owner.link.name} of ${where}` : `is on its way to ${where}`} in a frame for ${formatMac(mac)}, which is nobody’s any more, so ${where} takes it for another host’s and ` +
      `drops it before any chain sees it. ${
        sender
          ? `The neighbour table of ${name} has this MAC for ${address} (${sender.entry.states.join(',')})${permanent ? '; a permanent entry is never asked for again' : ''}.`
          : 'The sender’s neighbour table, which was not dumped, must have that MAC: ip neigh there tells.'
      }`,
    namespace: sender?.namespace ?? owner.netns.name,
    interface: sender?.entry.dev ?? owner.link.name,
    status: 'no-reply',
    evidence,
    fix: sender
      ? [{ namespace: sender.namespace, text: `ip neigh del ${address} dev ${sender.entry.dev}` }]
      : [],
    effect: permanent
      ? 'Then ARP finds the new MAC; whoever made the entry has to be told.'
      : 'Or wait until the entry is confirmed anew.',
  };
}

/** The last sighting of that direction whose destination MAC is none of its receiver's. */
function wrongFrame(kase: Case, direction: 'forward' | 'reply'): Wrong | undefined {
  const frames = kase.flow.legs.flatMap((leg) => leg[direction].kept.slice(0, 1));
  for (const seen of frames.toReversed()) {
    const mac = seen.etherDestination;
    if (mac === undefined || isGroupMac(mac) || mac === 0) continue;
    const point = kase.correlation.points[seen.point];
    const nexthop = receiverOf(kase, direction, seen);
    const owners = nexthop === undefined ? [] : ownersOf(kase.snapshot, nexthop);
    const [owner] = owners;
    if (nexthop === undefined || !owner || owners.length > 1) continue;
    // The whole machine it is for: a VLAN, a macvlan or a bond may have another MAC than the address's own device.
    if (owner.link.mac === undefined || owner.link.mac === mac || hasMac(kase, mac)) continue;
    if (point?.namespace === owner.netns.name && point.interface !== owner.link.name) continue;
    const arrived = point?.namespace === owner.netns.name;
    return { seen, mac, owner, nexthop, arrived };
  }
  return undefined;
}

/** Whose link address the frame should carry there: the next hop of the model's hop that sent it, else the receiver on the link. */
function receiverOf(kase: Case, direction: 'forward' | 'reply', seen: Sighting): Ip | undefined {
  const trace = direction === 'forward' ? kase.prediction?.there : kase.prediction?.back;
  const destination = formatIp(seen.destination);
  const hops = trace?.hops.filter(({ nexthop }) => nexthop !== undefined) ?? [];
  const last = hops.at(-1);
  if (last?.nexthop === destination) return seen.destination;
  // Without a model's path: a frame on the interface of its receiver needs no next hop to be judged.
  const point = kase.correlation.points[seen.point];
  const home = ownersOf(kase.snapshot, seen.destination).some(
    ({ netns, link }) => netns.name === point?.namespace && link.name === point.interface,
  );
  return home ? seen.destination : undefined;
}

function hasMac(kase: Case, mac: Mac): boolean {
  const devices = [...kase.snapshot.namespaces.values()].flatMap((netns) => netns.links ?? []);
  const claimed = kase.correlation.arp.some(({ replies, senderMac }) =>
    [senderMac, ...replies.map((reply) => reply.mac)].includes(mac),
  );
  return claimed || devices.some((link) => link.mac === mac);
}

/** Whose neighbour table says so. */
function senderOf(kase: Case, address: Ip, mac: Mac): { namespace: string; entry: Neighbour } | undefined {
  for (const netns of kase.snapshot.namespaces.values()) {
    const entry = netns.neighbours?.find(
      (candidate) => candidate.address === address && candidate.mac === mac,
    );
    if (entry) return { namespace: netns.name, entry };
  }
  return undefined;
}
