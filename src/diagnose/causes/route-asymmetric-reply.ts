import { modelCause } from '../model-cause.ts';
import { nameOf } from '../words.ts';

export const routeAsymmetricReply = modelCause({
  id: 'route-asymmetric-reply',
  title: 'The answer takes another way',
  severity: 'error',
  symptom: 'Requests arrive, answers leave by another interface and get lost or are dropped as unknown.',
  mechanism:
    'Each direction is routed by itself. Where the ways differ, stateful filters and NAT on one of them see only half of the connection.',
  check: 'ip route get CLIENT (at the receiver)',
  tell(kase, drop) {
    const where = nameOf(kase, drop.namespace);
    return {
      title: `the answer leaves ${where} another way than the request came`,
      explanation: `The request came in by one interface, and the route for the answer leads out of another. What it meets there does not know the connection, and it is lost.`,
    };
  },
});
