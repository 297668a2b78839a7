/** Who answers for an address on the link: ARP, neighbour discovery, MAC addresses. */

export const neighbours = [
  {
    name: 'virtual-address-silent',
    title: 'a service address is up and nobody answers ARP for it: arp_ignore is 1',
    hostname: 'real-2',
    quiet: true,
    about: `
\`real-2\` was a real server behind a load balancer: the service address 10.9.200.50 is on \`lo\`, and arp_ignore is 1 so
that only the balancer answers for it. The balancer is gone; \`desk\` is to use the server directly.`,
    see: `
\`desk\` asks who has 10.9.200.50; the question arrives on \`lan0\` of the host, which has the address, and is not
answered. 10.9.200.2, the address of \`lan0\` itself, works.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.9.200.7',
        server: '10.9.200.50',
        port: 8443,
        status: 'no-reply',
        statusAlso: ['dropped', 'unknown'],
        cause: 'arp-ignore-silent',
        namespace: 'host',
        interface: 'lan0',
        sysctl: 'net.ipv4.conf.all.arp_ignore',
        observed: false,
        mustNot: ['neigh-failed', 'link-down', 'flt-input-drop', 'addr-netmask-mismatch', 'addr-prefix-32'],
        fixCommandShouldContain: 'sysctl -w net.ipv4.conf.all.arp_ignore=0',
      },
      { protocol: 'icmp', client: '10.9.200.7', server: '10.9.200.2' },
    ],
    async record(lab) {
      const { host } = lab;
      const desk = await lab.netns('desk');
      await lab.wire(host, 'lan0', desk, 'eth0');
      await host.sh('ip addr add 10.9.200.2/25 dev lan0; ip addr add 10.9.200.50/32 dev lo');
      await host.sh('sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2');
      await desk.sh('ip addr add 10.9.200.7/25 dev eth0');
      await host.start('peer tcp-serve 10.9.200.50 8443 shopd');
      const link = await lab.capture(host, 'lan0');
      const own = await lab.capture(desk, 'eth0');
      await lab.works(desk, 'ping -n -c 1 10.9.200.2');
      await lab.fails(desk, 'peer tcp-ask 10.9.200.50 8443', /No route to host|timed out/);
      await lab.captured();
      lab.seen(link, 'arp[7] == 1 and dst host 10.9.200.50');
      lab.unseen(link, 'arp[7] == 2 and src host 10.9.200.50');
      lab.seen(own, 'arp[7] == 2 and src host 10.9.200.2');
      await lab.dump(host);
      await lab.dump(desk, { form: 'text' });
      await lab.repaired(
        host,
        'sysctl -qw net.ipv4.conf.all.arp_ignore=0',
        desk,
        'peer tcp-ask 10.9.200.50 8443',
      );
    },
  },
  {
    name: 'replaced-machine-old-mac',
    title: 'a replaced printer is unreachable from the host: its neighbour entry holds the old MAC',
    hostname: 'print-gw',
    about: `
The printer at 172.26.4.30 was exchanged. The host has a permanent neighbour entry for it, made when somebody wanted to
be safe from ARP spoofing; it names the old device's MAC. \`desk\`, on the same bridge, prints without trouble.`,
    see: `
The host's SYN is on the bridge and on every port, addressed to 02:1a:…:0d, which nobody has. It arrives on the
printer's own interface and is not answered. \`ip neigh\` says PERMANENT, \`ip link\` of the printer another MAC.`,
    expect: [
      {
        protocol: 'tcp',
        client: '172.26.4.1',
        server: '172.26.4.30',
        port: 9100,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'neigh-stale-mac',
        namespace: 'host',
        namespaceAlso: ['printer'],
        mustNot: [
          'neigh-failed',
          'flt-input-drop',
          'sock-not-listening',
          'dup-ip',
          'dup-mac',
          'lost-between-captures',
        ],
        fixCommandShouldContain: 'ip neigh del 172.26.4.30 dev printbr',
      },
      { protocol: 'tcp', client: '172.26.4.12', server: '172.26.4.30', port: 9100 },
    ],
    async record(lab) {
      const { host } = lab;
      const printer = await lab.netns('printer');
      const desk = await lab.netns('desk');
      await lab.bridge(host, 'printbr', '172.26.4.1/23', [
        [printer, 'eth0', '172.26.4.30/23', 'p-printer'],
        [desk, 'eth0', '172.26.4.12/23', 'p-desk'],
      ]);
      await host.sh('ip neigh replace 172.26.4.30 lladdr 02:1a:99:40:11:0d dev printbr nud permanent');
      await printer.start('peer tcp-serve 0.0.0.0 9100 jetdirect');
      const [bridge, other] = await lab.capture(host, ['printbr', 'p-desk']);
      const own = await lab.capture(printer, 'eth0');
      await lab.works(desk, 'peer tcp-ask 172.26.4.30 9100');
      await lab.fails(host, 'peer tcp-ask 172.26.4.30 9100', /timed out/);
      await lab.captured();
      const lost = 'tcp[13] == 2 and src host 172.26.4.1 and ether dst 02:1a:99:40:11:0d';
      lab.seen(bridge, lost);
      lab.seen(other, lost);
      lab.seen(own, lost);
      lab.unseen(own, 'tcp and src host 172.26.4.30 and dst host 172.26.4.1');
      lab.dropped('OTHERHOST');
      await lab.dump(host);
      await lab.dump(printer);
      await lab.dump(desk);
      await lab.repaired(host, 'ip neigh del 172.26.4.30 dev printbr', host, 'peer tcp-ask 172.26.4.30 9100');
    },
  },
  {
    name: 'neighbour-discovery-filtered',
    title: 'IPv6 is dead on the link, IPv4 is fine: ip6tables drops all ICMPv6',
    about: `
\`archive\` has a strict firewall: ip6tables INPUT drops by policy and lets TCP 873 and answers in. Nobody thought of
ICMPv6, so neighbour solicitations are dropped too.`,
    see: `
The host's neighbour solicitations for fd1c:77:4::20 arrive at \`archive\`'s \`eth0\` again and again and are never
answered; no SYN is ever sent. By IPv4 rsync works. The policy of INPUT has counted them.`,
    expect: [
      {
        protocol: 'tcp',
        client: 'fd1c:77:4::1',
        server: 'fd1c:77:4::20',
        port: 873,
        status: 'no-reply',
        statusAlso: ['dropped', 'unknown'],
        cause: 'neigh-discovery-blocked',
        namespace: 'archive',
        observed: false,
        mustNot: ['neigh-failed', 'v6-dad', 'v6-no-path', 'flt-input-drop', 'sock-not-listening'],
        fixCommandShouldContain: 'ip6tables -I INPUT -p ipv6-icmp -j ACCEPT',
      },
      { protocol: 'tcp', client: '10.4.77.1', server: '10.4.77.20', port: 873 },
    ],
    async record(lab) {
      const { host } = lab;
      const archive = await lab.netns('archive');
      await lab.wire(host, 'san0', archive, 'eth0');
      await host.sh('ip addr add 10.4.77.1/24 dev san0; ip addr add fd1c:77:4::1/64 dev san0 nodad');
      await archive.sh('ip addr add 10.4.77.20/24 dev eth0; ip addr add fd1c:77:4::20/64 dev eth0 nodad');
      await archive.sh(`
        ip6tables -P INPUT DROP
        ip6tables -A INPUT -i lo -j ACCEPT
        ip6tables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        ip6tables -A INPUT -p tcp -m tcp --dport 873 -j ACCEPT`);
      await archive.start('peer tcp-serve :: 873 rsyncd');
      const link = await lab.capture(host, 'san0');
      const own = await lab.capture(archive, 'eth0');
      await lab.works(host, 'peer tcp-ask 10.4.77.20 873');
      await lab.fails(host, 'peer tcp-ask fd1c:77:4::20 873', /No route to host|timed out/);
      await lab.captured();
      lab.seen(link, 'icmp6[0] == 135 and src host fd1c:77:4::1');
      lab.seen(own, 'icmp6[0] == 135 and src host fd1c:77:4::1');
      lab.unseen(own, 'icmp6[0] == 136 and src host fd1c:77:4::20');
      await lab.ruleHit(archive, 'ip6 filter INPUT 0', '-P INPUT DROP');
      await lab.dump(host, { plus: ['ip6-route'] });
      await lab.dump(archive, { plus: ['ip6tables-save'] });
      await lab.repaired(
        archive,
        'ip6tables -I INPUT -p ipv6-icmp -j ACCEPT',
        host,
        'peer tcp-ask fd1c:77:4::20 873',
      );
    },
  },
  {
    name: 'too-many-neighbours',
    title: 'new peers are unreachable and not even asked for by ARP: the neighbour table is full',
    hostname: 'leaf-12',
    quiet: true,
    about: `
\`leaf-12\` routes to a flat network of a thousand machines, and its table of neighbours is limited to 128.

**Hand-made in part.** The limit, gc_thresh3, is one for the whole machine: it can't be set in a namespace, and to fill the real
table would have disturbed everything else on it. So an arptables rule that is gone from the dumps kept the question for
the new peer from being sent, and \`sysctl-neigh.txt\` is what the root namespace of such a machine prints. The 130 entries,
the packets and all other dumps are the kernel's.`,
    see: `
The datagrams for 10.64.2.200 come in by \`up0\`, and on \`fabric0\` there is neither one of them nor a who-has. 10.64.0.10, which is in the
table, is served. \`ip neigh\` has 130 entries, gc_thresh3 is 128.`,
    expect: [
      {
        protocol: 'udp',
        client: '192.0.2.30',
        server: '10.64.2.200',
        port: 4739,
        status: 'dropped',
        statusAlso: ['no-reply'],
        cause: 'neigh-table-overflow',
        namespace: 'host',
        interface: 'fabric0',
        mustNot: [
          'neigh-failed',
          'fwd-ip-forward-off',
          'flt-forward-policy-drop',
          'ext-drop-after-host',
          'lost-between-captures',
        ],
        fixCommandShouldContain: 'net.ipv4.neigh.default.gc_thresh3=',
      },
      { protocol: 'udp', client: '192.0.2.30', server: '10.64.0.10', port: 4739 },
    ],
    async record(lab) {
      const { host } = lab;
      const probe = await lab.machine('probe');
      const fabric = await lab.machine('fabric');
      await lab.wire(host, 'up0', probe, 'eth0');
      await lab.wire(host, 'fabric0', fabric, 'eth0');
      await host.sh(`
        sysctl -qw net.ipv4.ip_forward=1
        ip addr add 192.0.2.1/24 dev up0
        ip addr add 10.64.0.1/22 dev fabric0`);
      await probe.sh('ip addr add 192.0.2.30/24 dev eth0; ip route add default via 192.0.2.1');
      // One machine for all of the network.
      await fabric.sh(
        'ip addr add 10.64.0.2/22 dev eth0; ip addr add 10.64.0.10/32 dev lo; ip addr add 10.64.2.200/32 dev lo; ip route add default via 10.64.0.1',
      );
      const mac = /link\/ether (\S+)/.exec(await fabric.sh('ip link show eth0'))?.[1];
      await host.sh(
        `for n in $(seq 2 130); do ip neigh replace 10.64.0.$n lladdr ${mac} dev fabric0 nud stale; done`,
      );
      await host.sh('arptables -A OUTPUT -o fabric0 -d 10.64.2.200 -j DROP');
      await fabric.start('peer udp-serve 10.64.0.10 4739 flowd');
      await fabric.start('peer udp-serve 10.64.2.200 4739 flowd');
      const [up, down] = await lab.capture(host, ['up0', 'fabric0']);
      await lab.works(probe, 'peer udp-ask 10.64.0.10 4739 --tries 2');
      await lab.fails(probe, 'peer udp-ask 10.64.2.200 4739 --tries 3', /0 of 3 answered/);
      await lab.captured();
      lab.seen(up, 'udp and dst host 10.64.2.200', 3);
      lab.unseen(down, 'host 10.64.2.200');
      await host.sh('ip neigh del 10.64.2.200 dev fabric0; arptables -F; nft delete table arp filter');
      await lab.dump(host);
      const limits = { gc_thresh1: 32, gc_thresh2: 64, gc_thresh3: 128 };
      const lines = Object.entries(limits).map(
        ([name, value]) => `net.ipv4.neigh.default.${name} = ${value}`,
      );
      lab.file('namespaces/host/sysctl-neigh.txt', `${lines.join('\n')}\n`);
    },
  },
];
