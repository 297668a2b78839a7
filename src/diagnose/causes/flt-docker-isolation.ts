import { ruleCause } from '../rule-cause.ts';

export const fltDockerIsolation = ruleCause({
  id: 'flt-docker-isolation',
  title: 'Docker keeps its networks apart',
  symptom:
    'A container can’t reach a container of another network, nor a port that network publishes on the host’s address.',
  mechanism:
    'Docker drops forwarded packets that leave one of its bridges and enter another: DOCKER-ISOLATION-STAGE-1 notices the first bridge, STAGE-2 drops what goes out of a second one.',
  check: 'iptables -L DOCKER-ISOLATION-STAGE-2 -nv',
  verb: 'is kept from the other Docker network by',
  advice:
    'Docker’s isolation between networks is meant to do this. The clean way is a network that both containers are attached to.',
});
