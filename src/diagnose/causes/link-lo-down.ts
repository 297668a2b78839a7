import { isLoopback, ownersOf } from '../../correlate/owner.ts';
import { formatIp } from '../../net/ip.ts';
import { type Case, netnsOf } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { counterEvidence, describeSighting, seenAt } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { capital, nameOf } from '../words.ts';

const page = modelCause({
  id: 'link-lo-down',
  title: 'The loopback interface is down',
  severity: 'error',
  page: () => ({
    symptom:
      'ping 127.0.0.1 says "Network is unreachable" in a new namespace, or times out; the namespace’s own addresses can’t be reached from inside.',
    mechanism:
      'A new network namespace starts with lo down. Until it is set up there is no local route for 127/8, and packets to the namespace’s own addresses, which also go over lo, are dropped at its queue.',
    check: 'ip link show lo (state DOWN)',
    proof:
      'lo without UP in that namespace; what it sends to itself has no answer, or packets to 127.0.0.1 are captured on another interface.',
    refutation:
      'lo is UP, or an answer on lo was captured. That others reach the same address says nothing: they come over the wire.',
    settledBy: ['ip link show lo', 'ip route show table local', 'nstat -az IpOutNoRoutes'],
    repair: 'Set lo up, in whatever script makes the namespace.',
    references: [
      'net/ipv4/devinet.c: inetdev_event() (127.0.0.1/8 comes with lo going up)',
      'drivers/net/loopback.c: loopback_net_init()',
      'net/sched/sch_generic.c: noop_enqueue()',
      'ip-link(8)',
    ],
  }),
  tell(kase, drop) {
    const lo = netnsOf(kase, drop.namespace)?.links?.find((link) => link.name === 'lo');
    return {
      title: `lo is down in ${nameOf(kase, drop.namespace)}`,
      explanation:
        'Traffic of a namespace to itself goes over lo, whichever of its addresses is used, and lo is down: as it is in ' +
        'every new namespace. Others still reach the same address over the wire, which makes it look like a problem of the program.',
      interface: 'lo',
      evidence: lo ? [{ path: lo.span.path, line: lo.span.line, text: 'lo is not UP' }] : [],
      fix: [{ namespace: drop.namespace, text: 'ip link set lo up' }],
    };
  },
});

const LOOPBACK = 0x7f000001;

export const linkLoDown: Cause = {
  ...page,
  find: (kase) => page.find?.(kase) ?? leaked(kase),
  survey(scene) {
    return [...scene.snapshot.namespaces.values()].flatMap((netns) => {
      const lo = netns.links?.find((link) => link.name === 'lo');
      if (!lo || netns.inferred || lo.flags.includes('UP')) return [];
      const where = nameOf(scene, netns.name);
      const counted = counterEvidence(scene, netns.name, 'IpOutNoRoutes', 'packets that had no route');
      return [
        {
          confidence: counted.length > 0 ? 0.8 : 0.7,
          title: `lo is down in ${where}`,
          explanation:
            `${capital(where)} can’t reach itself: 127.0.0.1 has no route (or leaves by the default route and gets lost), and its own addresses, which also go over lo, time out from inside. ` +
            'A new namespace starts like that. Others reach it all the same.',
          namespace: netns.name,
          interface: 'lo',
          severity: counted.length > 0 ? 'error' : 'warning',
          status: 'unknown',
          probe: { from: LOOPBACK, to: LOOPBACK },
          evidence: [
            { path: lo.span.path, line: lo.span.line, text: `lo: <${lo.flags.join(',')}>` },
            ...counted,
          ],
          fix: [{ namespace: netns.name, text: 'ip link set lo up' }],
        },
      ];
    });
  },
};

/** With lo down and a default route, what a program sends to 127.0.0.1 leaves by that route. */
function leaked(kase: Case): Found | undefined {
  const { flow, outcome } = kase;
  const seen = flow.legs[0]?.forward.kept[0];
  const namespace = ownersOf(kase.snapshot, flow.client.address)[0]?.netns.name;
  if (!seen || outcome.status === 'delivered' || !isLoopback(flow.server.address)) return undefined;
  const point = kase.correlation.points[seen.point];
  const lo = (namespace === undefined ? undefined : netnsOf(kase, namespace))?.links?.find(
    (link) => link.name === 'lo',
  );
  if (!point || point.interface === 'lo' || lo?.flags.includes('UP')) return undefined;
  const where = namespace === undefined ? formatIp(flow.client.address) : nameOf(kase, namespace);
  return {
    confidence: lo ? 0.97 : 0.8,
    title: `lo is down in ${where}: packets to 127.0.0.1 leave by ${point.interface}`,
    explanation:
      `A program in ${where} talks to 127.0.0.1. lo is down there, so there is no local route for loopback addresses; the default route takes the packet, and it leaves by ` +
      `${point.interface} to the gateway, which drops a packet to 127.0.0.1 as a martian. The program sees a timeout.`,
    ...(namespace !== undefined && { namespace }),
    interface: 'lo',
    status: 'no-reply',
    evidence: [
      seenAt(
        kase,
        seen,
        `${describeSighting(seen)} on ${point.namespace}:${point.interface}, where a loopback address never belongs`,
      ),
      ...(lo ? [{ path: lo.span.path, line: lo.span.line, text: `lo: <${lo.flags.join(',')}>` }] : []),
    ],
    fix: namespace === undefined ? [] : [{ namespace, text: 'ip link set lo up' }],
    effect: lo ? '' : 'Set lo up in the namespace of the sender.',
  };
}
