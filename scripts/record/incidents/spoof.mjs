/** Networks that let a machine send from its own addresses only. */
import { bridgedHost } from '../lib/networks.mjs';

export const spoof = [
  {
    name: 'cloud-drops-foreign-sources',
    title:
      'pods can’t reach pods of the other node, the nodes can: the network drops sources that aren’t a machine’s own',
    hostname: 'node-a',
    about: `
Two nodes in a cloud network whose route table leads each pod subnet to its node. Pods are routed without translation inside the cluster.
Source checks are still on: the network takes from a machine only packets of the machine's own address (here: a router's filter by source).`,
    see: `
SYNs of the pod 10.200.1.14 leave \`ens5\` of the node, with the right next hop, and never arrive on \`node-b\`. What the node itself sends to the same pod on
the same port arrives there and is answered.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.200.1.14',
        server: '10.200.2.30',
        port: 7070,
        status: 'no-reply',
        cause: 'ext-antispoof',
        namespace: 'host',
        mustNot: [
          'nat-masquerade-missing',
          'nat-masquerade-mismatch',
          'route-missing-return',
          'ext-drop-after-host',
          'flt-forward-policy-drop',
          'lost-between-captures',
        ],
        fixCommandShouldContain: 'source/destination check',
      },
      { protocol: 'tcp', client: '172.30.8.10', server: '10.200.2.30', port: 7070 },
      { protocol: 'icmp', client: '172.30.8.10', server: '10.200.2.30' },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['cbr0', '10.200.1.1/24'],
        members: [['indexer', 'eth0', '10.200.1.14/24', 'vethx1']],
        uplink: ['ens5', '172.30.8.10/24'],
        gateway: '172.30.8.1',
      });
      const [indexer] = inside;
      const other = await lab.machine('node-b');
      await lab.wire(outside, 'side-b', other, 'ens5');
      await outside.sh(`
        ip addr add 172.30.9.1/24 dev side-b
        ip route add 10.200.1.0/24 via 172.30.8.10; ip route add 10.200.2.0/24 via 172.30.9.20
        iptables -A FORWARD -i eth0 ! -s 172.30.8.10 -j DROP
        iptables -A FORWARD -i side-b ! -s 172.30.9.20 -d 10.200.1.0/24 -j DROP`);
      await other.sh(`
        ip addr add 172.30.9.20/24 dev ens5; ip route add default via 172.30.9.1
        ip addr add 10.200.2.30/32 dev lo`);
      await other.start('peer tcp-serve 10.200.2.30 7070 searchd');
      await host.sh('iptables -t nat -A POSTROUTING -s 10.200.1.0/24 ! -d 10.200.0.0/16 -j MASQUERADE');
      const [bridge, uplink] = await lab.capture(host, ['cbr0', 'ens5']);
      const far = await lab.capture(other, 'ens5');
      await lab.works(host, 'peer tcp-ask 10.200.2.30 7070');
      await lab.works(host, 'ping -n -c 2 -i 0.3 10.200.2.30');
      await lab.fails(indexer, 'peer tcp-ask 10.200.2.30 7070', /timed out/);
      await lab.captured();
      lab.seen(bridge, 'tcp[13] == 2 and src host 10.200.1.14');
      lab.seen(uplink, 'tcp[13] == 2 and src host 10.200.1.14 and dst host 10.200.2.30');
      lab.seen(far, 'tcp[13] == 2 and src host 172.30.8.10');
      lab.unseen(far, 'host 10.200.1.14');
      await lab.dump(host);
      await lab.dump(indexer, { form: 'text' });
      await lab.dump(other, { form: 'text', only: ['ip-addr', 'ip-route', 'ss'], plus: ['nstat-all'] });
      await lab.repaired(outside, 'iptables -F FORWARD', indexer, 'peer tcp-ask 10.200.2.30 7070');
      await outside.sh('iptables -A FORWARD -i eth0 ! -s 172.30.8.10 -j DROP');
      await lab.repaired(
        host,
        'conntrack -F; iptables -t nat -A POSTROUTING -s 10.200.1.0/24 -o ens5 -j MASQUERADE',
        indexer,
        'peer tcp-ask 10.200.2.30 7070',
      );
    },
  },
];
