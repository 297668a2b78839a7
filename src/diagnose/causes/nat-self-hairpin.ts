import { rootOf } from '../../input/host.ts';
import { rewrites } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { iptablesOf, nameOf } from '../words.ts';

export const natSelfHairpin = modelCause({
  id: 'nat-self-hairpin',
  from: ['martian-drop'],
  title: 'A container can’t reach itself by its published address',
  severity: 'error',
  page: () => ({
    symptom: 'The container’s own published port times out from inside, and works for everybody else.',
    mechanism:
      'The packet leaves the container, is translated to the container’s own address, and comes back with that address as source too: a martian to the container. It needs MASQUERADE, and on a bridge with br_netfilter hairpin mode of the port as well.',
    check: 'iptables -t nat -S POSTROUTING (-s X -d X MASQUERADE); bridge -d link (hairpin)',
    proof:
      'Its SYN to the host’s address is seen once more with its own address as source and destination, coming in by its own interface; or, with br_netfilter, goes up to the bridge and doesn’t come back by the port it came from.',
    refutation:
      'The packet that comes back has an address of the host as its source: then it was masqueraded. Another namespace as target: nat-hairpin-same-bridge.',
    settledBy: ['iptables-save -c', 'bridge -d link show', 'sysctl net.bridge.bridge-nf-call-iptables'],
    repair:
      'MASQUERADE from the container’s address to itself; where bridged packets are translated at the port, hairpin mode of that port as well.',
    references: [
      'net/ipv4/fib_frontend.c: fib_validate_source(), drop reason IP_LOCAL_SOURCE',
      'net/bridge/br_forward.c: should_deliver(), BR_HAIRPIN_MODE',
      'moby/moby#6810',
      'moby/moby#12946',
      'kubernetes/kubernetes#20475',
    ],
  }),
  tell(kase, drop) {
    const { source, destination } = drop.trace.final;
    const rewrite = rewrites(drop.trace).find(({ manip }) => manip === 'dst');
    if (drop.cause === 'martian-drop' && (source !== destination || !rewrite)) return undefined;
    const translator = rewrite?.namespace ?? rootOf(drop.namespace);
    const where = nameOf(kase, drop.namespace);
    return {
      title: `the packet comes back to its own sender ${where} untranslated`,
      explanation:
        drop.cause === 'martian-drop'
          ? `DNAT in ${nameOf(kase, translator)} sends the packet back to where it came from. Its source is still ${source}, so ${where} sees a packet from its own address arriving by an interface and drops it as a martian.`
          : `DNAT at the bridge port sends the packet back to where it came from. A bridge doesn’t send a frame out by the port it came in by, unless that port is in hairpin mode, so it is dropped there.`,
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
