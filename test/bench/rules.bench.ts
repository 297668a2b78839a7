/** What rules cost: reading them, and packets through them with their traces. */
import { bench, describe } from 'vitest';
import { kubeProxy } from '../../scripts/bench/rulesets/kube-proxy.mjs';
import { linearPorts } from '../../scripts/bench/rulesets/linear.mjs';
import { buildSkb } from '../../src/skb/build.ts';
import { parseSave } from '../../src/xtables/parse.ts';
import { ip, network } from '../netstack/support/lab.ts';

const RULES = 2000;
const KUBE = kubeProxy(RULES);
const RULESETS = { 'kube-proxy': KUBE.text, 'linear --dport': linearPorts(RULES) };

function router(iptables: string) {
  const host = {
    links: ['eth0 192.0.2.1/24', 'eth1 10.244.0.1/16'],
    sysctl: { 'net.ipv4.ip_forward': 1 },
    iptables,
  };
  return network({ host }, []).world;
}

/** To a service of kube-proxy's, or to nobody in particular. */
function packet(destination: string, port: number, sourcePort: number, protocol: 6 | 17) {
  return buildSkb({
    ...{ source: ip('192.0.2.9'), destination: ip(destination), protocol, sourcePort, destinationPort: port },
    ...(protocol === 6 ? { tcpFlags: 2 } : { payload: 20 }),
    time: 1000,
  });
}

describe.each(Object.entries(RULESETS))(`${RULES} rules of %s`, (name, text) => {
  bench('read from iptables-save', () => void parseSave(text, 'rules.v4'), { time: 200 });

  const at = { namespace: 'host', name: 'eth0' };
  const world = router(text);
  let flows = 0;
  bench('first packet of a flow, the whole path', () => {
    const flow = flows++;
    const port = 1024 + (flow % 60000);
    if (name === 'kube-proxy') {
      const service = KUBE.services[flow % KUBE.services.length];
      if (service)
        world.receive(at, packet(service.address, service.port, port, service.protocol === 'tcp' ? 6 : 17));
    } else {
      world.receive(at, packet('10.244.0.9', 60001, port, 17));
    }
  });
});
