/** Routes that are missing at one end, or send packets another way. */
import { bridgedHost, routed } from '../lib/networks.mjs';

export const routing = [
  {
    name: 'sender-without-default-route',
    title: 'nothing is sent at all: the sender has no default route',
    about: `
\`probe\` sends syslog to a collector on another network and gets "Network is unreachable" at once. It reaches the
gateway of its own subnet.`,
    see: `
The captures hold the ping to the gateway and no packet to 198.18.0.5, not even a question by ARP. The only trace of the
attempt is \`IpOutNoRoutes\` of \`probe\`.`,
    expect: [
      { protocol: 'icmp', client: '172.22.5.9', server: '172.22.5.1' },
      {
        protocol: 'udp',
        client: '172.22.5.9',
        server: '198.18.0.5',
        port: 514,
        status: 'unknown',
        cause: 'route-netns-no-default',
        namespace: 'probe',
        observed: false,
        mustNot: ['fwd-ip-forward-off', 'nat-masquerade-missing', 'flt-output-drop'],
        fixCommandShouldContain: 'ip route add default via 172.22.5.1',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { inside } = await bridgedHost(lab, {
        bridge: ['meas0', '172.22.5.1/24'],
        members: [['probe', 'net0', '172.22.5.9/24', 'meas-p1']],
        uplink: ['eth0', '203.0.113.150/24'],
        gateway: '203.0.113.1',
        remotes: ['198.18.0.5'],
      });
      const [probe] = inside;
      await host.sh('iptables -t nat -A POSTROUTING -s 172.22.5.0/24 -o eth0 -j MASQUERADE');
      await probe.sh('ip route del default');
      const bridge = await lab.capture(host, 'meas0');
      const own = await lab.capture(probe, 'net0');
      await lab.works(probe, 'ping -n -c 1 172.22.5.1');
      await lab.fails(probe, 'peer udp-ask 198.18.0.5 514', /Network is unreachable/);
      await lab.fails(probe, 'ping -n -c 1 198.18.0.5', /Network is unreachable/);
      await lab.captured();
      lab.unseen(own, 'host 198.18.0.5');
      lab.unseen(bridge, 'host 198.18.0.5');
      await lab.counted(probe, 'IpOutNoRoutes', 1);
      await lab.dump(host, { form: 'text' });
      await lab.dump(probe);
    },
  },
  {
    name: 'far-end-knows-no-way-back',
    title: 'a router between two networks; the far end has no route back',
    about: `
\`sensor\` publishes to \`store\` through the router \`edge\`. \`sensor\` has its route and \`edge\` forwards; \`store\` knows
its own subnet only. No namespace here is the machine's own.`,
    see: `
The SYN and the datagrams are on both sides of \`edge\` and on \`store\`'s interface. \`store\` sends nothing back, and its
\`IpOutNoRoutes\` rises. Timestamps are in nanoseconds.`,
    quiet: true,
    expect: [
      {
        protocol: 'tcp',
        client: '10.130.1.7',
        server: '10.130.9.20',
        port: 1883,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'route-missing-return',
        alsoAcceptable: ['route-reply-no-default', 'route-netns-no-default'],
        namespace: 'store',
        mustNot: [
          'fwd-ip-forward-off',
          'nat-masquerade-missing',
          'sock-not-listening',
          'flt-forward-policy-drop',
        ],
        fixCommandShouldContain: 'ip route add 10.130.1.0/24 via 10.130.9.1',
      },
      {
        protocol: 'udp',
        client: '10.130.1.7',
        server: '10.130.9.20',
        port: 5683,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'route-missing-return',
        alsoAcceptable: ['route-reply-no-default', 'route-netns-no-default'],
        namespace: 'store',
        mustNot: ['fwd-ip-forward-off'],
      },
    ],
    async record(lab) {
      const sensor = await lab.netns('sensor');
      const edge = await lab.netns('edge');
      const store = await lab.netns('store');
      await routed(lab, {
        left: [sensor, 'eth0', '10.130.1.7/24'],
        router: [edge, ['field', '10.130.1.1/24'], ['core', '10.130.9.1/24']],
        right: [store, 'eth0', '10.130.9.20/24'],
      });
      await sensor.sh('ip route add 10.130.9.0/24 via 10.130.1.1');
      await store.start('peer tcp-serve 0.0.0.0 1883 mosquitto');
      await store.start('peer udp-serve 0.0.0.0 5683 coapd');
      const [field, core] = await lab.capture(edge, ['field', 'core'], { nano: true });
      const own = await lab.capture(store, 'eth0', { nano: true });
      await lab.fails(sensor, 'peer udp-ask 10.130.9.20 5683', /0 of 3 answered/);
      await lab.fails(sensor, 'peer tcp-ask 10.130.9.20 1883', /timed out/);
      await lab.captured();
      lab.seen(field, 'tcp dst port 1883');
      lab.seen(core, 'tcp dst port 1883');
      lab.seen(own, 'udp dst port 5683', 3);
      lab.unseen(own, 'ip src host 10.130.9.20');
      await lab.counted(store, 'IpOutNoRoutes');
      await lab.dump(sensor);
      await lab.dump(edge, { form: 'text', plus: ['iptables-save'] });
      await lab.dump(store);
    },
  },
  {
    name: 'strict-reverse-path',
    title: 'datagrams arrive and are ignored: rp_filter is strict and the way back is another interface',
    hostname: 'logbox',
    about: `
A log server with two interfaces. A sender behind the router on \`eth1\` writes to the server's address there; the
server's own route to that sender is its default route, out of \`eth0\`. \`rp_filter\` is 1 on \`eth1\`.`,
    see: `
The datagrams are on \`eth1\`, with the right addresses, and no answer is on any interface. \`TcpExtIPReversePathFilter\`
counts them. The neighbour on the link, 10.3.1.9, whose route does lead out of \`eth1\`, is answered.`,
    expect: [
      {
        protocol: 'udp',
        client: '10.7.0.40',
        server: '10.3.1.2',
        port: 5514,
        status: 'dropped',
        statusAlso: ['no-reply'],
        cause: 'rpf-strict-drop',
        namespace: 'host',
        sysctl: 'net.ipv4.conf.eth1.rp_filter',
        mustNot: ['sock-not-listening', 'flt-input-drop', 'ext-drop-after-host', 'fwd-ip-forward-off'],
        fixCommandShouldContain: 'rp_filter',
      },
      { protocol: 'udp', client: '10.3.1.9', server: '10.3.1.2', port: 5514 },
    ],
    async record(lab) {
      const { host } = lab;
      const router = await lab.machine('router');
      const sender = await lab.machine('sender');
      const upstream = await lab.machine('upstream');
      await routed(lab, {
        left: [sender, 'eth0', '10.7.0.40/24'],
        router: [router, ['lan', '10.7.0.1/24'], ['wan', '10.3.1.9/24']],
        right: [host, 'eth1', '10.3.1.2/24'],
      });
      await lab.wire(host, 'eth0', upstream, 'eth0');
      await upstream.sh('ip addr add 10.3.0.1/24 dev eth0');
      await sender.sh('ip route add default via 10.7.0.1');
      await host.sh(`
        ip addr add 10.3.0.2/24 dev eth0; ip route add default via 10.3.0.1
        sysctl -qw net.ipv4.conf.eth1.rp_filter=1 net.ipv4.conf.eth0.rp_filter=1`);
      await host.start('peer udp-serve 10.3.1.2 5514 rsyslogd');
      const [inner, outer] = await lab.capture(host, ['eth1', 'eth0']);
      await lab.works(router, 'peer udp-ask 10.3.1.2 5514 --tries 1');
      await lab.fails(sender, 'peer udp-ask 10.3.1.2 5514', /0 of 3 answered/);
      await lab.captured();
      lab.seen(inner, 'src host 10.7.0.40 and udp dst port 5514', 3);
      lab.unseen(inner, 'dst host 10.7.0.40');
      lab.unseen(outer, 'host 10.7.0.40');
      await lab.counted(host, 'TcpExtIPReversePathFilter', 3);
      lab.dropped('IP_RPFILTER');
      await lab.dump(host, { plus: ['nft-ruleset'] });
    },
  },
  {
    name: 'policy-route-hijack',
    title: 'an ip rule meant for a partner network sends replies into a tunnel',
    about: `
A container-like namespace \`api\` asks a server of a partner, 192.0.2.53. Somebody routed "the partner" into a tunnel
with \`ip rule add from 192.0.2.0/24 lookup 880\`: that selects packets *from* the partner, the replies.`,
    see: `
Request and SYN-ACK are on \`eth0\`. The same SYN-ACK, already addressed to 10.210.0.6, leaves again by \`tun9\`;
nothing of it is on \`br-app\`. The main table alone would have been right.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.210.0.6',
        server: '192.0.2.53',
        port: 8080,
        status: 'no-reply',
        statusAlso: ['dropped', 'degraded'],
        cause: 'route-policy-hijack',
        alsoAcceptable: ['route-asymmetric-reply'],
        namespace: 'host',
        mustNot: ['fwd-ip-forward-off', 'nat-masquerade-missing', 'ext-drop-after-host', 'rpf-strict-drop'],
        fixCommandShouldContain: 'ip rule',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['br-app', '10.210.0.1/24'],
        members: [['api', 'eth0', '10.210.0.6/24', 'veth6']],
        uplink: ['eth0', '198.51.100.77/24'],
        gateway: '198.51.100.254',
        remotes: ['192.0.2.53'],
      });
      const [api] = inside;
      const exit = await lab.machine('exit');
      await lab.wire(host, 'tun9', exit, 'eth0');
      await exit.sh('ip addr add 10.99.0.1/30 dev eth0');
      await host.sh(`
        ip addr add 10.99.0.2/30 dev tun9
        ip route add default via 10.99.0.1 dev tun9 table 880
        ip rule add pref 5270 from 192.0.2.0/24 lookup 880
        iptables -t nat -A POSTROUTING -s 10.210.0.0/24 ! -o br-app -j MASQUERADE`);
      await outside.start('peer tcp-serve 192.0.2.53 8080 nginx');
      const [uplink, tunnel, bridge] = await lab.capture(host, ['eth0', 'tun9', 'br-app']);
      await lab.fails(api, 'echo hello | nc -w 3 192.0.2.53 8080', /timed out/);
      await lab.captured();
      lab.seen(uplink, 'tcp[13] == 18 and src host 192.0.2.53 and dst host 198.51.100.77');
      lab.seen(tunnel, 'tcp[13] == 18 and src host 192.0.2.53 and dst host 10.210.0.6');
      lab.unseen(bridge, 'src host 192.0.2.53');
      await lab.dump(host);
      await lab.dump(api, { form: 'text' });
    },
  },
];
