/** What a bridge does with its ports: one that isn't a port, isolation, spanning tree, moved addresses. */

export const switching = [
  {
    name: 'port-left-out-of-the-bridge',
    title: 'a veth end was never made a port of its bridge: ARP is answered, echo replies are not delivered',
    hostname: 'shop-3',
    about: `
\`scale\` and \`till\` are to be ports of \`lanbr\`. \`p-scale\` is up and has no master: the network service was
restarted and took it out.`,
    see: `
\`scale\` asks who has 10.41.16.1 and gets an answer, since the host answers for its addresses on every interface. The
echo request arrives on \`p-scale\`. The reply is routed to \`lanbr\`, where the host asks who has 10.41.16.9 and hears
nothing. \`bridge link\` doesn't list \`p-scale\`.`,
    expect: [
      {
        protocol: 'icmp',
        client: '10.41.16.9',
        server: '10.41.16.1',
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'bridge-port-not-enslaved',
        namespace: 'host',
        interface: 'p-scale',
        mustNot: [
          'neigh-failed',
          'route-wrong-gateway',
          'link-down',
          'dup-ip',
          'bridge-no-ip',
          'flt-input-drop',
        ],
        fixCommandShouldContain: 'ip link set p-scale master lanbr',
      },
      { protocol: 'icmp', client: '10.41.16.8', server: '10.41.16.1' },
    ],
    async record(lab) {
      const { host } = lab;
      const till = await lab.netns('till');
      const scale = await lab.netns('scale');
      await lab.bridge(host, 'lanbr', '10.41.16.1/22', [
        [till, 'eth0', '10.41.16.8/22', 'p-till'],
        [scale, 'eth0', '10.41.16.9/22', 'p-scale'],
      ]);
      await host.sh('ip link set p-scale nomaster');
      const own = await lab.capture(scale, 'eth0');
      const [port, bridge] = await lab.capture(host, ['p-scale', 'lanbr']);
      await lab.works(till, 'ping -n -c 1 10.41.16.1');
      await lab.fails(scale, 'ping -n -c 3 -W 1 10.41.16.1', /100% packet loss/);
      await lab.captured();
      lab.seen(own, 'arp[7] == 2 and src host 10.41.16.1');
      lab.seen(port, 'icmp[0] == 8 and src host 10.41.16.9', 3);
      lab.seen(bridge, 'arp[7] == 1 and dst host 10.41.16.9');
      lab.unseen(own, 'icmp[0] == 0');
      await lab.dump(host);
      await lab.dump(scale, { form: 'text' });
      await lab.dump(till, { form: 'text', only: ['ip-addr', 'ip-neigh'] });
      await lab.repaired(host, 'ip link set p-scale master lanbr', scale, 'ping -n -c 1 -W 2 10.41.16.1');
    },
  },
  {
    name: 'isolated-ports',
    title: 'two guests on one bridge never hear of one another: both ports are isolated',
    about: `
The guest network keeps its guests apart: \`v-ana\` and \`v-ben\` are isolated ports of \`guestbr\`. \`ana\` wants to send
a file to \`ben\`. Both reach the gateway.`,
    see: `
"Who has 10.91.0.22" on \`v-ana\` and on the bridge, never on \`v-ben\`, and no answer. \`bridge -d link\` says
\`isolated on\` for both. No firewall rule has counted anything.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.91.0.21',
        server: '10.91.0.22',
        port: 8022,
        status: 'no-reply',
        statusAlso: ['dropped', 'unknown'],
        cause: 'bridge-port-filtered',
        namespace: 'host',
        observed: false,
        mustNot: [
          'neigh-failed',
          'link-down',
          'flt-bridge-nf-drop',
          'bridge-port-not-enslaved',
          'lost-between-captures',
        ],
        fixCommandShouldContain: 'isolated off',
      },
      { protocol: 'icmp', client: '10.91.0.21', server: '10.91.0.1' },
    ],
    async record(lab) {
      const { host } = lab;
      const ana = await lab.netns('ana');
      const ben = await lab.netns('ben');
      await lab.bridge(host, 'guestbr', '10.91.0.1/26', [
        [ana, 'eth0', '10.91.0.21/26', 'v-ana'],
        [ben, 'eth0', '10.91.0.22/26', 'v-ben'],
      ]);
      await host.sh('bridge link set dev v-ana isolated on; bridge link set dev v-ben isolated on');
      await ben.start('peer tcp-serve 0.0.0.0 8022 croc');
      const [from, to] = await lab.capture(host, ['v-ana', 'v-ben']);
      const own = await lab.capture(ana, 'eth0');
      await lab.works(ana, 'ping -n -c 2 -i 0.5 10.91.0.1');
      await lab.fails(ana, 'peer tcp-ask 10.91.0.22 8022', /No route to host|timed out/);
      await lab.captured();
      lab.seen(own, 'arp[7] == 1 and dst host 10.91.0.22');
      lab.seen(from, 'arp[7] == 1 and dst host 10.91.0.22');
      lab.unseen(to, 'arp[7] == 1 and dst host 10.91.0.22');
      await lab.dump(host);
      await lab.dump(ana);
      await lab.dump(ben);
      await lab.repaired(host, 'bridge link set dev v-ana isolated off', ana, 'peer tcp-ask 10.91.0.22 8022');
    },
  },
  {
    name: 'spanning-tree-delay',
    title: 'no network for the first half minute: the port is still listening',
    about: `
\`kiosk\` was started a few seconds ago. \`hallbr\` runs spanning tree with the usual forward delay of 15 seconds, so the
new port \`p-kiosk\` listens for that long, learns for as long again, and only then forwards.`,
    see: `
\`kiosk\` asks who has 192.168.77.1: on its own \`eth0\` and on the port, not on the bridge, without an answer. The older
port's \`lamp\` works. \`bridge link\` shows \`p-kiosk\` in state listening. Half a minute later everything works.`,
    expect: [
      {
        protocol: 'icmp',
        client: '192.168.77.31',
        server: '192.168.77.1',
        status: 'no-reply',
        statusAlso: ['dropped', 'unknown'],
        cause: 'bridge-stp-delay',
        namespace: 'host',
        interface: 'p-kiosk',
        observed: false,
        mustNot: [
          'neigh-failed',
          'link-down',
          'bridge-port-filtered',
          'bridge-port-not-enslaved',
          'bridge-no-ip',
        ],
        fixCommandShouldContain: 'stp_state 0',
      },
      { protocol: 'icmp', client: '192.168.77.30', server: '192.168.77.1' },
    ],
    async record(lab) {
      const { host } = lab;
      const lamp = await lab.netns('lamp');
      const kiosk = await lab.netns('kiosk');
      await lab.bridge(host, 'hallbr', '192.168.77.1/24', [[lamp, 'eth0', '192.168.77.30/24', 'p-lamp']]);
      await host.sh('ip link set hallbr type bridge stp_state 1 forward_delay 1500');
      // The older port has had its half minute: its state is kept while spanning tree is switched on.
      await lab.wire(host, 'p-kiosk', kiosk, 'eth0');
      const [port, bridge] = await lab.capture(host, ['p-kiosk', 'hallbr']);
      const own = await lab.capture(kiosk, 'eth0');
      await host.sh('ip link set p-kiosk master hallbr');
      await kiosk.sh('ip addr add 192.168.77.31/24 dev eth0; ip route add default via 192.168.77.1');
      await lab.works(lamp, 'ping -n -c 1 192.168.77.1');
      await lab.fails(kiosk, 'ping -n -c 3 -W 1 192.168.77.1', /100% packet loss/);
      await lab.captured();
      lab.seen(own, 'arp[7] == 1 and dst host 192.168.77.1');
      lab.seen(port, 'arp[7] == 1 and dst host 192.168.77.1');
      lab.unseen(bridge, 'arp[7] == 1 and src host 192.168.77.31');
      await lab.dump(host, { plus: ['ip-link'] });
      await lab.dump(kiosk);
      const fix =
        'ip link set hallbr type bridge stp_state 0; ip link set p-kiosk down; ip link set p-kiosk up';
      await lab.repaired(host, fix, kiosk, 'ping -n -c 1 -W 2 192.168.77.1');
    },
  },
];
