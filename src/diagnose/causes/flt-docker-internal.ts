import { ruleCause } from '../rule-cause.ts';

export const fltDockerInternal = ruleCause({
  id: 'flt-docker-internal',
  title: 'The Docker network is internal',
  page: () => ({
    symptom: 'Nothing gets out of the container, and published ports are ignored.',
    mechanism:
      'A network made with --internal gets rules that drop everything leaving its subnet or coming into it.',
    check: 'docker network inspect (Internal: true)',
    proof:
      'The packet is seen on the internal bridge and nowhere else; the isolation rule counts, or the container has no default route.',
    refutation: 'The network is not internal, or the packet leaves by the uplink.',
    settledBy: ['docker network inspect NETWORK', 'iptables-save -c'],
    repair: 'Attach the container to a normal network as well.',
    references: ['moby/moby#36174'],
  }),
  verb: 'can’t leave the internal network:',
  advice:
    'The network was made with --internal, which is meant to do this. Attach the container to a normal network as well.',
});
