import { modelCause } from '../model-cause.ts';
import { nameOf } from '../words.ts';

export const srcAddrSelection = modelCause({
  id: 'src-addr-selection',
  title: 'The answer comes from another address',
  severity: 'error',
  symptom: 'UDP clients ignore the answer, though it arrives: it is from an address they never asked.',
  mechanism:
    'A server bound to 0.0.0.0 that does not ask for the destination address answers from the address that the route prefers. A connected socket or conntrack does not recognise it.',
  check: 'ss -lun (0.0.0.0); tcpdump: the answer’s source',
  tell(kase, drop) {
    const where = nameOf(kase, drop.namespace);
    return {
      title: `${where} answers from another address than the one that was asked`,
      explanation: `The answer leaves with the address that routing prefers, not with the one the question was sent to, so the client (and connection tracking on the way) takes it for something else.`,
      effect: 'Bind the server to the address it is asked by.',
    };
  },
});
