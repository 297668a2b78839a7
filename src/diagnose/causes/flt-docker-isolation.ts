import { ruleCause } from '../rule-cause.ts';

export const fltDockerIsolation = ruleCause({
  id: 'flt-docker-isolation',
  title: 'Docker keeps its networks apart',
  page: () => ({
    symptom:
      'A container can’t reach a container of another network, nor a port that network publishes on the host’s address.',
    mechanism:
      'Docker drops forwarded packets that leave one of its bridges and enter another: DOCKER-ISOLATION-STAGE-1 notices the first bridge, STAGE-2 drops what goes out of a second one. Releases since moby/moby#49981 (2025) have neither chain: there only direct access to container addresses is dropped (flt-docker-raw-direct).',
    check: 'iptables -L DOCKER-ISOLATION-STAGE-2 -nv',
    proof:
      'The SYN is on the bridge of its own network and not on the other’s; the isolation chain’s DROP counts.',
    refutation: 'The packet is seen on the other bridge, or both containers share a network.',
    settledBy: ['iptables-save -c', 'docker network inspect NETWORK'],
    repair: 'Attach both containers to one network.',
    references: [
      'moby/moby#38784',
      'moby/moby#18354',
      'moby/moby#18882',
      'moby/moby#49981 (drops the isolation chains)',
    ],
  }),
  verb: 'is kept from the other Docker network by',
  advice:
    'Docker’s isolation between networks is meant to do this. The clean way is a network that both containers are attached to.',
});
