import type { Leg, Sighting } from '../../correlate/flow.ts';
import { wasCapturing } from '../../correlate/points.ts';
import { PROTOCOL } from '../../net/protocol.ts';
import { type Case, netnsOf } from '../case.ts';
import type { Cause } from '../cause.ts';
import { counterEvidence, seenAt } from '../evidence.ts';
import { capital, nameOf } from '../words.ts';

export const ctDnsRace: Cause = {
  id: 'ct-dns-race',
  title: 'Two queries sent at once race for one conntrack entry, and one is lost',
  severity: 'error',
  page: () => ({
    symptom:
      'Looking up names takes five seconds more now and then, mostly in containers behind NAT; it always works in the end.',
    mechanism:
      'A resolver sends its A and AAAA queries at the same moment from one socket. Both begin the same connection; where they are handled on two CPUs each makes an entry, and when the second is to be confirmed the first stands there already. Older kernels then drop it (insert_failed); since 5.0 and 5.6 most such clashes are resolved (clash_resolve).',
    check:
      'conntrack -S (insert_failed and drop grow with each slow lookup); tcpdump on both sides: two queries, one goes on, the same query again 5 s later',
    proof:
      'Of two queries of one socket, sent within milliseconds, only one is seen behind the translating host; the other is sent again after the resolver’s timeout, goes through and is answered; insert_failed is above zero.',
    refutation:
      'Both queries behind the host: then it is the server or the way there. Queries that are lost alone: then it is some other loss. clash_resolve without insert_failed: the kernel resolved them.',
    settledBy: ['conntrack -S', 'captures on both sides of the host'],
    repair:
      'A caching resolver on the node (no NAT on the way), options single-request-reopen in resolv.conf (glibc), DNS over TCP, or a newer kernel.',
    references: [
      'net/netfilter/nf_conntrack_core.c: __nf_conntrack_confirm(), nf_ct_resolve_clash()',
      'resolv.conf(5): single-request-reopen',
      'kubernetes/kubernetes#56903',
      'kubernetes/kubernetes#62628',
      'weaveworks/weave#3287',
    ],
  }),
  find(kase) {
    const { flow, hypothetical } = kase;
    if (hypothetical || flow.protocol !== PROTOCOL.udp || flow.server.port !== 53) return undefined;
    const race = raceOf(kase);
    if (!race) return undefined;
    const { lost, twin, again, namespace, quiet } = race;
    const failed = netnsOf(kase, namespace)?.counters?.get('conntrack insert_failed');
    const where = nameOf(kase, namespace);
    const name = lost.dns?.questions[0]?.name ?? 'the name';
    const delay = again.time - lost.time;
    return {
      // Without the counter any chance loss of just this packet looks the same.
      confidence: failed === undefined ? 0.55 : failed.value > 0 ? 0.92 : 0.3,
      title: `one of two queries for ${name}, sent at once, is lost in ${where}; ${delay.toFixed(0)} s later it is asked again`,
      explanation:
        `Both queries leave the same socket within ${Math.max(1, Math.round(Math.abs(lost.time - twin.time) * 1000))} ms, so they are the first packets of one connection. ${capital(where)} passes on one; the other is never seen behind it. ` +
        (failed && failed.value > 0
          ? `conntrack counts insert_failed: an entry for the connection stood there already when the second was to be confirmed, and its packet was dropped.`
          : `If insert_failed of conntrack -S grows with it, the two raced for one entry.`) +
        ` The resolver waits for its timeout and asks again, which works.`,
      namespace,
      status: 'degraded',
      evidence: [
        seenAt(kase, twin, 'one of the two queries, which goes on'),
        seenAt(kase, lost, 'the other, which is not seen any more'),
        { path: quiet, text: 'only one of them is among its packets until it is asked again' },
        seenAt(kase, again, `the same query again, ${delay.toFixed(1)} s later`),
        ...counterEvidence(
          kase,
          namespace,
          'conntrack insert_failed',
          'connections that could not be entered',
        ),
        ...counterEvidence(
          kase,
          namespace,
          'conntrack drop',
          'packets dropped for want of a conntrack entry',
        ),
      ],
      fix: [],
      effect:
        'options single-request-reopen in /etc/resolv.conf of the clients (glibc), a caching resolver on this host, or a kernel that resolves such clashes (5.6 or newer).',
    };
  },
};

interface Race {
  readonly lost: Sighting;
  readonly twin: Sighting;
  readonly again: Sighting;
  readonly namespace: string;
  /** Capture behind the translation. */
  readonly quiet: string;
}

/** Sent at the same moment. */
const TOGETHER = 0.02;
/** Resolvers ask again after a second at the soonest. */
const RETRY = 0.9;

/** Two queries at one point of a namespace, one of them at another point of it, and the other again later. */
function raceOf(kase: Case): Race | undefined {
  const { flow, correlation } = kase;
  for (const inner of flow.legs) {
    const point = correlation.points[inner.point];
    const queries = inner.forward.kept.filter(({ dns }) => dns && !dns.response);
    // One that is lost, its twin, and the one again.
    if (queries.length < 3) continue;
    for (const outer of flow.legs) {
      const beyond = correlation.points[outer.point];
      if (!point || !beyond || outer.point === inner.point || beyond.namespace !== point.namespace) continue;
      // The translation lies between them.
      if (outer.client.address === inner.client.address || outer.forward.packets === 0) continue;
      const lost = queries.find(
        (query) => !passed(outer, query) && wasCapturing(beyond, flow.protocol, query.time) !== 'no',
      );
      const twin = queries.find(
        (query) =>
          lost !== undefined &&
          query.dns?.id !== lost.dns?.id &&
          Math.abs(query.time - lost.time) < TOGETHER &&
          passed(outer, query),
      );
      const again = queries.find(
        (query) =>
          lost !== undefined &&
          query.dns?.id === lost.dns?.id &&
          query.time > lost.time + RETRY &&
          passed(outer, query),
      );
      if (lost && twin && again) return { lost, twin, again, namespace: point.namespace, quiet: beyond.path };
    }
  }
  return undefined;
}

function passed(outer: Leg, query: Sighting): boolean {
  return outer.forward.kept.some(
    (seen) => seen.dns?.id === query.dns?.id && Math.abs(seen.time - query.time) < RETRY / 2,
  );
}
