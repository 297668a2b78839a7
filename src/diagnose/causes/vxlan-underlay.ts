import type { FlowDirection } from '../../correlate/flow.ts';
import { isCapture } from '../../correlate/points.ts';
import { fateOf } from '../../correlate/predict.ts';
import type { FdbEntry, Link } from '../../dump/records.ts';
import { formatIp, type Ip, parseIp } from '../../net/ip.ts';
import { formatMac, type Mac } from '../../net/mac.ts';
import type { Trace } from '../../netstack/hop.ts';
import type { Netns } from '../../snapshot/snapshot.ts';
import { type Case, netnsOf, type Scene } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { describeSighting, seenAt } from '../evidence.ts';
import type { Evidence } from '../finding.ts';
import { gapEvidence } from '../gap-cause.ts';
import { type Unanswered, unanswered } from '../unanswered.ts';
import { outerFlows, remotesOf } from '../vxlan.ts';
import { nameOf } from '../words.ts';

/** vxlan_xmit(), drivers/net/vxlan/vxlan_core.c: without a destination the frame is dropped and counted. */
export const vxlanUnderlay: Cause = {
  id: 'vxlan-underlay',
  title: 'The overlay’s packets don’t get from node to node: VXLAN has no way there, or it is blocked',
  severity: 'error',
  page: () => ({
    symptom: 'Pods of one node can’t reach those of another, while everything within a node works.',
    mechanism:
      'A VXLAN device wraps each frame in UDP and sends it to the node that its forwarding table (FDB) names for the frame’s MAC address. An agent writes neighbour and FDB entries; without one the frame is dropped, and only TX dropped of the device counts it. What is wrapped is an ordinary UDP packet between the nodes, which firewalls may drop, and which another port number misses.',
    check:
      'bridge fdb show dev VXLAN; ip neigh show dev VXLAN; ip -s link show VXLAN (TX dropped); tcpdump -i UPLINK udp port 8472 or 4789',
    proof:
      'The inner packet is on the VXLAN device. No FDB entry: no outer packet on the uplink. Blocked: outer packets leave and none comes back from that node. Wrong port: ICMP port unreachable for the outer packet.',
    refutation:
      'Outer packets to and from that node on the uplink; or the inner packet never comes to the VXLAN device.',
    settledBy: [
      'bridge fdb show',
      'ip neigh show',
      'ip -d link show type vxlan',
      'iptables-save -c (both nodes)',
    ],
    repair:
      'Restart the agent that writes the entries (flanneld, calico-node), or append the entry by hand; let UDP 8472 or 4789 pass between the nodes; the same port and VNI on both.',
    references: [
      'drivers/net/vxlan/vxlan_core.c: vxlan_xmit()',
      'RFC 7348',
      'bridge(8): fdb append',
      'flannel-io/flannel#2388',
    ],
  }),
  find(kase) {
    const { there, back } = kase.prediction ?? {};
    if (kase.outcome.status === 'delivered' || kase.hypothetical || !there) return undefined;
    const backwards = back !== undefined && fateOf(there) === 'delivered';
    const trace = backwards ? back : there;
    const direction = backwards ? 'reply' : 'forward';
    const tap = trace.taps.findLast(({ inner }) => inner === undefined);
    const netns = tap && netnsOf(kase, tap.namespace);
    const link = netns?.links?.find(({ name }) => name === tap?.interface);
    if (!tap || !netns || link?.kind !== 'vxlan') return undefined;
    if (isRefusedThere(trace)) return refusedThere(kase, trace, { netns, link, direction });
    const leaves = ['forwarded', 'bridged'].includes(fateOf(trace));
    if (!leaves && trace.cause !== 'vxlan-underlay') return undefined;
    if (!backwards && kase.flow.legs.some(({ reply }) => reply.packets > 0)) return undefined;
    return explain(kase, netns, link, {
      direction,
      nexthop: trace.hops[tap.hop]?.nexthop ?? trace.final.destination,
    });
  },
  survey: (scene) =>
    unanswered(scene).flatMap((gap) => {
      const link = gap.sender?.links?.find(({ name }) => name === gap.device);
      return gap.sender && link?.kind === 'vxlan' ? unasked(scene, gap, gap.sender, link) : [];
    }),
};

/** The outer packet came to the other node, which has no device that takes it. */
function isRefusedThere({ taps, cause, reason, hops }: Trace): boolean {
  if (taps.at(-1)?.inner === undefined) return false;
  if (cause === 'sock-not-listening') return true;
  return cause === 'vxlan-underlay' && reason !== 'NO_TX_TARGET' && hops.length > 1;
}

function refusedThere(
  kase: Case,
  trace: Trace,
  of: { readonly netns: Netns; readonly link: Link; readonly direction: FlowDirection },
): Found {
  const { netns, link, direction } = of;
  const there = netnsOf(kase, trace.namespace);
  const [where, node] = [nameOf(kase, netns.name), nameOf(kase, trace.namespace)];
  const devices = (there?.links ?? []).filter(({ kind }) => kind === 'vxlan');
  const { id, port } = link.kindData ?? {};
  const step = trace.hops.flatMap(({ steps }) => steps).findLast(({ kind }) => kind === 'drop');
  const seen = kase.flow.legs.findLast((leg) => leg[direction].packets > 0)?.[direction].kept[0];
  const portIsOther = trace.cause === 'sock-not-listening';
  const clones = trace.reason === 'LOCAL_MAC';
  return {
    confidence: there?.links && devices.every(({ kindData }) => kindData) ? 0.93 : 0.6,
    title: clones
      ? `${link.name} of ${where} and the VXLAN device of ${node} have one MAC address: ${node} drops the frames`
      : portIsOther
        ? `${node} has nothing on UDP port ${port ?? '?'}: VXLAN packets of ${where} are refused there`
        : `${link.name} of ${where} sends with VNI ${id ?? '?'}, which no VXLAN device of ${node} has`,
    explanation:
      `${link.name} of ${where} wraps the frame in UDP and sends it to ${node}. ` +
      (step?.kind === 'drop' ? `There ${step.text}, so what is inside goes no further.` : ''),
    namespace: trace.namespace,
    ...(devices[0] && { interface: devices[0].name }),
    group: `${link.name} ${trace.namespace}`,
    status: portIsOther ? 'no-reply' : 'dropped',
    evidence: [
      ...(seen ? [seenAt(kase, seen, `${describeSighting(seen)}, the last place it is seen`)] : []),
      { path: link.span.path, line: link.span.line, text: `${link.name}: ${settings(link)}` },
      ...devices.map((device) => ({
        path: device.span.path,
        line: device.span.line,
        text: `${device.name}: ${settings(device)}`,
      })),
    ],
    fix: [],
    effect: clones
      ? `Give one of the two another MAC address: ip link set dev ${link.name} address NEW, and correct the neighbour and FDB entries that name it.`
      : `Make both ends alike: the same VNI and the same UDP port on ${where} and ${node} (ip -d link show type vxlan), and the device up on ${node}.`,
  };
}

function settings({ kindData = {}, flags }: Link): string {
  return `VNI ${kindData.id ?? '?'}, UDP port ${kindData.port ?? '?'}, ${flags.includes('UP') ? 'up' : 'down'}`;
}

function explain(
  kase: Case,
  netns: Netns,
  link: Link,
  { nexthop, direction }: { readonly nexthop: string; readonly direction: FlowDirection },
): Found | undefined {
  const onDevice = (point: number) => {
    const place = kase.correlation.points[point];
    return place?.namespace === netns.name && place.interface === link.name;
  };
  const seen = kase.flow.legs.find((leg) => onDevice(leg.point) && leg[direction].packets > 0)?.[direction]
    .kept[0];
  const address = parseIp(nexthop);
  const neighbour = netns.neighbours?.find((entry) => entry.dev === link.name && entry.address === address);
  const mac = seen?.etherDestination ?? neighbour?.mac;
  if (mac === undefined) return undefined;
  const { known, entry, fixed } = remotesOf(netns, link, mac);
  const inner: Evidence[] = [
    ...(seen ? [seenAt(kase, seen, `${describeSighting(seen)} on ${link.name}, for ${formatMac(mac)}`)] : []),
    ...(neighbour
      ? [
          {
            path: neighbour.span.path,
            line: neighbour.span.line,
            text: `${nexthop} dev ${link.name} is ${formatMac(mac)}`,
          },
        ]
      : []),
  ];
  if (!entry && fixed) return undefined;
  if (!entry) return missingEntry(kase, netns, link, { nexthop, mac, known, inner });
  return beyond(kase, netns, link, entry, inner);
}

function missingEntry(
  kase: Case,
  netns: Netns,
  link: Link,
  of: { nexthop: string; mac: Mac; known: boolean; inner: Evidence[] },
): Found {
  const { nexthop, mac, known, inner } = of;
  const where = nameOf(kase, netns.name);
  const dropped = link.statistics?.tx_dropped ?? 0;
  const path = netns.fdb?.[0]?.span.path;
  return {
    confidence: known ? 0.93 : 0.5,
    title: known
      ? `${link.name} of ${where} has no forwarding entry for ${formatMac(mac)}: what is for ${nexthop} goes nowhere`
      : `${link.name} of ${where} may have no forwarding entry for ${formatMac(mac)}: bridge fdb was not dumped`,
    explanation:
      `The packet is handed to ${link.name}, a VXLAN device, in a frame for ${formatMac(mac)}, the MAC address of ${nexthop}. ` +
      (known
        ? 'Its forwarding table names no node for that address and none for all others, so the frame is dropped there and no outer packet is made.'
        : 'To which node that goes its forwarding table says, which was not dumped.'),
    namespace: netns.name,
    interface: link.name,
    group: `${link.name} ${formatMac(mac)}`,
    status: 'dropped',
    evidence: [
      ...inner,
      ...(known && path !== undefined
        ? [{ path, text: `no entry of ${link.name} for ${formatMac(mac)} or 00:00:00:00:00:00` }]
        : []),
      ...(dropped > 0
        ? [{ path: link.span.path, line: link.span.line, text: `${link.name}: tx_dropped ${dropped}` }]
        : []),
      ...unwrapped(kase, netns, link),
    ],
    fix: [],
    effect: known
      ? `The agent of the overlay writes it: restart it, or by hand bridge fdb append ${formatMac(mac)} dev ${link.name} dst ADDRESS-OF-THE-NODE.`
      : `Collect bridge fdb show dev ${link.name} and run again.`,
  };
}

/** Captures of other interfaces of the node that hold no VXLAN at all, or some. */
function unwrapped(kase: Case, netns: Netns, link: Link): Evidence[] {
  const outer = outerFlows(kase, link);
  const points = new Set(outer.flatMap(({ legs }) => legs.map(({ point }) => point)));
  return kase.correlation.points
    .filter(
      (point) =>
        point.namespace === netns.name &&
        point.interface !== link.name &&
        !points.has(point.index) &&
        isCapture(point),
    )
    .map((point) => ({ path: point.path, text: `none of its ${point.packets} packets is VXLAN` }));
}

/** The frame is wrapped and sent; what becomes of it the captures of the underlay show. */
function beyond(kase: Case, netns: Netns, link: Link, entry: FdbEntry, inner: Evidence[]): Found | undefined {
  const remote = entry.remote as Ip;
  const flows = outerFlows(kase, link);
  const there = flows.filter(({ server }) => server.address === remote);
  const back = flows.some(
    ({ client, legs }) => client.address === remote && legs.some(({ forward }) => forward.packets > 0),
  );
  const [sent] = there;
  const seen = sent?.legs[0]?.forward.kept[0];
  if (!sent || !seen || back) return undefined;
  const refused = sent.errors.find(({ type, code }) => type === 3 && code === 3);
  const where = nameOf(kase, netns.name);
  const node = formatIp(remote);
  return {
    // With the other hosts' bundles given, one that lacks what would tell is no proof.
    confidence: refused ? 0.92 : kase.snapshot.hosts ? 0.55 : 0.7,
    title: refused
      ? `${node} has nothing on UDP port ${sent.server.port}: VXLAN packets of ${where} are refused`
      : `VXLAN packets leave ${where} for ${node}, and none ever comes back`,
    explanation: refused
      ? `${link.name} wraps the frames and sends them to ${node}, UDP port ${sent.server.port}, and ${node} answers "port unreachable": it has no VXLAN device on that port.`
      : `${link.name} wraps the frames and sends them to ${node}, UDP port ${sent.server.port}. They leave correctly, and not one VXLAN packet of ${node} arrives: a firewall on the way or on ${node} drops them, or ${node} doesn’t send its own here.`,
    namespace: netns.name,
    interface: link.name,
    group: `${link.name} ${node}`,
    status: 'no-reply',
    evidence: [
      ...inner,
      {
        path: entry.span.path,
        line: entry.span.line,
        text: `${formatMac(entry.mac)} dev ${link.name} dst ${node}`,
      },
      seenAt(kase, seen, `outer packet ${describeSighting(seen)}`),
      ...(refused ? [seenAt(kase, refused.sighting, `ICMP 3/3 from ${formatIp(refused.from)} for it`)] : []),
    ],
    fix: [],
    effect: refused
      ? `Use the same UDP port on both nodes (ip -d link show type vxlan on ${node}).`
      : `Let UDP ${sent.server.port} from this node in on ${node}, and look at its own FDB entry for this node.`,
  };
}

/** A question by ARP that a device without a default entry can send to nobody. */
function unasked(scene: Scene, gap: Unanswered, netns: Netns, link: Link): Found[] {
  const { known, entry, fixed } = remotesOf(netns, link, 0);
  if (entry || fixed || !known) return [];
  const target = formatIp(gap.target);
  return [
    {
      confidence: 0.85,
      title: `${link.name} of ${nameOf(scene, netns.name)} can’t ask for ${target}: neither a neighbour entry for it nor a node to send the ARP request to`,
      explanation: `${target} is to be reached by ${link.name}, a VXLAN device. Its MAC address isn’t in the neighbour table, and the forwarding table has no entry for all zeroes, to which ARP would be sent. The overlay’s agent has not written what belongs to that node.`,
      namespace: netns.name,
      interface: link.name,
      status: 'no-reply',
      evidence: gapEvidence(scene, gap),
      fix: [],
      effect: 'Restart the overlay’s agent on this node, or write neighbour and FDB entry by hand.',
    },
  ];
}
