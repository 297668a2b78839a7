import type { Link } from '../../dump/records.ts';
import type { Trace } from '../../netstack/hop.ts';
import { type Case, netnsOf } from '../case.ts';
import type { Evidence } from '../finding.ts';
import { modelCause } from '../model-cause.ts';
import { nameOf } from '../words.ts';

/** __dev_forward_skb() and is_skb_forwardable(), net/core/dev.c */
export const mtuL2Mismatch = modelCause({
  id: 'mtu-l2-mismatch',
  title: 'The two ends of the link have different MTUs',
  severity: 'error',
  page: () => ({
    symptom: 'Large packets vanish inside one host, without ICMP; small ones pass.',
    mechanism:
      'A frame larger than the receiving end’s MTU, or than that of the bridge port it has to leave by, is dropped at the boundary. Nobody sends ICMP, since no router is involved. A veth pair counts it as TX dropped of the sender and RX dropped of the peer, and its sender sees ENOBUFS; a bridge counts it nowhere.',
    check: 'ip link (mtu of both ends, and of every port); ip -s link (dropped)',
    proof:
      'The large packet is on the sender’s interface in one piece and never on the other end of the pair, or on the one port and not the other; small packets of the same two hosts pass; the MTUs differ, and the packet’s length is between them.',
    refutation:
      'A packet of that length on the other end; or ICMP "fragmentation needed", which is a router’s (mtu-pmtu-blackhole).',
    settledBy: ['ip link show (both namespaces)', 'ip -s link show'],
    repair: 'Give both ends of the pair, and every port of the bridge, the same MTU.',
    references: [
      'include/linux/netdevice.h: __is_skb_forwardable()',
      'drivers/net/veth.c: veth_forward_skb(), veth_xmit()',
      'net/bridge/br_forward.c: br_dev_queue_push_xmit() (is_skb_forwardable())',
    ],
  }),
  tell(kase, drop) {
    const ends = endsOf(kase, drop.trace);
    const where = nameOf(kase, drop.namespace);
    if (!ends) return undefined;
    const { from, to } = ends;
    const length = kase.flow.legs.flatMap((leg) => leg[drop.direction].kept[0]?.length ?? [])[0];
    const size = length === undefined ? 'The packet' : `The packet of ${length} bytes`;
    return {
      title: `${where} sends more than ${to.link.name} of ${nameOf(kase, to.namespace)} takes: MTU ${from.link.mtu} on one end, ${to.link.mtu} on the other`,
      explanation:
        `${size} fits ${from.link.name} (MTU ${from.link.mtu}) and not ${to.link.name} of ${nameOf(kase, to.namespace)} (MTU ${to.link.mtu}), so it is dropped between the two: ` +
        'the sender’s capture has it and the other does not. No router is involved, so no ICMP tells the sender to make it smaller.',
      interface: from.link.name,
      evidence: [mtuLine(from.link), mtuLine(to.link), ...droppedBy(from.link), ...droppedBy(to.link)],
      fix: [{ namespace: to.namespace, text: `ip link set ${to.link.name} mtu ${from.link.mtu}` }],
      effect: `Or the smaller one on both: ip link set ${from.link.name} mtu ${to.link.mtu}.`,
    };
  },
});

function mtuLine({ name, mtu, span }: Link): Evidence {
  return { path: span.path, line: span.line, text: `${name}: mtu ${mtu}` };
}

function droppedBy({ name, statistics, span }: Link): Evidence[] {
  return ['tx_dropped', 'rx_dropped'].flatMap((counter) => {
    const packets = statistics?.[counter] ?? 0;
    return packets > 0 ? [{ path: span.path, line: span.line, text: `${name}: ${counter} ${packets}` }] : [];
  });
}

interface End {
  readonly namespace: string;
  readonly link: Link;
}

/** The end it left by, and the narrower one: its peer, or the port of the bridge that it had to leave by. */
function endsOf(kase: Case, trace: Trace): { from: End; to: End } | undefined {
  const last = trace.hops.at(-1);
  const links = netnsOf(kase, trace.namespace)?.links ?? [];
  const named = (name: string | undefined) => links.find((link) => link.name === name);
  const port = named(last?.physout);
  const inward = named(last?.physin ?? last?.in);
  if (
    port?.mtu !== undefined &&
    inward?.mtu !== undefined &&
    inward.name !== port.name &&
    port.mtu < inward.mtu
  ) {
    return {
      from: { namespace: trace.namespace, link: inward },
      to: { namespace: trace.namespace, link: port },
    };
  }
  const candidates = [
    port,
    named(last?.out),
    ...links.filter(({ master }) => master !== undefined && master === last?.out),
  ];
  for (const link of candidates) {
    const peer = link && kase.topology.peerOf({ namespace: trace.namespace, name: link.name });
    const end = peer && netnsOf(kase, peer.namespace)?.links?.find(({ name }) => name === peer.name);
    if (!link || !peer || !end || link.mtu === undefined || end.mtu === undefined || end.mtu >= link.mtu)
      continue;
    return { from: { namespace: trace.namespace, link }, to: { namespace: peer.namespace, link: end } };
  }
  return undefined;
}
