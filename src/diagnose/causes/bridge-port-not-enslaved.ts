import { modelCause } from '../model-cause.ts';
import { nameOf } from '../words.ts';

export const bridgePortNotEnslaved = modelCause({
  id: 'bridge-port-not-enslaved',
  title: 'A veth end is not a port of its bridge',
  severity: 'error',
  symptom:
    'ARP for the gateway is answered, requests even leave the host, and no answer ever reaches the namespace.',
  mechanism:
    'The host answers ARP on the bare veth as well (it answers for any of its addresses on any interface), so requests get in. Answers are routed to the bridge, where the namespace is not.',
  check: 'bridge link; ip link (no "master" on the veth)',
  tell(kase, drop) {
    const where = nameOf(kase, drop.namespace);
    return {
      title: `an interface of ${where} that should be a port of the bridge is none`,
      explanation: `The host looks for the namespace on the bridge, and the namespace’s veth end was never made a port of it (or was taken out). ARP on the bridge stays unanswered, so the answer dies there, while requests still come in by the bare interface.`,
    };
  },
});
