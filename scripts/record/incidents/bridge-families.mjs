/** A bridge that works for one family of addresses and not for the other. */
import { bridgedHost } from '../lib/networks.mjs';

export const bridgeFamilies = [
  {
    name: 'bridge-lost-its-ipv4-address',
    title:
      'nobody on the bridge reaches its gateway by IPv4, by IPv6 they do: the bridge lost the one address',
    hostname: 'homelab',
    about: `
A bridge \`br-lan\` with an IPv4 and an IPv6 address, until something flushed the IPv4 one. Its members still talk to one another. Only one of them was asked
for its dumps.`,
    see: `
Who-has for 192.168.83.1 on \`br-lan\`, never answered; pings between two members work.`,
    expect: [
      {
        protocol: 'icmp',
        client: '192.168.83.9',
        server: '192.168.83.1',
        status: 'no-reply',
        cause: 'bridge-no-ip',
        namespace: 'host',
        observed: false,
        // Less than all dumps show no more than that nobody has the gateway's address.
        alsoAcceptable: ['route-wrong-gateway'],
        mustNot: ['neigh-failed'],
        fixCommandShouldContain: 'ip addr add 192.168.83.1/24 dev br-lan',
      },
      { protocol: 'icmp', client: '192.168.83.9', server: '192.168.83.10' },
    ],
    async record(lab) {
      const { host } = lab;
      const { inside } = await bridgedHost(lab, {
        bridge: ['br-lan', '192.168.83.1/24'],
        members: [
          ['player', 'eth0', '192.168.83.9/24', 'lan2'],
          ['shelf', 'eth0', '192.168.83.10/24', 'lan3'],
          ['desktop', 'eth0', '192.168.83.11/24', 'lan4'],
        ],
        uplink: ['wan0', '198.51.100.90/24'],
        gateway: '198.51.100.89',
        remotes: ['192.0.2.44'],
      });
      const [player] = inside;
      await host.sh(
        'ip addr add fd83::1/64 dev br-lan nodad; iptables -t nat -A POSTROUTING -o wan0 -j MASQUERADE',
      );
      await host.sh('ip -4 addr flush dev br-lan');
      const [bridge] = await lab.capture(host, ['br-lan', 'wan0']);
      await lab.works(player, 'ping -c 2 -i 0.2 192.168.83.10');
      await lab.fails(player, 'ping -c 2 -W 1 192.0.2.44');
      await lab.captured();
      lab.seen(bridge, 'arp[6:2] == 1 and arp[24:4] == 0xc0a85301');
      lab.unseen(bridge, 'arp[6:2] == 2 and arp[14:4] == 0xc0a85301');
      await lab.dump(host, { form: 'text' });
      await lab.dump(player, { form: 'text' });
      await lab.repaired(host, 'ip addr add 192.168.83.1/24 dev br-lan', player, 'ping -c 1 -W 2 192.0.2.44');
    },
  },
  {
    name: 'neighbour-questions-in-the-bridge',
    title:
      'two machines on one bridge, IPv4 works, IPv6 says no route to host: ip6tables drops the questions',
    hostname: 'hyper-3',
    about: `
A hypervisor with \`net.bridge.bridge-nf-call-ip6tables\` = 1 and an ip6tables FORWARD policy of DROP that somebody meant for routed traffic. IPv6 has no ARP: the
question who has an address is a packet, and FORWARD drops it between the two ports.`,
    see: `
Neighbour solicitations for fd84::6 on \`tap210\`, none on \`tap211\`; pings by IPv4 are on both.`,
    expect: [
      {
        protocol: 'ipv6-icmp',
        client: 'fd84::5',
        server: 'fd84::6',
        status: 'no-reply',
        cause: 'flt-bridge-nf-drop',
        namespace: 'host',
        sysctl: 'net.bridge.bridge-nf-call-ip6tables',
        observed: false,
        mustNot: ['neigh-failed', 'neigh-discovery-blocked'],
        fixCommandShouldContain: 'ip6tables -I FORWARD -i vmbr4 -o vmbr4 -j ACCEPT',
      },
      { protocol: 'icmp', client: '10.84.0.5', server: '10.84.0.6' },
    ],
    async record(lab) {
      const { host } = lab;
      await host.sh('sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=1');
      const one = await lab.netns('vm210');
      const two = await lab.netns('vm211');
      await lab.bridge(host, 'vmbr4', '10.84.0.1/24', [
        [one, 'ens18', '10.84.0.5/24', 'tap210'],
        [two, 'ens18', '10.84.0.6/24', 'tap211'],
      ]);
      await one.sh('ip addr add fd84::5/64 dev ens18 nodad');
      await two.sh('ip addr add fd84::6/64 dev ens18 nodad');
      await lab.worksBefore(one, 'ping -6 -c 1 -W 2 fd84::6', 'before the policy');
      await host.sh(
        'ip6tables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT; ip6tables -P FORWARD DROP',
      );
      await one.sh('ip -6 neigh flush dev ens18');
      const [first, second] = await lab.capture(host, ['tap210', 'tap211']);
      await lab.works(one, 'ping -c 2 -i 0.2 10.84.0.6');
      await lab.fails(one, 'ping -6 -c 2 -W 1 fd84::6');
      await lab.captured();
      lab.seen(first, 'icmp6 and ip6[40] == 135 and src host fd84::5');
      lab.unseen(second, 'icmp6 and ip6[40] == 135 and src host fd84::5');
      await lab.dump(host, { plus: ['ip6tables-save', 'ip6-route'] });
      await lab.dump(one, { plus: ['ip6-route'] });
      await lab.repaired(
        host,
        'ip6tables -I FORWARD -i vmbr4 -o vmbr4 -j ACCEPT',
        one,
        'ping -6 -c 1 -W 2 fd84::6',
      );
    },
  },
];
