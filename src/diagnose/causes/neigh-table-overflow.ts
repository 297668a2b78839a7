import { wasCapturing } from '../../correlate/points.ts';
import { fateOf } from '../../correlate/predict.ts';
import type { Neighbour } from '../../dump/records.ts';
import { hostOf, rootOf } from '../../input/host.ts';
import { formatIp, parseIp } from '../../net/ip.ts';
import { type Case, netnsOf, sysctlOf } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { describeSighting, seenAt, sysctlEvidence } from '../evidence.ts';
import { capital, nameOf } from '../words.ts';

const ARP = 0x806;
/** The kernel’s default for gc_thresh3. */
const DEFAULT_LIMIT = 1024;
const NEAR = 0.97;

/** neigh_alloc(), net/core/neighbour.c: at gc_thresh3 entries, none of which may go, there is no new one. */
export const neighTableOverflow: Cause = {
  id: 'neigh-table-overflow',
  title: 'The neighbour table is full',
  severity: 'error',
  page: () => ({
    symptom:
      'Peers that were not spoken to lately can’t be reached, others can; on nodes with about a thousand neighbours or more. Locally "No buffer space available".',
    mechanism:
      'Each neighbour takes an entry of a table whose size is limited for the whole machine: gc_thresh3, 1024 by default, counted over all namespaces. When it is full and nothing in it is old enough to go, a packet for a new neighbour is dropped before it is even asked for by ARP.',
    check:
      'ip neigh | wc -l (in every namespace) against sysctl net.ipv4.neigh.default.gc_thresh3; dmesg ("neighbor table overflow"); /proc/net/stat/arp_cache (table_fulls)',
    proof:
      'A packet comes in and neither leaves nor is its next hop asked for by ARP, on an interface where others are served; the next hop is not in the neighbour table, which has as many entries as gc_thresh3.',
    refutation:
      'A who-has for the next hop is seen (then it isn’t answered, and that is neigh-failed), or the table is far from its limit.',
    settledBy: ["sysctl -a -r 'neigh.default.gc_thresh'", 'ip neigh show (every namespace)', 'dmesg'],
    repair:
      'Raise gc_thresh1 to 3 (net.ipv4.neigh.default and net.ipv6.neigh.default), about twice the number of neighbours, for the machine: they exist in the root namespace alone.',
    references: [
      'net/core/neighbour.c: neigh_alloc(), drop reason NEIGH_CREATEFAIL',
      'arp(7): gc_thresh1, gc_thresh2, gc_thresh3',
      'kubernetes/kops#4533',
      'canonical/lxd#4799',
    ],
  }),
  find(kase) {
    const { prediction, outcome } = kase;
    if (!prediction || outcome.status === 'delivered' || kase.hypothetical) return undefined;
    const there = prediction.there;
    const hop = there.hops.at(-1);
    const nexthop = parseIp(hop?.nexthop ?? '');
    const fate = fateOf(there);
    if (!hop?.out || typeof nexthop !== 'number' || (fate !== 'forwarded' && fate !== 'dropped'))
      return undefined;
    return overflow(kase, { namespace: hop.namespace, out: hop.out, nexthop });
  },
};

function overflow(kase: Case, of: { namespace: string; out: string; nexthop: number }): Found | undefined {
  const { namespace, out, nexthop } = of;
  const netns = netnsOf(kase, namespace);
  const table = netns?.neighbours;
  if (!table || table.some(({ address, dev }) => address === nexthop && dev === out)) return undefined;
  const at = kase.correlation.points.filter(
    (point) => point.namespace === namespace && point.interface === out,
  );
  const time = kase.flow.start;
  const looked = at.filter((point) => wasCapturing(point, ARP, time) === 'yes');
  const asked = kase.correlation.arp.some(
    ({ target, point }) => target === nexthop && at.some(({ index }) => index === point),
  );
  const left = kase.flow.legs.some(
    (leg) => at.some(({ index }) => index === leg.point) && leg.forward.packets > 0,
  );
  if (looked.length === 0 || asked || left) return undefined;
  const { used, most } = countOf(kase, namespace, nexthop);
  const setting = 'net.ipv4.neigh.default.gc_thresh3';
  const dumped = sysctlOf(kase, rootOf(namespace), setting) ?? sysctlOf(kase, namespace, setting);
  const limit = Number(dumped?.value ?? DEFAULT_LIMIT);
  if (used < limit * NEAR) return undefined;
  const seen = kase.flow.legs.findLast(({ forward }) => forward.packets > 0)?.forward.kept[0];
  const where = nameOf(kase, namespace);
  const address = formatIp(nexthop);
  return {
    confidence: dumped ? 0.9 : 0.55,
    title: `${where} has no room for ${address} in its neighbour table: ${used} entries${dumped ? `, and gc_thresh3 is ${limit}` : ''}`,
    explanation:
      `${capital(where)} is to hand the packet to ${address} on ${out}, which is not in its neighbour table, and it never asks for it by ARP. The table has ${used} entries that count, ` +
      `${dumped ? `and ${setting} is ${limit}` : `and by default ${DEFAULT_LIMIT} are allowed`}: it is full, so the packet is dropped before any ARP request. Neighbours that are in the table are served.`,
    namespace,
    interface: out,
    sysctl: setting,
    status: 'dropped',
    evidence: [
      ...(seen ? [seenAt(kase, seen, `${describeSighting(seen)}, the last place it is seen`)] : []),
      ...looked.map((point) => ({
        path: point.path,
        text: `none of its ${point.packets} packets asks for ${address} or is for it`,
      })),
      ...sysctlEvidence(kase, rootOf(namespace), setting),
      ...(most
        ? [{ path: most.span.path, line: most.span.line, text: `the first of ${used} neighbour entries` }]
        : []),
    ],
    fix: [],
    effect: `In the root namespace: sysctl -w ${setting}=${roundUp(used * 2)} net.ipv4.neigh.default.gc_thresh2=${roundUp(used)} net.ipv4.neigh.default.gc_thresh1=${roundUp(used / 2)}.`,
  };
}

/** Entries that count: neither permanent nor of devices without ARP; of every namespace that was dumped, as the limit is one. */
function countOf(kase: Case, namespace: string, address: number): { used: number; most?: Neighbour } {
  const counted = [...kase.snapshot.namespaces.values()]
    .filter(({ name }) => hostOf(name) === hostOf(namespace))
    .flatMap((netns) =>
      (netns.neighbours ?? []).filter(
        (entry) =>
          typeof entry.address === typeof address &&
          !entry.proxy &&
          !entry.states.some((state) => state === 'PERMANENT' || state === 'NOARP'),
      ),
    );
  const [most] = counted;
  return { used: counted.length, ...(most && { most }) };
}

function roundUp(value: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(128, value)));
}
