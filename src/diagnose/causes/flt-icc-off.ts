import { ruleCause } from '../rule-cause.ts';

export const fltIccOff = ruleCause({
  id: 'flt-icc-off',
  title: 'Inter-container communication is off',
  page: () => ({
    symptom: 'Two containers on one bridge can’t talk, though ARP works.',
    mechanism:
      'With icc=false Docker adds -i BRIDGE -o BRIDGE -j DROP to FORWARD; it takes effect only while bridge-nf-call-iptables is 1.',
    check: 'docker network inspect (enable_icc: false); iptables -L FORWARD -nv',
    proof: 'ARP passes between the containers, IP stays on the first veth; the bridge-to-itself DROP counts.',
    refutation: 'The packet is on the second veth, or br_netfilter does not call iptables.',
    settledBy: ['iptables-save -c', 'sysctl net.bridge.bridge-nf-call-iptables'],
    repair: 'Allow inter-container communication, or use a network of their own.',
    references: ['net/bridge/br_netfilter_hooks.c: br_nf_forward()', 'moby/moby#48492'],
  }),
  verb: 'to another container of the same bridge is dropped by',
  advice: 'Create the network with icc enabled, or accept just this traffic in DOCKER-USER.',
});
