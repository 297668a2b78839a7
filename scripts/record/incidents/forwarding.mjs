/** The host does not forward: globally, or on one interface. */
import { bridgedHost } from '../lib/networks.mjs';

const MASQUERADE = 'iptables -t nat -A POSTROUTING -s 10.20.0.0/24 ! -o br-lab -j MASQUERADE';

export const forwarding = [
  {
    name: 'forward-off-bridge',
    title: 'a ping from a bridged namespace stops at the host: net.ipv4.ip_forward is 0',
    about: `
A namespace \`ant\` on the bridge \`br-lab\` pings an address on the internet. Routes, MASQUERADE and filter rules are in
order, but the host has \`net.ipv4.ip_forward = 0\`.`,
    see: `
The echo requests are on \`br-lab\` and never on \`ens3\`; nothing comes back, not even an ICMP error. \`IpInAddrErrors\` of
the host counts them. The ping to the neighbour \`bee\` works, because it never needs the host's forwarding.`,
    expect: [
      {
        protocol: 'icmp',
        client: '10.20.0.11',
        server: '9.9.9.9',
        status: 'dropped',
        statusAlso: ['no-reply'],
        cause: 'fwd-ip-forward-off',
        namespace: 'host',
        sysctl: 'net.ipv4.ip_forward',
        mustNot: ['nat-masquerade-missing', 'ext-drop-after-host', 'flt-forward-policy-drop'],
        fixCommandShouldContain: 'net.ipv4.ip_forward=1',
      },
      { protocol: 'icmp', client: '10.20.0.11', server: '10.20.0.12' },
    ],
    async record(lab) {
      const { host } = lab;
      const { inside } = await bridgedHost(lab, {
        bridge: ['br-lab', '10.20.0.1/24'],
        members: [
          ['ant', 'eth0', '10.20.0.11/24', 'veth-ant'],
          ['bee', 'eth0', '10.20.0.12/24', 'veth-bee'],
        ],
        uplink: ['ens3', '198.51.100.7/24'],
        gateway: '198.51.100.1',
        remotes: ['9.9.9.9'],
      });
      const [ant, bee] = inside;
      await host.sh(`${MASQUERADE}; sysctl -qw net.ipv4.ip_forward=0`);
      const [bridge, uplink] = await lab.capture(host, ['br-lab', 'ens3']);
      await lab.works(ant, 'ping -n -c 1 10.20.0.12');
      await lab.fails(ant, 'ping -n -c 3 -i 0.5 -W 1 9.9.9.9', /100% packet loss/);
      await lab.captured();
      lab.seen(bridge, 'icmp[icmptype]==icmp-echo and dst host 9.9.9.9', 3);
      lab.unseen(uplink, 'icmp');
      await lab.counted(host, 'IpInAddrErrors', 3);
      await lab.dump(host);
      await lab.dump(ant);
      await lab.dump(bee);
    },
  },
  {
    name: 'uplink-forwarding-off',
    title: 'ip_forward is 1, but the uplink has forwarding 0: requests pass, replies die',
    hostname: 'fieldbox',
    about: `
\`pi\`, a namespace behind the bridge \`pods\`, asks a resolver by UDP and pings it. \`net.ipv4.ip_forward\` is 1 and
MASQUERADE is in place; \`net.ipv4.conf.wan0.forwarding\` is 0.`,
    see: `
Requests are on \`pods\` and, translated, on \`wan0\`. The replies are on \`wan0\` and never on \`pods\`: forwarding is
judged by the interface a packet came in on, and replies come in on \`wan0\`. The captures have nanosecond timestamps.`,
    expect: [
      {
        protocol: 'udp',
        client: '192.168.77.5',
        server: '1.0.0.1',
        port: 5300,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'fwd-iface-forwarding-off',
        namespace: 'host',
        sysctl: 'net.ipv4.conf.wan0.forwarding',
        mustNot: ['fwd-ip-forward-off', 'nat-masquerade-missing', 'ext-drop-after-host', 'rpf-strict-drop'],
        fixCommandShouldContain: 'net.ipv4.conf.wan0.forwarding=1',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['pods', '192.168.77.1/24'],
        members: [['pi', 'eth0', '192.168.77.5/24', 'vethpi']],
        uplink: ['wan0', '100.64.9.2/30'],
        gateway: '100.64.9.1',
        remotes: ['1.0.0.1'],
      });
      const [pi] = inside;
      await host.sh(`
        iptables -t nat -A POSTROUTING -o wan0 -j MASQUERADE
        sysctl -qw net.ipv4.conf.wan0.forwarding=0`);
      await outside.start('peer udp-serve 1.0.0.1 5300 resolver');
      const [bridge, uplink] = await lab.capture(host, ['pods', 'wan0'], { nano: true });
      await lab.fails(pi, 'peer udp-ask 1.0.0.1 5300', /0 of 3 answered/);
      await lab.captured();
      lab.seen(uplink, 'udp and src host 100.64.9.2', 3);
      lab.seen(uplink, 'udp and src host 1.0.0.1', 3);
      lab.unseen(bridge, 'src host 1.0.0.1');
      await lab.counted(host, 'IpInAddrErrors', 3);
      lab.dropped('IP_INADDRERRORS');
      await lab.dump(host, {
        only: ['ip-addr', 'ip-route', 'ip-rule', 'iptables-save', 'sysctl', 'conntrack', 'nstat'],
      });
    },
  },
  {
    name: 'forward-off-and-no-masquerade',
    title: 'two faults in a row: forwarding is off, and behind it MASQUERADE is missing',
    about: `
\`van\` cannot reach anything outside. The host has \`net.ipv4.ip_forward = 0\`; whoever switches it on finds the next
fault, because no rule translates the private source address either.`,
    see: `
Only the first fault shows in the captures: the request is on \`yard0\` and not on \`eth1\`. That the second one waits
behind it can only be told from the rules, by following the packet further with forwarding on.`,
    expect: [
      {
        protocol: 'icmp',
        client: '172.24.8.40',
        server: '8.8.4.4',
        status: 'dropped',
        statusAlso: ['no-reply'],
        cause: 'fwd-ip-forward-off',
        next: 'nat-masquerade-missing',
        namespace: 'host',
        sysctl: 'net.ipv4.ip_forward',
        mustNot: ['ext-drop-after-host', 'flt-forward-policy-drop', 'link-down'],
        fixCommandShouldContain: 'net.ipv4.ip_forward=1',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { inside } = await bridgedHost(lab, {
        bridge: ['yard0', '172.24.8.1/22'],
        members: [['van', 'eth0', '172.24.8.40/22', 'port-van']],
        uplink: ['eth1', '192.0.2.130/26'],
        gateway: '192.0.2.129',
        remotes: ['8.8.4.4'],
      });
      const [van] = inside;
      await host.sh(`
        iptables -t nat -A PREROUTING -i eth1 -p tcp --dport 2200 -j DNAT --to-destination 172.24.8.40:22
        sysctl -qw net.ipv4.ip_forward=0`);
      const [bridge, uplink] = await lab.capture(host, ['yard0', 'eth1']);
      const own = await lab.capture(van, 'eth0');
      await lab.works(van, 'ping -n -c 1 172.24.8.1');
      await lab.fails(van, 'ping -n -c 3 -i 0.4 -W 1 8.8.4.4', /100% packet loss/);
      await lab.captured();
      lab.seen(bridge, 'icmp and dst host 8.8.4.4', 3);
      lab.seen(own, 'icmp and dst host 8.8.4.4', 3);
      lab.unseen(uplink, 'icmp');
      await lab.dump(host, { form: 'text' });
      await lab.dump(van, { form: 'text' });
      await host.sh('sysctl -qw net.ipv4.ip_forward=1');
      await lab.failsStill(van, 'ping -n -c 1 -W 1 8.8.4.4', 'with ip_forward=1');
    },
  },
];
