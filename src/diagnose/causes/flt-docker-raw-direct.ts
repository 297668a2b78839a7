import { ruleCause } from '../rule-cause.ts';

export const fltDockerRawDirect = ruleCause({
  id: 'flt-docker-raw-direct',
  title: 'Docker drops direct access to container addresses',
  page: () => ({
    symptom:
      'Routed access to a container’s own address stops with Docker 28; FORWARD and DOCKER-USER count nothing.',
    mechanism:
      'Since Docker 28 raw PREROUTING drops packets to container addresses that do not come in by their bridge, before connection tracking and before any filter chain.',
    check: 'iptables-save -t raw -c',
    proof:
      'The SYN for the container’s address comes in and is seen no further; the raw PREROUTING rule counts, and there is no conntrack entry.',
    refutation: 'The packet reaches FORWARD (a counter there grows) or the bridge.',
    settledBy: ['iptables-save -t raw -c', 'conntrack -L -d ADDRESS'],
    repair:
      'Use the published port, or the network’s gateway mode nat-unprotected or routed, or trusted_host_interfaces.',
    references: [
      'include/uapi/linux/netfilter_ipv4.h: NF_IP_PRI_RAW (-300)',
      'moby/moby#51015',
      'moby/moby#48597',
      'moby/moby#48724',
    ],
  }),
  verb: 'to the container’s own address is dropped by',
  advice:
    'Use the published port, or create the network with com.docker.network.bridge.gateway_mode_ipv4=nat-unprotected or routed.',
});
