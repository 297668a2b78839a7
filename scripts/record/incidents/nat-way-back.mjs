/** Translated on the way there, and what becomes of the way back: loopback, hairpins, other sources, no port left. */
import { bridgedHost, routed } from '../lib/networks.mjs';

export const natWayBack = [
  {
    name: 'forwarded-port-by-loopback',
    title: 'a forwarded port works by the host’s address and hangs by 127.0.0.1: route_localnet is 0',
    about: `
Port 8443 is forwarded to \`panel\` by rules in PREROUTING and OUTPUT, no proxy listens. On the host itself the address
192.0.2.14 works; 127.0.0.1 hangs until the client gives up.`,
    see: `
The connection to 192.0.2.14 is on \`app0\`. Of that to 127.0.0.1 there is nothing on \`lo\` and nothing on \`app0\`, though the
DNAT rule in OUTPUT counts its SYNs: the packet is dropped in between.`,
    expect: [
      {
        protocol: 'tcp',
        client: '127.0.0.1',
        server: '127.0.0.1',
        port: 8443,
        status: 'dropped',
        cause: 'nat-loopback-dnat',
        namespace: 'host',
        sysctl: 'net.ipv4.conf.app0.route_localnet',
        observed: false,
        mustNot: ['sock-not-listening', 'nat-no-dnat-host-rst', 'link-lo-down', 'martian-drop'],
        fixCommandShouldContain: 'route_localnet=1',
      },
      { protocol: 'tcp', client: '192.0.2.14', server: '10.66.5.80', port: 443 },
    ],
    async record(lab) {
      const { host } = lab;
      const { inside } = await bridgedHost(lab, {
        bridge: ['app0', '10.66.5.1/24'],
        members: [['panel', 'eth0', '10.66.5.80/24', 'app0-p']],
        uplink: ['eth0', '192.0.2.14/24'],
        gateway: '192.0.2.1',
      });
      const [panel] = inside;
      await panel.start('peer tcp-serve 0.0.0.0 443 panel');
      await host.sh(`
        iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -p tcp --dport 8443 -j DNAT --to-destination 10.66.5.80:443
        iptables -t nat -A OUTPUT -m addrtype --dst-type LOCAL -p tcp --dport 8443 -j DNAT --to-destination 10.66.5.80:443
        iptables -t nat -A POSTROUTING -s 10.66.5.0/24 ! -o app0 -j MASQUERADE`);
      const [loop, bridge] = await lab.capture(host, ['lo', 'app0']);
      await lab.works(host, 'peer tcp-ask 192.0.2.14 8443');
      await lab.fails(host, 'peer tcp-ask 127.0.0.1 8443', /timed out/);
      await lab.captured();
      lab.unseen(loop, 'tcp');
      lab.unseen(bridge, 'host 127.0.0.1');
      lab.seen(bridge, 'tcp[13] == 18 and src host 10.66.5.80');
      await lab.ruleHit(host, 'nat OUTPUT 1', '--to-destination 10.66.5.80:443', 2);
      await lab.dump(host, { form: 'text' });
      await lab.dump(panel, { form: 'text' });
      await lab.repaired(
        host,
        `
        sysctl -qw net.ipv4.conf.app0.route_localnet=1
        iptables -t nat -A POSTROUTING -o app0 -m addrtype --src-type LOCAL -j MASQUERADE`,
        host,
        'peer tcp-ask 127.0.0.1 8443',
      );
    },
  },
  {
    name: 'asks-its-own-forwarded-port',
    title: 'a namespace asks its own service by the host’s address: the packet comes back to its sender',
    about: `
\`forum\` is reachable from everywhere by port 8070 of the host, and tries that address itself. The DNAT rule sends the packet
back where it came from, with \`forum\`'s own address as source.`,
    see: `
The SYN on \`web0\` twice: from 10.23.0.12 to the host's address, and from 10.23.0.12 to 10.23.0.12. The second arrives in
\`forum\` and is a martian there.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.23.0.12',
        server: '198.51.100.70',
        port: 8070,
        status: 'dropped',
        statusAlso: ['no-reply'],
        cause: 'nat-self-hairpin',
        namespace: 'forum',
        namespaceAlso: ['host'],
        mustNot: ['martian-drop', 'nat-hairpin-same-bridge', 'rpf-strict-drop', 'sock-not-listening'],
        fixCommandShouldContain: 'MASQUERADE',
      },
      { protocol: 'tcp', client: '198.51.100.7', server: '198.51.100.70', port: 8070 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['web0', '10.23.0.1/20'],
        members: [['forum', 'eth0', '10.23.0.12/20', 'web0-f']],
        uplink: ['eth0', '198.51.100.70/24'],
        gateway: '198.51.100.7',
      });
      const [forum] = inside;
      await forum.start('peer tcp-serve 0.0.0.0 8000 forum');
      await host.sh(`
        iptables -t nat -A PREROUTING -d 198.51.100.70/32 -p tcp -m tcp --dport 8070 -j DNAT --to-destination 10.23.0.12:8000
        iptables -t nat -A POSTROUTING -s 10.23.0.0/20 -o eth0 -j MASQUERADE`);
      const [uplink, bridge] = await lab.capture(host, ['eth0', 'web0']);
      const own = await lab.capture(forum, 'eth0');
      await lab.works(outside, 'peer tcp-ask 198.51.100.70 8070');
      await lab.fails(forum, 'peer tcp-ask 198.51.100.70 8070', /timed out/);
      await lab.captured();
      lab.unseen(uplink, 'host 10.23.0.12');
      lab.seen(bridge, 'tcp[13] == 2 and src host 10.23.0.12 and dst host 198.51.100.70');
      lab.seen(own, 'src host 10.23.0.12 and dst host 10.23.0.12');
      lab.dropped('IP_LOCAL_SOURCE');
      await lab.dump(host);
      await lab.dump(forum);
      await lab.repaired(
        host,
        'iptables -t nat -A POSTROUTING -s 10.23.0.12 -d 10.23.0.12 -j MASQUERADE',
        forum,
        'peer tcp-ask 198.51.100.70 8070',
      );
    },
  },
  {
    name: 'service-address-on-one-bridge',
    title:
      'a service address fails for the server’s neighbour on the bridge: the answer is never translated back',
    about: `
10.99.0.5 is a service address that the host translates to \`store\`. From outside it works. \`till\`, on the same bridge as
\`store\`, gets no connection: bridge-nf-call-iptables is 0.`,
    see: `
On \`shop0\`: till's SYN to 10.99.0.5, the same to 172.28.3.9, and a SYN-ACK from 172.28.3.9 directly to \`till\`, which resets
it: it never asked that address.`,
    expect: [
      {
        protocol: 'tcp',
        client: '172.28.3.15',
        server: '10.99.0.5',
        port: 6380,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'nat-hairpin-same-bridge',
        namespace: 'host',
        sysctl: 'net.bridge.bridge-nf-call-iptables',
        mustNot: ['nat-self-hairpin', 'nat-reply-bypass', 'sock-not-listening', 'ext-remote-reset'],
        fixCommandShouldContain: 'bridge-nf-call-iptables=1',
      },
      { protocol: 'tcp', client: '203.0.113.161', server: '10.99.0.5', port: 6380 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['shop0', '172.28.3.1/24'],
        members: [
          ['store', 'eth0', '172.28.3.9/24', 'shop0-s'],
          ['till', 'eth0', '172.28.3.15/24', 'shop0-t'],
        ],
        uplink: ['eth0', '203.0.113.160/24'],
        gateway: '203.0.113.161',
      });
      const [store, till] = inside;
      await store.start('peer tcp-serve 0.0.0.0 6379 stored');
      await outside.sh('ip route add 10.99.0.5 via 203.0.113.160');
      await host.sh(`
        iptables -t nat -A PREROUTING -d 10.99.0.5/32 -p tcp -m tcp --dport 6380 -j DNAT --to-destination 172.28.3.9:6379
        iptables -t nat -A POSTROUTING -s 172.28.3.0/24 ! -o shop0 -j MASQUERADE`);
      const [bridge, uplink] = await lab.capture(host, ['shop0', 'eth0']);
      const own = await lab.capture(till, 'eth0');
      await lab.works(outside, 'peer tcp-ask 10.99.0.5 6380');
      await lab.fails(till, 'peer tcp-ask 10.99.0.5 6380', /timed out/);
      await lab.captured();
      lab.seen(uplink, 'tcp[13] == 18 and src host 10.99.0.5');
      lab.seen(bridge, 'tcp[13] == 2 and src host 172.28.3.15 and dst host 172.28.3.9');
      lab.seen(own, 'tcp[13] == 18 and src host 172.28.3.9');
      lab.seen(own, 'tcp[13] & 4 != 0 and dst host 172.28.3.9');
      await lab.dump(host);
      await lab.dump(store);
      await lab.dump(till);
      await lab.repaired(
        host,
        'sysctl -qw net.bridge.bridge-nf-call-iptables=1',
        till,
        'peer tcp-ask 10.99.0.5 6380',
      );
    },
  },
  {
    name: 'three-connections-two-ports',
    title: 'the third connection to one server times out: SNAT may use two ports, and both are taken',
    about: `
The contract with a partner allows source ports 61000 and 61001, so the SNAT rule says so. \`feed\` opens three long
connections to the partner's server; the third gets no answer, while other destinations work.`,
    see: `
The third SYN and its retransmissions on \`fd0\` and none of them on \`eth0\`. \`conntrack -S\` counts them as dropped;
\`conntrack -L\` shows the two connections that hold the ports.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.12.9.30',
        server: '198.51.100.240',
        port: 9100,
        clientPort: 35003,
        status: 'dropped',
        statusAlso: ['no-reply'],
        cause: 'nat-snat-ports-exhausted',
        namespace: 'host',
        rule: { table: 'nat', chain: 'POSTROUTING', number: 1 },
        mustNot: ['ext-drop-after-host', 'nat-masquerade-mismatch', 'flt-rule-drop', 'lost-between-captures'],
        fixCommandShouldContain: '--to-source',
      },
      { protocol: 'tcp', client: '10.12.9.30', server: '198.51.100.240', port: 9100, clientPort: 35001 },
      { protocol: 'tcp', client: '10.12.9.30', server: '198.51.100.240', port: 9100, clientPort: 35002 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['fd0', '10.12.9.1/24'],
        members: [['feed', 'eth0', '10.12.9.30/24', 'fd0-1']],
        uplink: ['eth0', '192.0.2.99/24'],
        gateway: '192.0.2.1',
        remotes: ['198.51.100.240'],
      });
      const [feed] = inside;
      await outside.start('peer tcp-serve 198.51.100.240 9100 partner');
      await host.sh(`
        iptables -t nat -A POSTROUTING -d 198.51.100.240/32 -o eth0 -p tcp -j SNAT --to-source 192.0.2.99:61000-61001
        iptables -t nat -A POSTROUTING -s 10.12.9.0/24 -o eth0 -j MASQUERADE`);
      const [bridge, uplink] = await lab.capture(host, ['fd0', 'eth0']);
      const talk = (port) => `peer tcp-talk 198.51.100.240 9100 --seconds 11 --from ${port}`;
      const running = [
        lab.works(feed, talk(35001), /lines answered/),
        lab.works(feed, talk(35002), /lines answered/),
      ];
      await lab.fails(feed, talk(35003), /timed out/);
      await lab.captured();
      lab.seen(bridge, 'tcp[13] == 2 and src port 35003');
      lab.seen(uplink, 'tcp[13] == 18 and dst port 61000');
      lab.seen(uplink, 'tcp[13] == 18 and dst port 61001');
      lab.unseen(uplink, 'tcp and src host 192.0.2.99 and not portrange 61000-61001');
      await lab.dump(host, { plus: ['conntrack-stats'] });
      await lab.dump(feed, { only: ['ip-addr', 'ip-route', 'ss'] });
      await Promise.all(running);
      await lab.repaired(
        host,
        'iptables -t nat -R POSTROUTING 1 -d 198.51.100.240/32 -o eth0 -p tcp -j SNAT --to-source 192.0.2.99:61000-61100',
        feed,
        'peer tcp-ask 198.51.100.240 9100',
      );
    },
  },
  {
    name: 'answer-from-another-address',
    title:
      'a resolver answers, and its clients don’t listen: it answers from another address than they asked',
    about: `
\`hub\` has two addresses, and its clients know it as 192.168.77.1. The DNS forwarder is bound to 0.0.0.0 and answers with the
address that the route to the client prefers, 10.47.1.1.`,
    see: `
The question goes to 192.168.77.1, the answer comes from 10.47.1.1, and the client's kernel says "port unreachable" to it: its
socket is connected to the address that it asked. The name is never resolved.`,
    expect: [
      {
        protocol: 'udp',
        client: '10.47.1.66',
        server: '192.168.77.1',
        port: 53,
        status: 'no-reply',
        statusAlso: ['dropped', 'rejected'],
        cause: 'src-addr-selection',
        namespace: 'host',
        mustNot: [
          'dns-upstream-unreachable',
          'sock-not-listening',
          'route-missing-return',
          'ext-drop-after-host',
        ],
        fixCommandShouldContain: '192.168.77.1',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const till = await lab.netns('desk');
      const core = await lab.netns('core');
      await routed(lab, {
        left: [till, 'eth0', '10.47.1.66/24'],
        router: [host, ['lan0', '10.47.1.1/24'], ['srv0', '192.168.77.1/24']],
        right: [core, 'eth0', '192.168.77.20/24'],
      });
      await till.sh('ip route add default via 10.47.1.1');
      await host.start('peer udp-serve 0.0.0.0 53 dnsfwd');
      const lan = await lab.capture(host, 'lan0');
      const own = await lab.capture(till, 'eth0');
      await lab.fails(till, 'peer dns-ask 192.168.77.1 intranet.example', /no answer/);
      await lab.captured();
      lab.seen(lan, 'udp dst port 53 and dst host 192.168.77.1');
      lab.seen(own, 'udp src port 53 and src host 10.47.1.1');
      lab.seen(own, 'icmp[0] == 3 and icmp[1] == 3 and dst host 10.47.1.1');
      await lab.dump(host);
      await lab.dump(till);
    },
  },
];
