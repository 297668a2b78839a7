import { ruleCause } from '../rule-cause.ts';

export const fltDockerRawDirect = ruleCause({
  id: 'flt-docker-raw-direct',
  title: 'Docker drops direct access to container addresses',
  symptom:
    'Routed access to a container’s own address stops with Docker 28; FORWARD and DOCKER-USER count nothing.',
  mechanism:
    'Since Docker 28 raw PREROUTING drops packets to container addresses that do not come in by their bridge, before connection tracking and before any filter chain.',
  check: 'iptables-save -t raw -c',
  verb: 'to the container’s own address is dropped by',
  advice:
    'Use the published port, or create the network with com.docker.network.bridge.gateway_mode_ipv4=nat-unprotected or routed.',
});
