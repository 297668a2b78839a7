import { routeEvidence } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { ipOf, nameOf } from '../words.ts';

/** fib_props[] of RTN_BLACKHOLE, RTN_UNREACHABLE, RTN_PROHIBIT */
export const routeSpecialType = modelCause({
  id: 'route-special-type',
  title: 'A blackhole, unreachable or prohibit route',
  severity: 'error',
  symptom: 'Silence (blackhole), "host unreachable", or "packet filtered" though no firewall rule matches.',
  mechanism:
    'Such routes (or ip rules) end the packet in the routing decision: blackhole silently, unreachable with ICMP 3/1, prohibit with ICMP 3/13.',
  check: 'ip route show table all; ip rule; ip route get ADDRESS',
  tell(kase, drop) {
    const route = drop.trace.route ?? '';
    const kind = /\b(blackhole|unreachable|prohibit)\b/.exec(route)?.[0] ?? 'special';
    return {
      title: `${nameOf(kase, drop.namespace)} has a ${kind} route for ${drop.trace.final.destination}`,
      explanation:
        `Routing finds "${route}" for ${drop.trace.final.destination}. It was put there to stop this traffic: ` +
        (kind === 'blackhole'
          ? 'the packet vanishes without a word.'
          : 'the kernel drops the packet and tells the sender by ICMP.') +
        ' No iptables rule is involved, and FORWARD and OUTPUT are not even asked.',
      ...(route && { route }),
      status: kind === 'blackhole' ? 'dropped' : 'rejected',
      evidence: routeEvidence(drop.trace),
      fix: route ? [{ namespace: drop.namespace, text: `${ipOf(kase)} route del ${route}` }] : [],
    };
  },
});
