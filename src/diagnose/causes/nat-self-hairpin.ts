import { rewrites } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { iptablesOf, nameOf } from '../words.ts';

export const natSelfHairpin = modelCause({
  id: 'nat-self-hairpin',
  from: ['martian-drop'],
  title: 'A container can’t reach itself by its published address',
  severity: 'error',
  symptom: 'The container’s own published port times out from inside, and works for everybody else.',
  mechanism:
    'The packet leaves the container, is translated to the container’s own address, and comes back with that address as source too: a martian to the container. It needs MASQUERADE, and on a bridge with br_netfilter hairpin mode of the port as well.',
  check: 'iptables -t nat -S POSTROUTING (-s X -d X MASQUERADE); bridge -d link (hairpin)',
  tell(kase, drop) {
    const { source, destination } = drop.trace.final;
    const rewrite = rewrites(drop.trace).find(({ manip }) => manip === 'dst');
    if (drop.cause === 'martian-drop' && (source !== destination || !rewrite)) return undefined;
    const translator = rewrite?.namespace ?? 'host';
    const where = nameOf(kase, drop.namespace);
    return {
      title: `the packet comes back to its own sender ${where} untranslated`,
      explanation: `DNAT sends the packet back to the very container it came from. Its source is still that container’s address, so the container sees a packet from itself arriving by its interface and drops it as a martian (or the bridge does not send it back by the port it came from).`,
      fix: [
        {
          namespace: translator,
          text: `${iptablesOf(kase)} -t nat -A POSTROUTING -s ${source} -d ${source} -j MASQUERADE`,
        },
      ],
      effect:
        'Where br_netfilter translates at the port, the port needs hairpin mode as well: bridge link set dev PORT hairpin on.',
    };
  },
});
