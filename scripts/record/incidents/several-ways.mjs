/** More than one way out, and the kernel takes the other one. */
import { bridgedHost } from '../lib/networks.mjs';

export const severalWays = [
  {
    name: 'second-network-takes-the-default',
    title: 'a published port died when its container got a second network: the default route is the new one',
    hostname: 'pod-host-3',
    about: `
\`shop\` serves port 80 on the network \`front0\`; the host forwards 8080 to it. Then it was attached to \`store0\` as well, to reach a database. Each network
gave it a default route, and the newer one has the smaller metric. The host filters by reverse path on its bridges, as RHEL does.`,
    see: `
The SYN is on \`ens3\`, \`front0\` and on \`eth0\` of \`shop\`. The SYN-ACK leaves \`shop\` by \`eth1\` and is on \`store0\`, and no further:
\`TcpExtIPReversePathFilter\` of the host counts it. The neighbour on \`front0\` is answered.`,
    expect: [
      {
        protocol: 'tcp',
        client: '198.51.100.9',
        server: '198.51.100.41',
        port: 8080,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'route-multi-default',
        alsoAcceptable: ['rpf-strict-drop'],
        namespace: 'shop',
        namespaceAlso: ['host'],
        mustNot: [
          'route-reply-no-default',
          'sock-not-listening',
          'flt-forward-policy-drop',
          'route-asymmetric-reply',
          'lost-between-captures',
        ],
        fixCommandShouldContain: 'default via 10.55.1.1',
      },
      { protocol: 'tcp', client: '10.55.1.30', server: '10.55.1.20', port: 80 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['front0', '10.55.1.1/24'],
        members: [
          ['shop', 'eth0', '10.55.1.20/24', 'front0-s'],
          ['proxy', 'eth0', '10.55.1.30/24', 'front0-p'],
        ],
        uplink: ['ens3', '198.51.100.41/24'],
        gateway: '198.51.100.9',
      });
      const [shop, proxy] = inside;
      await host.sh(`
        iptables -t nat -A PREROUTING -d 198.51.100.41/32 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.55.1.20:80
        iptables -t nat -A POSTROUTING -s 10.55.1.0/24 ! -o front0 -j MASQUERADE
        iptables -t nat -A POSTROUTING -s 10.55.2.0/24 ! -o store0 -j MASQUERADE`);
      await shop.start('peer tcp-serve 0.0.0.0 80 shopd');
      await shop.sh('ip route del default; ip route add default via 10.55.1.1 dev eth0 metric 101');
      await lab.worksBefore(outside, 'peer tcp-ask 198.51.100.41 8080', 'before the second network');
      await host.sh('conntrack -F');
      await host.sh(
        'ip link add store0 type bridge; ip link set store0 up; ip addr add 10.55.2.1/24 dev store0',
      );
      await lab.wire(host, 'store0-s', shop, 'eth1');
      await host.sh(`
        ip link set store0-s master store0
        sysctl -qw net.ipv4.conf.front0.rp_filter=1 net.ipv4.conf.store0.rp_filter=1`);
      await shop.sh(
        'ip addr add 10.55.2.20/24 dev eth1; ip route add default via 10.55.2.1 dev eth1 metric 100',
      );
      await shop.sh('ping -n -c 1 10.55.2.1');
      const [uplink, front, store] = await lab.capture(host, ['ens3', 'front0', 'store0']);
      await lab.works(proxy, 'peer tcp-ask 10.55.1.20 80');
      await lab.fails(outside, 'peer tcp-ask 198.51.100.41 8080', /timed out/);
      await lab.captured();
      lab.seen(front, 'tcp[13] == 2 and dst host 10.55.1.20 and src host 198.51.100.9');
      lab.unseen(front, 'tcp[13] == 18 and dst host 198.51.100.9');
      lab.seen(store, 'tcp[13] == 18 and src host 10.55.1.20');
      lab.unseen(uplink, 'tcp[13] == 18');
      await lab.counted(host, 'TcpExtIPReversePathFilter', 1);
      await lab.dump(host);
      await lab.dump(shop);
      await lab.repaired(
        shop,
        'ip route del default via 10.55.2.1 dev eth1 metric 100; ip route replace default via 10.55.1.1 dev eth0',
        outside,
        'peer tcp-ask 198.51.100.41 8080',
      );
    },
  },
  {
    name: 'every-other-address-is-dead',
    title: 'half of the internet is unreachable: one of two next hops of the default route leads nowhere',
    hostname: 'gw-hostel',
    about: `
A gateway with two providers and one default route with a next hop at each (ECMP). The second provider’s router still answers ARP, and its line is dead.
Which next hop a connection takes, the kernel computes of its addresses: some servers are always reached, others never.`,
    see: `
SYNs to some servers leave by \`wan0\` and are answered; those to the others leave by \`wan1\`, properly translated, and nothing ever comes in there.`,
    expect: [],
    async record(lab) {
      const { host } = lab;
      const servers = Array.from({ length: 8 }, (_, index) => `192.0.2.${17 + 9 * index}`);
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['rooms0', '10.101.0.1/20'],
        members: [['guest', 'eth0', '10.101.4.77/20', 'rooms0-g']],
        uplink: ['wan0', '198.51.100.130/24'],
        gateway: '198.51.100.1',
        remotes: servers,
      });
      const [guest] = inside;
      const second = await lab.machine('provider-2');
      await lab.wire(host, 'wan1', second, 'eth0');
      await second.sh(
        'ip addr add 203.0.113.1/24 dev eth0; sysctl -qw net.ipv4.ip_forward=1; ip route add blackhole default',
      );
      await host.sh(`
        ip addr add 203.0.113.130/24 dev wan1
        ip route replace default nexthop via 198.51.100.1 dev wan0 nexthop via 203.0.113.1 dev wan1
        iptables -t nat -A POSTROUTING -s 10.101.0.0/20 -o wan0 -j MASQUERADE
        iptables -t nat -A POSTROUTING -s 10.101.0.0/20 -o wan1 -j MASQUERADE`);
      for (const server of servers) await outside.start(`peer tcp-serve ${server} 443 nginx`);
      // Its hash is drawn at boot: which servers are dead is asked first.
      const way = async (server) =>
        /dev (\S+)/.exec(await host.sh(`ip route get ${server} from 10.101.4.77 iif rooms0`))?.[1];
      const ways = await Promise.all(servers.map(way));
      const dead = servers.filter((_, index) => ways[index] === 'wan1').slice(0, 2);
      const alive = servers.filter((_, index) => ways[index] === 'wan0').slice(0, 3);
      if (dead.length < 2 || alive.length < 2) throw new Error(`all go one way: ${ways}`);
      this.expect = [
        ...dead.map((server) => ({
          protocol: 'tcp',
          client: '10.101.4.77',
          server,
          port: 443,
          status: 'no-reply',
          cause: 'route-multi-default',
          namespace: 'host',
          mustNot: ['ext-drop-after-host', 'nat-masquerade-missing', 'lost-between-captures'],
          fixCommandShouldContain: 'ip route replace default via 198.51.100.1 dev wan0',
        })),
        ...alive.map((server) => ({ protocol: 'tcp', client: '10.101.4.77', server, port: 443 })),
      ];
      const [inner, first, other] = await lab.capture(host, ['rooms0', 'wan0', 'wan1']);
      for (const server of alive) await lab.works(guest, `peer tcp-ask ${server} 443`);
      for (const server of dead) await lab.fails(guest, `peer tcp-ask ${server} 443`, /timed out/);
      await lab.captured();
      for (const server of dead) {
        lab.seen(inner, `tcp[13] == 2 and dst host ${server}`);
        lab.seen(other, `tcp[13] == 2 and dst host ${server} and src host 203.0.113.130`);
        lab.unseen(first, `host ${server}`);
      }
      lab.unseen(other, 'ip dst host 203.0.113.130');
      await lab.dump(host);
      await lab.dump(guest, { form: 'text' });
      await lab.repaired(
        host,
        'ip route replace default via 198.51.100.1 dev wan0',
        guest,
        `peer tcp-ask ${dead[0]} 443`,
      );
    },
  },
];
