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
  {
    name: 'masquerade-wrong-source',
    title: 'a MASQUERADE rule exists, for the subnet the bridge used to have',
    about: `
The bridge \`fab0\` was renumbered from 10.61.0.0/24 to 10.60.0.0/23; the MASQUERADE rule was not.`,
    see: `
The SYN leaves \`uplink\` from 10.60.1.15, untranslated. The rule's counter stays at zero. The dumps are of the host only,
and as text.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.60.1.15',
        server: '198.51.100.222',
        port: 5432,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'nat-masquerade-mismatch',
        namespace: 'host',
        mustNot: ['fwd-ip-forward-off', 'flt-forward-policy-drop', 'ext-drop-after-host'],
        fixCommandShouldContain: 'MASQUERADE',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { inside } = await bridgedHost(lab, {
        bridge: ['fab0', '10.60.0.1/23'],
        members: [['batch', 'eth0', '10.60.1.15/23', 'tap-batch']],
        uplink: ['uplink', '192.0.2.18/28'],
        gateway: '192.0.2.17',
        remotes: ['198.51.100.222'],
      });
      await host.sh(`
        iptables -t nat -A POSTROUTING -s 10.61.0.0/24 ! -d 10.61.0.0/24 -j MASQUERADE
        iptables -A FORWARD -i fab0 -j ACCEPT`);
      const [bridge, uplink] = await lab.capture(host, ['fab0', 'uplink']);
      await lab.fails(inside[0], 'peer tcp-ask 198.51.100.222 5432', /timed out/);
      await lab.captured();
      lab.seen(bridge, 'tcp[13] == 2');
      lab.seen(uplink, 'tcp[13] == 2 and src host 10.60.1.15');
      lab.unseen(uplink, 'src host 198.51.100.222');
      await lab.ruleHit(host, 'nat POSTROUTING 1', '-s 10.61.0.0/24', 0);
      await lab.dump(host, {
        form: 'text',
        only: ['ip-addr', 'ip-route', 'ip-neigh', 'iptables-save', 'sysctl', 'nstat'],
      });
    },
  },
  {
    name: 'masquerade-wrong-interface',
    title: 'a MASQUERADE rule exists, for an uplink name of the last kernel',
    manifest: false,
    about: `
After an upgrade the uplink is called \`enp7s0\`; the rule still says \`-o eth0\`. \`ned\` sends UDP to a time server. This
bundle has no manifest.`,
    see: `
Datagrams on \`enp7s0\` with the source 10.203.0.3, and a rule \`-o eth0 -j MASQUERADE\` whose counter is zero.`,
    expect: [
      {
        protocol: 'udp',
        client: '10.203.0.3',
        server: '192.0.2.123',
        port: 123,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'nat-masquerade-mismatch',
        namespace: 'host',
        mustNot: ['fwd-ip-forward-off', 'flt-rule-drop', 'ext-drop-after-host'],
        fixCommandShouldContain: 'MASQUERADE',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['virbr3', '10.203.0.1/24'],
        members: [['ned', 'eth0', '10.203.0.3/24', 'vnet4']],
        uplink: ['enp7s0', '100.70.0.66/10'],
        gateway: '100.64.0.1',
        remotes: ['192.0.2.123'],
      });
      await host.sh(`
        iptables -t nat -A POSTROUTING -s 10.203.0.0/24 -d 224.0.0.0/24 -j RETURN
        iptables -t nat -A POSTROUTING -s 10.203.0.0/24 -o eth0 -j MASQUERADE`);
      await outside.start('peer udp-serve 192.0.2.123 123 chronyd');
      const [bridge, uplink] = await lab.capture(host, ['virbr3', 'enp7s0'], { pcapng: true });
      await lab.fails(inside[0], 'peer udp-ask 192.0.2.123 123', /0 of 3 answered/);
      await lab.captured();
      lab.seen(bridge, 'udp port 123', 3);
      lab.seen(uplink, 'udp port 123 and src host 10.203.0.3', 3);
      await lab.ruleHit(host, 'nat POSTROUTING 2', '-o eth0 -j MASQUERADE', 0);
      await lab.dump(host);
    },
  },
  {
    name: 'port-not-forwarded',
    title: 'connection refused by the host: nothing forwards port 8088 to the namespace that serves it',
    quiet: true,
    about: `
\`wiki\` listens on 8088 behind the bridge \`docs0\`. A client outside asks the host for that port; no DNAT rule says where
it belongs and no process of the host listens there.`,
    see: `
SYN on \`eth0\`, a RST from the host's own address at once, and nothing on \`docs0\`.`,
    expect: [
      {
        protocol: 'tcp',
        client: '192.0.2.201',
        server: '192.0.2.50',
        port: 8088,
        status: 'rejected',
        cause: 'nat-no-dnat-host-rst',
        alsoAcceptable: ['sock-not-listening'],
        namespace: 'host',
        mustNot: ['flt-reject', 'nat-dnat-wrong-target', 'fwd-ip-forward-off', 'ext-remote-reset'],
        fixCommandShouldContain: 'DNAT',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['docs0', '172.19.77.1/24'],
        members: [['wiki', 'eth0', '172.19.77.10/24', 'docs-v1']],
        uplink: ['eth0', '192.0.2.50/24'],
        gateway: '192.0.2.201',
      });
      await inside[0].start('peer tcp-serve 0.0.0.0 8088 wiki');
      await host.start('peer tcp-serve 127.0.0.1 631 cupsd');
      await host.sh('iptables -t nat -A POSTROUTING -s 172.19.77.0/24 ! -o docs0 -j MASQUERADE');
      const [uplink, bridge] = await lab.capture(host, ['eth0', 'docs0']);
      await lab.works(host, 'peer tcp-ask 172.19.77.10 8088');
      await lab.fails(outside, 'echo hello | nc -w 3 192.0.2.50 8088', /Connection refused/);
      await lab.captured();
      lab.seen(uplink, 'tcp[13] & 4 != 0 and src host 192.0.2.50');
      lab.unseen(bridge, 'host 192.0.2.201');
      await lab.dump(host);
      await lab.dump(inside[0]);
    },
  },
  {
    name: 'forwarded-to-wrong-port',
    title: 'connection refused by the namespace: DNAT leads to a port where nothing listens',
    quiet: true,
    about: `
Mail for port 2525 of the host is forwarded to \`mx\`, port 25; \`mx\` listens on 1025. One capture, on \`any\`, with the
interface of each packet in it (LINUX_SLL2).`,
    see: `
Each packet is there several times: In on \`eth0\` to the host's address, Out on \`mailbr\` and on the port with the
translated one. The RST comes from 10.9.0.25 and goes back translated.`,
    expect: [
      {
        protocol: 'tcp',
        client: '198.51.100.9',
        server: '198.51.100.80',
        port: 2525,
        status: 'rejected',
        cause: 'nat-dnat-wrong-target',
        alsoAcceptable: ['sock-not-listening'],
        namespace: 'mx',
        namespaceAlso: ['host'],
        mustNot: ['nat-no-dnat-host-rst', 'flt-reject', 'ext-remote-reset', 'fwd-ip-forward-off-dnat'],
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['mailbr', '10.9.0.1/24'],
        members: [['mx', 'eth0', '10.9.0.25/24', 'mxport']],
        uplink: ['eth0', '198.51.100.80/24'],
        gateway: '198.51.100.9',
      });
      const [mx] = inside;
      await mx.start('peer tcp-serve 0.0.0.0 1025 smtpd');
      await host.sh(`
        iptables -t nat -A PREROUTING -d 198.51.100.80/32 -p tcp -m tcp --dport 2525 -j DNAT --to-destination 10.9.0.25:25
        iptables -t nat -A POSTROUTING -s 10.9.0.0/24 ! -o mailbr -j MASQUERADE`);
      const any = await lab.capture(host, 'any');
      await lab.fails(outside, 'echo EHLO | nc -w 3 198.51.100.80 2525', /Connection refused/);
      await lab.captured();
      lab.seen(any, 'tcp[13] & 4 != 0 and src host 10.9.0.25');
      lab.seen(any, 'tcp[13] & 4 != 0 and src host 198.51.100.80');
      await lab.ruleHit(host, 'nat PREROUTING 1', '--to-destination 10.9.0.25:25');
      await lab.dump(host);
      await lab.dump(mx);
    },
  },
  {
    name: 'dnat-for-old-address',
    title: 'connection refused by the host: the DNAT rule names an address the host no longer has',
    about: `
The host moved from 198.51.100.30 to 198.51.100.33; its DNAT rule for port 8883 still has \`-d 198.51.100.30\`.`,
    see: `
SYN and RST on \`bond0\`, both with 198.51.100.33; nothing on \`iot0\`. The rule is there, for this port, and its counter
is zero.`,
    expect: [
      {
        protocol: 'tcp',
        client: '198.51.100.120',
        server: '198.51.100.33',
        port: 8883,
        status: 'rejected',
        cause: 'nat-dnat-mismatch',
        namespace: 'host',
        mustNot: ['flt-reject', 'nat-dnat-wrong-target', 'fwd-ip-forward-off-dnat', 'ext-remote-reset'],
        fixCommandShouldContain: '198.51.100.33',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['iot0', '10.140.2.1/24'],
        members: [['broker', 'eth0', '10.140.2.8/24', 'iot0p1']],
        uplink: ['bond0', '198.51.100.33/24'],
        gateway: '198.51.100.120',
      });
      await inside[0].start('peer tcp-serve 0.0.0.0 8883 mosquitto');
      await host.sh(`
        iptables -t nat -A PREROUTING -d 198.51.100.30/32 -p tcp -m tcp --dport 8883 -j DNAT --to-destination 10.140.2.8:8883
        iptables -t nat -A POSTROUTING -s 10.140.2.0/24 -o bond0 -j SNAT --to-source 198.51.100.33`);
      const [uplink, bridge] = await lab.capture(host, ['bond0', 'iot0']);
      await lab.fails(outside, 'peer tcp-ask 198.51.100.33 8883', /Connection refused/);
      await lab.captured();
      lab.seen(uplink, 'tcp[13] & 4 != 0 and src host 198.51.100.33');
      lab.unseen(bridge, 'tcp');
      await lab.ruleHit(host, 'nat PREROUTING 1', '-d 198.51.100.30/32', 0);
      await lab.dump(host, { form: 'text', plus: ['nft-ruleset'] });
    },
  },
];
