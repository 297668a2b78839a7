import { modelCause } from '../model-cause.ts';
import { nameOf } from '../words.ts';

export const natSelfHairpin = modelCause({
  id: 'nat-self-hairpin',
  title: 'A container can’t reach itself by its published address',
  severity: 'error',
  symptom: 'The container’s own published port times out from inside, and works for everybody else.',
  mechanism:
    'The packet leaves the container, is translated to the container’s own address, and comes back with that address as source too: a martian to the container. It needs MASQUERADE, and on a bridge with br_netfilter hairpin mode of the port as well.',
  check: 'iptables -t nat -S POSTROUTING (-s X -d X MASQUERADE); bridge -d link (hairpin)',
  tell(kase, drop) {
    const where = nameOf(kase, drop.namespace);
    return {
      title: `the packet comes back to its own sender ${where} untranslated`,
      explanation: `DNAT sends the packet back to the very container it came from. Its source is still that container’s address, so the container sees a packet from itself arriving by its interface and drops it as a martian (or the bridge does not send it back by the port it came from).`,
      effect: 'MASQUERADE -s ADDRESS -d ADDRESS for it, and: bridge link set dev PORT hairpin on',
    };
  },
});
