/** Address translation that is missing, does not match, or points at the wrong place. */
import { bridgedHost } from '../lib/networks.mjs';

export const nat = [
  {
    name: 'masquerade-missing',
    title: 'requests leave the host with their private source address: no MASQUERADE rule',
    hostname: 'workshop',
    quiet: true,
    about: `
\`alice\`, a namespace on the bridge \`lab0\`, asks a web server on the internet. The host forwards, and its filter
rules let everything of \`lab0\` out, but nothing translates the source address.`,
    see: `
The same SYN on \`lab0\` and on \`eth0\`, on \`eth0\` still from 10.44.0.20, an address that nobody outside can answer. No
reply on either.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.44.0.20',
        server: '192.0.2.80',
        port: 443,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'nat-masquerade-missing',
        namespace: 'host',
        mustNot: ['fwd-ip-forward-off', 'flt-forward-policy-drop', 'flt-rule-drop'],
        fixCommandShouldContain: 'MASQUERADE',
      },
      {
        protocol: 'icmp',
        client: '10.44.0.20',
        server: '192.0.2.80',
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'nat-masquerade-missing',
        namespace: 'host',
        fixCommandShouldContain: 'MASQUERADE',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['lab0', '10.44.0.1/24'],
        members: [['alice', 'eth0', '10.44.0.20/24', 'veth-alice']],
        uplink: ['eth0', '203.0.113.9/24'],
        gateway: '203.0.113.1',
        remotes: ['192.0.2.80'],
      });
      const [alice] = inside;
      await host.sh(`
        iptables -P FORWARD DROP
        iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A FORWARD -i lab0 -o eth0 -j ACCEPT`);
      await outside.start('peer tcp-serve 192.0.2.80 443 nginx');
      const [bridge, uplink] = await lab.capture(host, ['lab0', 'eth0']);
      await lab.fails(alice, 'ping -n -c 2 -i 0.5 -W 1 192.0.2.80', /100% packet loss/);
      await lab.fails(alice, 'echo hello | nc -w 4 192.0.2.80 443', /timed out/);
      await lab.captured();
      lab.seen(bridge, 'tcp[tcpflags] == tcp-syn and dst host 192.0.2.80');
      lab.seen(uplink, 'tcp[tcpflags] == tcp-syn and src host 10.44.0.20');
      lab.unseen(uplink, 'src host 192.0.2.80');
      await lab.ruleHit(host, 'filter FORWARD 2', '-i lab0 -o eth0 -j ACCEPT', 3);
      await lab.dump(host, { form: 'text', only: ['ip-addr', 'ip-route', 'iptables-save', 'sysctl'] });
    },
  },
  {
    name: 'published-port-no-way-back',
    title: 'a forwarded port times out from outside: the namespace behind it has no default route',
    about: `
Port 9443 of the host is forwarded (DNAT) to \`vault\`, a namespace that only knows its own subnet: somebody deleted its
default route. From the host the service answers; from outside it times out.`,
    see: `
The SYN reaches \`vault\`'s own interface, translated, and \`vault\` says nothing at all: no SYN-ACK, no RST, no ICMP. Its
\`TcpExtListenDrops\` and \`IpOutNoRoutes\` are the only trace.`,
    expect: [
      {
        protocol: 'tcp',
        client: '198.51.100.200',
        server: '198.51.100.14',
        port: 9443,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'route-reply-no-default',
        alsoAcceptable: ['route-missing-return', 'route-netns-no-default'],
        namespace: 'vault',
        mustNot: [
          'sock-not-listening',
          'nat-dnat-wrong-target',
          'fwd-ip-forward-off-dnat',
          'fwd-ip-forward-off',
        ],
        fixCommandShouldContain: 'ip route add default via 10.88.3.1',
      },
      { protocol: 'tcp', client: '10.88.3.1', server: '10.88.3.4', port: 8200 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['vbr', '10.88.3.1/26'],
        members: [['vault', 'eth0', '10.88.3.4/26', 'vport1']],
        uplink: ['enp1s0', '198.51.100.14/24'],
        gateway: '198.51.100.1',
      });
      const [vault] = inside;
      await outside.sh(`
        ip addr add 198.51.100.200/24 dev eth0
        ip route change 198.51.100.0/24 dev eth0 src 198.51.100.200`);
      await host.sh(`
        iptables -t nat -A PREROUTING -i enp1s0 -p tcp --dport 9443 -j DNAT --to-destination 10.88.3.4:8200
        iptables -t nat -A POSTROUTING -s 10.88.3.0/26 -o enp1s0 -j MASQUERADE`);
      await vault.sh('ip route del default');
      await vault.start('peer tcp-serve 0.0.0.0 8200 vault');
      const [uplink, bridge] = await lab.capture(host, ['enp1s0', 'vbr'], { pcapng: true });
      const own = await lab.capture(vault, 'eth0', { pcapng: true });
      await lab.works(host, 'peer tcp-ask 10.88.3.4 8200');
      await lab.fails(outside, 'peer tcp-ask 198.51.100.14 9443', /timed out/);
      await lab.captured();
      lab.seen(uplink, 'tcp[tcpflags] == tcp-syn and dst port 9443');
      lab.seen(own, 'tcp[tcpflags] == tcp-syn and src host 198.51.100.200');
      lab.unseen(own, 'dst host 198.51.100.200');
      lab.unseen(bridge, 'dst host 198.51.100.200');
      await lab.counted(vault, 'IpOutNoRoutes');
      await lab.counted(vault, 'TcpExtListenDrops');
      await lab.dump(host, { form: 'text' });
      await lab.dump(vault, { form: 'text' });
    },
  },
];
