/** Nothing is wrong, however odd it looks. */
import { setTimeout as sleep } from 'node:timers/promises';
import { bridgedHost, routed } from '../lib/networks.mjs';

export const healthy = [
  {
    name: 'healthy-two-bridges',
    title: 'healthy: two bridges, NAT, large segments, DNS and pings',
    hostname: 'hub',
    about: `
Two subnets behind one host. \`b1\` asks its name server \`g1\` on the other bridge, pings both ways, and fetches 120 kB
from outside through MASQUERADE. The captures are gzipped and were cut to 160 bytes a packet (\`-s 160\`).`,
    see: `
Segments much larger than the MTU (GSO), checksums that are not filled in yet, the same packet on three interfaces with
falling TTL and changing addresses. All of it is normal.`,
    expect: [
      { protocol: 'tcp', client: '10.31.0.11', server: '192.0.2.90', port: 8000 },
      { protocol: 'udp', client: '10.31.0.11', server: '10.32.0.53', port: 53 },
      { protocol: 'icmp', client: '10.31.0.11', server: '10.32.0.53' },
      { protocol: 'icmp', client: '10.32.0.53', server: '192.0.2.90' },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['blue0', '10.31.0.1/24'],
        members: [['b1', 'eth0', '10.31.0.11/24', 'blue-b1']],
        uplink: ['eth0', '203.0.113.30/24'],
        gateway: '203.0.113.1',
        remotes: ['192.0.2.90'],
      });
      const [b1] = inside;
      const g1 = await lab.netns('g1');
      await lab.bridge(host, 'green0', '10.32.0.1/24', [[g1, 'eth0', '10.32.0.53/24', 'green-g1']]);
      await host.sh(`
        iptables -P FORWARD DROP
        iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A FORWARD -i blue0 -j ACCEPT
        iptables -A FORWARD -i green0 -o eth0 -j ACCEPT
        iptables -t nat -A POSTROUTING -s 10.31.0.0/24 -o eth0 -j MASQUERADE
        iptables -t nat -A POSTROUTING -s 10.32.0.0/24 -o eth0 -j MASQUERADE`);
      await outside.start('peer tcp-serve 192.0.2.90 8000 nginx --answer 120000');
      await g1.start(
        'dnsmasq --keep-in-foreground --log-facility=- --conf-file=/dev/null --no-resolv --no-hosts --user=root --pid-file= --bind-interfaces --listen-address=10.32.0.53 --except-interface=lo --host-record=mirror.example,192.0.2.90',
        /started/,
      );
      b1.files.set('/etc/resolv.conf', 'nameserver 10.32.0.53\n');
      const options = { gzip: true, snaplen: 160 };
      const [blue, green, uplink] = await lab.capture(host, ['blue0', 'green0', 'eth0'], options);
      await lab.works(b1, 'nslookup -type=a mirror.example', /192\.0\.2\.90/);
      await lab.works(b1, 'ping -n -c 2 -i 0.3 10.32.0.53');
      await lab.works(g1, 'ping -n -c 1 192.0.2.90');
      await lab.works(b1, 'peer tcp-ask 192.0.2.90 8000', /120000 bytes/);
      await lab.captured();
      lab.seen(blue, 'tcp and greater 3000');
      lab.seen(uplink, 'tcp and src host 203.0.113.30');
      lab.seen(green, 'udp port 53');
      await lab.dump(host);
      await lab.dump(b1);
      await lab.dump(g1);
    },
  },
  {
    name: 'healthy-joined-mid-flow',
    title: 'healthy: captures that begin in the middle of a connection, one of them with one direction only',
    quiet: true,
    about: `
A long AMQP connection through a router was already open when the captures were started, and still open when they were
stopped. On \`north\` only what comes in was captured (\`-Q in\`).`,
    see: `
No SYN and no FIN anywhere; on \`north\` the server's half is missing. The acknowledgements on \`south\` show that
everything arrived.`,
    expect: [
      { protocol: 'tcp', client: '172.20.10.4', server: '172.20.20.72', port: 5672, statusAlso: ['unknown'] },
    ],
    async record(lab) {
      const left = await lab.netns('client');
      const mid = await lab.netns('mid');
      const right = await lab.netns('amqp');
      await routed(lab, {
        left: [left, 'eth0', '172.20.10.4/24'],
        router: [mid, ['north', '172.20.10.1/24'], ['south', '172.20.20.1/24']],
        right: [right, 'eth0', '172.20.20.72/24'],
      });
      await left.sh('ip route add default via 172.20.10.1');
      await right.sh('ip route add default via 172.20.20.1');
      await right.start('peer tcp-serve 0.0.0.0 5672 beam.smp');
      const talk = left.attempt('peer tcp-talk 172.20.20.72 5672 --seconds 4');
      await sleep(900);
      const north = await lab.capture(mid, 'north', { direction: 'in' });
      const south = await lab.capture(mid, 'south');
      await sleep(1200);
      await lab.captured();
      const { code, output } = await talk;
      if (code !== 0) throw new Error(output);
      lab.tried.push({
        namespace: 'client',
        command: 'peer tcp-talk 172.20.20.72 5672 --seconds 4',
        output: output.trim(),
      });
      lab.unseen(south, 'tcp[13] & 3 != 0');
      lab.unseen(north, 'src host 172.20.20.72');
      lab.seen(north, 'src host 172.20.10.4');
      lab.seen(south, 'src host 172.20.20.72');
      await lab.dump(mid, { form: 'text' });
      await lab.dump(left, { form: 'text' });
      await lab.dump(right, { form: 'text' });
    },
  },
  {
    name: 'healthy-udp-dnat',
    title: 'healthy: a game server behind a forwarded UDP port, with SNAT for the way out',
    about: `
UDP 27015 of the host goes to 10.66.5.15:27000 in \`game\`; answers leave with the host's address. Captured on \`any\`
(LINUX_SLL2) and in \`game\`.`,
    see: `
Each datagram is in the \`any\` capture several times, with two destinations and two TTLs. It is one datagram.`,
    expect: [{ protocol: 'udp', client: '203.0.113.222', server: '203.0.113.10', port: 27015 }],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['play0', '10.66.5.1/24'],
        members: [['game', 'eth0', '10.66.5.15/24', 'play0-1']],
        uplink: ['eth0', '203.0.113.10/24'],
        gateway: '203.0.113.222',
      });
      const [game] = inside;
      await host.sh(`
        iptables -t nat -A PREROUTING -i eth0 -p udp -m udp --dport 27015 -j DNAT --to-destination 10.66.5.15:27000
        iptables -t nat -A POSTROUTING -s 10.66.5.0/24 -o eth0 -j SNAT --to-source 203.0.113.10`);
      await game.start('peer udp-serve 0.0.0.0 27000 gamed');
      const any = await lab.capture(host, 'any');
      const own = await lab.capture(game, 'eth0');
      await lab.works(outside, 'peer udp-ask 203.0.113.10 27015', /3 of 3/);
      await lab.captured();
      lab.seen(any, 'udp dst port 27015', 3);
      lab.seen(own, 'udp dst port 27000 and src host 203.0.113.222', 3);
      await lab.dump(host);
      await lab.dump(game);
    },
  },
  {
    name: 'healthy-ipv6-routed',
    title: 'healthy: IPv6 through a router between two namespaces',
    about: `
\`mars\` and \`venus\`, each with a /64, and \`relay\` between them with IPv6 forwarding: ICMPv6, TCP and UDP.`,
    see: `
Neighbour discovery in place of ARP, hop limits that fall by one at \`relay\`, and nothing to complain about.`,
    expect: [
      { protocol: 'icmpv6', client: '2001:db8:10::5', server: '2001:db8:20::8' },
      { protocol: 'tcp', client: '2001:db8:10::5', server: '2001:db8:20::8', port: 8080 },
      { protocol: 'udp', client: '2001:db8:10::5', server: '2001:db8:20::8', port: 6363 },
    ],
    async record(lab) {
      const [mars, relay, venus] = [
        await lab.netns('mars'),
        await lab.netns('relay'),
        await lab.netns('venus'),
      ];
      await lab.wire(mars, 'eth0', relay, 'in6');
      await lab.wire(relay, 'out6', venus, 'eth0');
      await mars.sh('ip addr add 2001:db8:10::5/64 dev eth0 nodad; ip route add default via 2001:db8:10::1');
      await venus.sh('ip addr add 2001:db8:20::8/64 dev eth0 nodad; ip route add default via 2001:db8:20::1');
      await relay.sh(`
        ip addr add 2001:db8:10::1/64 dev in6 nodad; ip addr add 2001:db8:20::1/64 dev out6 nodad
        sysctl -qw net.ipv6.conf.all.forwarding=1
        ip6tables -P FORWARD DROP
        ip6tables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        ip6tables -A FORWARD -i in6 -o out6 -j ACCEPT`);
      await venus.start('peer tcp-serve :: 8080 caddy');
      await venus.start('peer udp-serve :: 6363 nfd');
      const [left, right] = await lab.capture(relay, ['in6', 'out6']);
      await lab.works(mars, 'ping -n -c 2 -i 0.3 2001:db8:20::8');
      await lab.works(mars, 'peer tcp-ask 2001:db8:20::8 8080');
      await lab.works(mars, 'peer udp-ask 2001:db8:20::8 6363', /3 of 3/);
      await lab.captured();
      lab.seen(left, 'ip6[6] == 6');
      lab.seen(right, 'udp port 6363', 6);
      const dumps = ['ip-addr', 'ip6-route', 'ip6-rule', 'ip-neigh', 'sysctl', 'ss'];
      await lab.dump(relay, { only: [...dumps, 'ip6tables-save'] });
      await lab.dump(mars, { only: dumps });
      await lab.dump(venus, { only: dumps });
    },
  },
];

export const ipv6 = [
  {
    name: 'ipv6-forwarding-off',
    title: 'IPv6 stops at the host, IPv4 passes: net.ipv6.conf.all.forwarding is 0',
    about: `
\`deck\` has both families. IPv4 is forwarded and translated; IPv6 has routes both ways, and
\`net.ipv6.conf.all.forwarding\` is 0.`,
    see: `
The SYN to 2001:db8:900::80 is on \`ship0\` and not on \`eth0\`; no ICMPv6 error comes. The ping by IPv4 is on both.`,
    expect: [
      {
        protocol: 'tcp',
        client: '2001:db8:51::7',
        server: '2001:db8:900::80',
        port: 4433,
        status: 'dropped',
        statusAlso: ['no-reply'],
        cause: 'v6-forwarding-off',
        namespace: 'host',
        sysctl: 'net.ipv6.conf.all.forwarding',
        mustNot: ['fwd-ip-forward-off', 'v6-no-path', 'ext-drop-after-host', 'flt-forward-policy-drop'],
        fixCommandShouldContain: 'net.ipv6.conf.all.forwarding=1',
      },
      { protocol: 'icmp', client: '10.51.0.7', server: '192.0.2.88' },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['ship0', '10.51.0.1/24'],
        members: [['deck', 'eth0', '10.51.0.7/24', 'ship0-d']],
        uplink: ['eth0', '198.51.100.151/24'],
        gateway: '198.51.100.1',
        remotes: ['192.0.2.88'],
      });
      const [deck] = inside;
      await host.sh(`
        iptables -t nat -A POSTROUTING -s 10.51.0.0/24 ! -o ship0 -j MASQUERADE
        ip addr add 2001:db8:51::1/64 dev ship0 nodad
        ip addr add 2001:db8:ff::151/64 dev eth0 nodad
        ip -6 route add default via 2001:db8:ff::1`);
      await deck.sh(
        'ip addr add 2001:db8:51::7/64 dev eth0 nodad; ip -6 route add default via 2001:db8:51::1',
      );
      await outside.sh(`
        ip addr add 2001:db8:ff::1/64 dev eth0 nodad
        ip addr add 2001:db8:900::80/128 dev lo nodad
        ip -6 route add 2001:db8:51::/64 via 2001:db8:ff::151`);
      await outside.start('peer tcp-serve 2001:db8:900::80 4433 caddy');
      const [bridge, uplink] = await lab.capture(host, ['ship0', 'eth0']);
      await lab.works(deck, 'ping -n -c 1 192.0.2.88');
      await lab.fails(deck, 'peer tcp-ask 2001:db8:900::80 4433', /timed out/);
      await lab.captured();
      lab.seen(bridge, 'ip6 dst host 2001:db8:900::80');
      lab.unseen(uplink, 'ip6 host 2001:db8:900::80');
      await lab.dump(host, { plus: ['ip6-route', 'ip6-rule', 'ip6tables-save'] });
      await lab.dump(deck, { plus: ['ip6-route'] });
    },
  },
];
