/** What only IPv6 has: duplicate address detection, router advertisements, two families side by side. */

export const ipv6Faults = [
  {
    name: 'duplicate-address-detected',
    title: 'an IPv6 address is there and dead: duplicate address detection found another owner',
    about: `
\`meter\` was started while its predecessor still had fd61:5::5, so duplicate address detection failed. The
predecessor is gone, the address stays unusable until it is given anew.`,
    see: `
The host asks by neighbour solicitation for fd61:5::5 and is not answered. \`ip addr\` of \`meter\` says \`dadfailed\`; its
other address, fd61:5::15, works.`,
    expect: [
      {
        protocol: 'icmpv6',
        client: 'fd61:5::1',
        server: 'fd61:5::5',
        status: 'no-reply',
        statusAlso: ['unknown', 'dropped'],
        cause: 'v6-dad',
        namespace: 'meter',
        interface: 'eth0',
        observed: false,
        mustNot: ['neigh-failed', 'neigh-discovery-blocked', 'link-down', 'v6-no-path', 'dup-ip'],
        fixCommandShouldContain: 'ip -6 addr add fd61:5::5/64 dev eth0',
      },
      { protocol: 'icmpv6', client: 'fd61:5::1', server: 'fd61:5::15' },
    ],
    async record(lab) {
      const { host } = lab;
      const meter = await lab.netns('meter');
      const former = await lab.machine('former');
      await lab.bridge(host, 'metbr', '', []);
      await host.sh(
        'ip link set metbr type bridge mcast_snooping 0; ip addr add fd61:5::1/64 dev metbr nodad',
      );
      await lab.wire(host, 'p-former', former, 'eth0');
      await lab.wire(host, 'p-meter', meter, 'eth0');
      await host.sh('ip link set p-former master metbr; ip link set p-meter master metbr');
      await former.sh('ip addr add fd61:5::5/64 dev eth0 nodad');
      await meter.sh('ip addr add fd61:5::15/64 dev eth0 nodad; ip addr add fd61:5::5/64 dev eth0');
      await meter.sh(
        'for try in 1 2 3 4 5 6 7 8; do ip addr show dev eth0 | grep -q dadfailed && exit 0; sleep 0.5; done; exit 1',
      );
      await host.sh('ip link del p-former');
      await host.sh('sleep 1; ip -6 neigh flush all');
      const bridge = await lab.capture(host, 'metbr');
      const own = await lab.capture(meter, 'eth0');
      await lab.works(host, 'ping -6 -n -c 1 fd61:5::15');
      await lab.fails(host, 'ping -6 -n -c 3 -W 1 fd61:5::5', /100% packet loss/);
      await lab.captured();
      lab.seen(bridge, 'icmp6[0] == 135 and src host fd61:5::1');
      lab.seen(own, 'icmp6[0] == 135 and src host fd61:5::1');
      await lab.dump(host, { plus: ['ip6-route'] });
      await lab.dump(meter, { plus: ['ip6-route'] });
      const fix = 'ip -6 addr del fd61:5::5/64 dev eth0; ip -6 addr add fd61:5::5/64 dev eth0; sleep 2.5';
      await lab.repaired(meter, fix, host, 'ping -6 -n -c 1 -W 2 fd61:5::5');
    },
  },
  {
    name: 'ipv6-leads-nowhere',
    title: 'every connection is tried by IPv6 first and refused: the host has no IPv6 route beyond itself',
    about: `
\`shop\` has an IPv6 address and default route, so its resolver's AAAA is tried first. The host forwards IPv6 and has no
default route for it. IPv4 works.`,
    see: `
A SYN to 2001:db8:77::80 on the bridge, and at once "no route" (ICMPv6 1/0) from the host; then the same server by IPv4,
answered.`,
    expect: [
      {
        protocol: 'tcp',
        client: 'fd20:9::7',
        server: '2001:db8:77::80',
        port: 80,
        status: 'rejected',
        statusAlso: ['dropped', 'no-reply'],
        cause: 'v6-no-path',
        namespace: 'host',
        mustNot: [
          'route-netns-no-default',
          'v6-forwarding-off',
          'ext-unreachable',
          'v6-ra-lost',
          'route-special-type',
        ],
        fixCommandShouldContain: 'ip -6 route add default',
      },
      { protocol: 'tcp', client: '10.20.9.7', server: '203.0.113.80', port: 80 },
    ],
    async record(lab) {
      const { host } = lab;
      const shop = await lab.netns('shop');
      const outside = await lab.machine('outside');
      await lab.bridge(host, 'shopbr', '10.20.9.1/24', [[shop, 'eth0', '10.20.9.7/24', 'v-shop']]);
      await lab.wire(host, 'ens9', outside, 'eth0');
      await host.sh(`
        sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
        ip addr add fd20:9::1/64 dev shopbr nodad
        ip addr add 198.51.100.9/24 dev ens9
        ip route add default via 198.51.100.1
        iptables -t nat -A POSTROUTING -s 10.20.9.0/24 -o ens9 -j MASQUERADE`);
      await shop.sh('ip addr add fd20:9::7/64 dev eth0 nodad; ip -6 route add default via fd20:9::1');
      await outside.sh('ip addr add 198.51.100.1/24 dev eth0; ip addr add 203.0.113.80/32 dev lo');
      await outside.start('peer tcp-serve 203.0.113.80 80 nginx');
      const [bridge, uplink] = await lab.capture(host, ['shopbr', 'ens9']);
      await lab.fails(shop, 'peer tcp-ask 2001:db8:77::80 80', /unreachable|No route to host/);
      await lab.works(shop, 'peer tcp-ask 203.0.113.80 80');
      await lab.captured();
      lab.seen(bridge, 'ip6 and dst host 2001:db8:77::80');
      lab.seen(bridge, 'icmp6[0] == 1 and icmp6[1] == 0');
      lab.unseen(uplink, 'ip6 and host 2001:db8:77::80');
      await lab.dump(host, { plus: ['ip6-route', 'ip6-rule'] });
      await lab.dump(shop, { plus: ['ip6-route'] });
    },
  },
  {
    name: 'router-advertisements-ignored',
    title: 'the host lost its IPv6 default route when a container engine switched forwarding on',
    about: `
\`wan0\` of the host got its IPv6 default route from router advertisements. Then net.ipv6.conf.all.forwarding was set to 1
for containers: a router doesn't listen to advertisements unless accept_ra is 2, and the route was deleted.`,
    see: `
Router advertisements keep arriving on \`wan0\`. \`ip -6 route\` has no default; \`accept_ra\` of \`wan0\` is 1 and its
forwarding too. A ping by IPv6 fails at once with "Network is unreachable", and nothing is sent.`,
    expect: [
      {
        protocol: 'icmpv6',
        client: '2001:db8:40::9',
        server: '2001:db8:99::1',
        status: 'no-reply',
        statusAlso: ['unknown', 'dropped'],
        cause: 'v6-ra-lost',
        namespace: 'host',
        interface: 'wan0',
        sysctl: 'net.ipv6.conf.wan0.accept_ra',
        observed: false,
        mustNot: ['route-netns-no-default', 'v6-no-path', 'v6-forwarding-off', 'neigh-failed'],
        fixCommandShouldContain: 'sysctl -w net.ipv6.conf.wan0.accept_ra=2',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const isp = await lab.machine('isp');
      await lab.wire(host, 'wan0', isp, 'eth0');
      await host.sh(
        'sysctl -qw net.ipv6.conf.all.forwarding=0 net.ipv6.conf.wan0.accept_ra=1 net.ipv6.conf.wan0.autoconf=0',
      );
      await host.sh('ip addr add 2001:db8:40::9/64 dev wan0 nodad');
      await isp.sh(
        'sysctl -qw net.ipv6.conf.all.forwarding=1; ip addr add fe80::1/64 dev eth0 nodad; ip addr add 2001:db8:99::1/128 dev lo nodad',
      );
      await isp.sh('ip -6 route add 2001:db8:40::/64 dev eth0');
      await isp.start('peer ra-send fe80::1%eth0 0 --seconds 60');
      await host.sh(
        'for try in 1 2 3 4 5 6 7 8; do ip -6 route | grep -q "^default.*proto ra" && exit 0; sleep 0.5; done; exit 1',
      );
      await lab.worksBefore(host, 'ping -6 -n -c 1 -W 2 2001:db8:99::1', 'before forwarding was switched on');
      await host.sh('sysctl -qw net.ipv6.conf.all.forwarding=1');
      const wan = await lab.capture(host, 'wan0');
      await lab.fails(host, 'ping -6 -n -c 1 -W 1 2001:db8:99::1', /[Nn]etwork is unreachable/);
      await host.sh('sleep 2.5');
      await lab.captured();
      lab.seen(wan, 'icmp6[0] == 134');
      lab.unseen(wan, 'dst host 2001:db8:99::1');
      await lab.dump(host, { plus: ['ip6-route', 'ip6-rule'] });
      const again =
        'for try in 1 2 3 4 5 6 7 8; do ping -6 -n -c 1 -W 1 2001:db8:99::1 && exit 0; sleep 0.5; done; exit 1';
      await lab.repaired(host, 'sysctl -w net.ipv6.conf.wan0.accept_ra=2', host, again);
    },
  },
];
