import { wasCapturing } from '../../correlate/points.ts';
import type { TapCheck } from '../../correlate/predict.ts';
import { type Case, netnsOf, type Scene, sysctlOf } from '../case.ts';
import type { Cause } from '../cause.ts';
import { counterEvidence, describeSighting, seenAt, sysctlEvidence } from '../evidence.ts';
import type { Evidence } from '../finding.ts';
import { isFailing, newOnePasses } from '../remembered.ts';
import { capital, nameOf } from '../words.ts';

const MAX = 'net.netfilter.nf_conntrack_max';
const COUNT = 'net.netfilter.nf_conntrack_count';

export const ctTableFull: Cause = {
  id: 'ct-table-full',
  title: 'The conntrack table is full',
  severity: 'error',
  page: () => ({
    symptom:
      'New connections of any kind time out, now and then or all of them; established ones go on. The kernel log says "nf_conntrack: table full, dropping packet", newer kernels "table full in netns …".',
    mechanism:
      'Each connection has an entry, and there are nf_conntrack_max of them. When they are used up and none of a few unassured ones can be thrown out, the first packet of a new connection is dropped where conntrack stands: behind raw, before any other chain. Scans, leaks and long timeouts (established: five days) fill the table.',
    check:
      'sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max; conntrack -S (drop, early_drop); dmesg | grep "table full"',
    proof:
      'nf_conntrack_count stands at nf_conntrack_max, or the kernel log says "table full", and first packets are seen coming in and not going on.',
    refutation:
      'A new connection that passes at the same time; a count well below the limit. A drop counter that insert_failed explains (nat-snat-ports-exhausted).',
    settledBy: [
      'sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max',
      'dmesg',
      'conntrack -S',
    ],
    repair:
      'Raise nf_conntrack_max (and the hash with it), shorten timeouts, take what needs no tracking out of it (CT --notrack), and find who fills the table: conntrack -L | by source.',
    references: [
      'net/netfilter/nf_conntrack_core.c: __nf_conntrack_alloc(), early_drop()',
      'Documentation/networking/nf_conntrack-sysctl.rst: nf_conntrack_max',
      'kubernetes/kubernetes#71261',
      'kubernetes/kubernetes#18604',
      'projectcalico/felix#617',
    ],
  }),
  find(kase) {
    if (kase.hypothetical || kase.outcome.status !== 'no-reply' || !isFailing(kase) || !newOnePasses(kase))
      return undefined;
    const stop = stoppedAt(kase);
    if (!stop) return undefined;
    const { namespace } = stop.tap;
    const full = fullness(kase, namespace);
    if (full.confidence === 0) return undefined;
    const where = nameOf(kase, namespace);
    const max = Number(sysctlOf(kase, namespace, MAX)?.value ?? 0);
    const last = kase.flow.legs.findLast(({ forward }) => forward.packets > 0)?.forward.kept[0];
    return {
      // A capture that shows one protocol only may have been filtered.
      confidence: stop.missing ? full.confidence : full.confidence - 0.05,
      title: `${where}’s conntrack table is full${max ? ` (${max} connections)` : ''}, so it drops the first packet of every new one`,
      explanation:
        `${capital(where)} tracks connections, and a new one needs an entry. The table has no room, so its first packet is dropped where conntrack stands, before any chain but raw; it comes in and never goes on, and nobody is told. ` +
        'Connections that have their entry go on as if nothing were wrong.',
      namespace,
      sysctl: MAX,
      status: 'dropped',
      evidence: [
        ...(last ? [seenAt(kase, last, `${describeSighting(last)}: the last place it is seen`)] : []),
        ...stop.points.map((point) => ({
          path: point.path,
          text: `none of its ${point.packets} packets is the request, so it never left by ${stop.tap.interface}`,
        })),
        ...full.evidence,
      ],
      fix: max ? [{ namespace, text: `sysctl -w ${MAX}=${max * 2}` }] : [],
      replay: false,
      effect:
        'Set in the initial namespace, for all of them. Then find out who fills the table (conntrack -L, by source address), and shorten nf_conntrack_tcp_timeout_established where leaks do.',
    };
  },
};

/** The first captured place where it should have been seen on its way on, and wasn't; the place before is of the same namespace. */
function stoppedAt({ prediction, flow }: Case): TapCheck | undefined {
  const { checks = [] } = prediction ?? {};
  const at = checks.findIndex(
    ({ sighting, points, tap }) =>
      !sighting &&
      !tap.promiscuous &&
      points.some((point) => wasCapturing(point, flow.protocol, flow.start) !== 'no'),
  );
  const before = checks.slice(0, at).findLast(({ sighting }) => sighting !== undefined);
  const stop = checks[at];
  return stop && before?.tap.namespace === stop.tap.namespace ? stop : undefined;
}

function fullness(kase: Case, namespace: string): { confidence: number; evidence: Evidence[] } {
  const max = Number(sysctlOf(kase, namespace, MAX)?.value ?? Number.NaN);
  const count = Number(sysctlOf(kase, namespace, COUNT)?.value ?? Number.NaN);
  const counters = netnsOf(kase, namespace)?.counters;
  const value = (name: string) => counters?.get(`conntrack ${name}`)?.value ?? 0;
  const unexplained = value('drop') > value('insert_failed');
  const log = logged(kase, namespace);
  const full = count >= max;
  // There was room: then it has been something else, or is over.
  const room = count < max * 0.9;
  const confidence = full
    ? log.length > 0
      ? 0.97
      : 0.94
    : log.length > 0
      ? room
        ? 0.7
        : 0.88
      : unexplained && !room
        ? 0.55
        : 0;
  const evidence = [
    ...sysctlEvidence(kase, namespace, COUNT),
    ...sysctlEvidence(kase, namespace, MAX),
    ...log,
    ...counterEvidence(kase, namespace, 'conntrack drop', 'packets dropped for want of a conntrack entry'),
  ];
  return { confidence, evidence };
}

/** The kernel log's complaints about this namespace. */
function logged(scene: Scene, namespace: string): Evidence[] {
  const inode = netnsOf(scene, namespace)?.inode;
  const notices = scene.inputs.dumps
    .flatMap(({ dump }) => (dump.content.kind === 'trace' ? (dump.content.trace.notices ?? []) : []))
    .filter(({ netns }) => netns === undefined || inode === undefined || netns === inode);
  const [first] = notices;
  if (!first) return [];
  const { path, line } = first.span;
  return [{ path, line, text: `"${first.text}"${notices.length > 1 ? `, ${notices.length} times` : ''}` }];
}
