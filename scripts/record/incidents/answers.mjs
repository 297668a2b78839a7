/** Answers that end where they were asked for, and requests whose sender can't be answered. */
import { routed } from '../lib/networks.mjs';

export const answers = [
  {
    name: 'answers-stopped-at-the-asker',
    title: 'the answer is on the client’s own interface, and the program waits: its INPUT drops it',
    hostname: 'router-9',
    about: `
A workstation with a hand-made firewall: INPUT is DROP, and only TCP has a rule for established connections. LDAP by UDP is asked, answered, and the
answer ends a step before the program. It asks again and again, as such programs do.`,
    see: `
Questions and answers side by side on \`enp3s0\` of the workstation. The policy of its INPUT counts the answers.`,
    expect: [
      {
        protocol: 'udp',
        client: '10.119.1.61',
        server: '10.119.2.38',
        port: 389,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'flt-input-drop',
        namespace: 'workstation',
        rule: { table: 'filter', chain: 'INPUT', number: 3 },
        mustNot: ['ext-drop-after-host', 'lost-between-captures', 'flt-forward-policy-drop'],
        fixCommandShouldContain: 'RELATED,ESTABLISHED',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const workstation = await lab.netns('workstation');
      const directory = await lab.machine('directory');
      await routed(lab, {
        left: [workstation, 'enp3s0', '10.119.1.61/24'],
        router: [host, ['lan0', '10.119.1.1/24'], ['srv0', '10.119.2.1/24']],
        right: [directory, 'eth0', '10.119.2.38/24'],
      });
      await workstation.sh(`
        ip route add default via 10.119.1.1
        iptables -P INPUT DROP
        iptables -A INPUT -i lo -j ACCEPT
        iptables -A INPUT -p tcp -m conntrack --ctstate ESTABLISHED -j ACCEPT`);
      await directory.sh('ip route add default via 10.119.2.1');
      await directory.start('peer udp-serve 0.0.0.0 389 slapd');
      const own = await lab.capture(workstation, 'enp3s0');
      await lab.capture(host, 'lan0');
      await lab.fails(workstation, 'peer udp-ask 10.119.2.38 389');
      await lab.captured();
      lab.seen(own, 'udp and src port 389', 3);
      await lab.dump(workstation, { plus: ['iptables-save'] });
      await lab.dump(host, { form: 'text' });
      await lab.repaired(
        workstation,
        'iptables -I INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
        workstation,
        'peer udp-ask 10.119.2.38 389',
      );
    },
  },
  {
    name: 'no-way-back-not-even-a-loose-one',
    title: 'loose reverse path filtering drops it: the router has no route to the sender at all',
    hostname: 'branch',
    about: `
A second router between two networks. It knows the servers, and nobody told it of the network 10.120.1.0/24, whose requests another router sends it.
\`rp_filter\` is 2 on the transfer network: loose, which asks for some route to the sender. There is none.`,
    see: `
The requests come in on \`transit0\` and are nowhere after it; TcpExtIPReversePathFilter grows.`,
    expect: [
      {
        protocol: 'udp',
        client: '10.120.1.33',
        server: '10.120.3.12',
        port: 1812,
        status: 'dropped',
        statusAlso: ['no-reply'],
        cause: 'rpf-strict-drop',
        namespace: 'inner',
        mustNot: ['fwd-ip-forward-off', 'flt-forward-policy-drop', 'route-missing-return'],
        fixCommandShouldContain: 'ip route add 10.120.1.0/24 via 10.120.2.1',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const asker = await lab.machine('asker');
      const inner = await lab.netns('inner');
      const radius = await lab.machine('radius');
      await routed(lab, {
        left: [asker, 'eth0', '10.120.1.33/24'],
        router: [host, ['branch0', '10.120.1.1/24'], ['core0', '10.120.2.1/30']],
        right: [inner, 'transit0', '10.120.2.2/30'],
      });
      await lab.wire(inner, 'servers0', radius, 'eth0');
      await inner.sh(
        'ip addr add 10.120.3.1/24 dev servers0; sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.transit0.rp_filter=2',
      );
      await radius.sh('ip addr add 10.120.3.12/24 dev eth0; ip route add default via 10.120.3.1');
      await asker.sh('ip route add default via 10.120.1.1');
      await host.sh('ip route add 10.120.3.0/24 via 10.120.2.2');
      await radius.start('peer udp-serve 0.0.0.0 1812 radiusd');
      const [transit, servers] = await lab.capture(inner, ['transit0', 'servers0']);
      await lab.fails(asker, 'peer udp-ask 10.120.3.12 1812');
      await lab.captured();
      lab.seen(transit, 'udp port 1812', 3);
      lab.unseen(servers, 'udp port 1812');
      await lab.counted(inner, 'TcpExtIPReversePathFilter', 3);
      await lab.dump(inner, { form: 'text' });
      await lab.dump(host, { form: 'text' });
      await lab.repaired(
        inner,
        'ip route add 10.120.1.0/24 via 10.120.2.1',
        asker,
        'peer udp-ask 10.120.3.12 1812',
      );
    },
  },
];
