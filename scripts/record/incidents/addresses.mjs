/** Addresses that are taken twice, on the wrong device, or gone. */

export const addresses = [
  {
    name: 'two-owners-of-one-address',
    title: 'connection refused, now and then: two machines have the same address',
    quiet: true,
    about: `
The new label printer got 10.60.2.40 while the old one, which nobody had switched off, still has it. Print jobs go to
whichever answers ARP first; the old one has no service on port 631.`,
    see: `
One who-has for 10.60.2.40, two answers with different MAC addresses within a millisecond. The SYN is sent to the first
one's MAC, and that one refuses. Both namespaces have the address.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.60.2.9',
        server: '10.60.2.40',
        port: 631,
        status: 'rejected',
        cause: 'dup-ip',
        mustNot: ['sock-not-listening', 'ext-remote-reset', 'neigh-stale-mac', 'dup-mac', 'flt-reject'],
        namespace: 'oldprn',
        namespaceAlso: ['newprn'],
        fixCommandShouldContain: 'ip addr del 10.60.2.40/24',
      },
      { protocol: 'icmp', client: '10.60.2.9', server: '10.60.2.1' },
    ],
    async record(lab) {
      const { host } = lab;
      const desk = await lab.netns('desk');
      const newprn = await lab.netns('newprn');
      const oldprn = await lab.netns('oldprn');
      await lab.bridge(host, 'floor2', '10.60.2.1/24', [
        [desk, 'eth0', '10.60.2.9/24', 'f2-desk'],
        [newprn, 'eth0', '10.60.2.40/24', 'f2-new'],
        [oldprn, 'eth0', '10.60.2.40/24', 'f2-old'],
      ]);
      await newprn.start('peer tcp-serve 0.0.0.0 631 cupsd');
      const own = await lab.capture(desk, 'eth0');
      const bridge = await lab.capture(host, 'floor2');
      await lab.works(desk, 'ping -n -c 1 10.60.2.1');
      await lab.fails(desk, 'peer tcp-ask 10.60.2.40 631', /refused/);
      await lab.captured();
      lab.seen(own, 'arp[7] == 2 and src host 10.60.2.40', 2);
      lab.seen(bridge, 'tcp[13] & 4 != 0 and src host 10.60.2.40');
      await lab.dump(host);
      await lab.dump(desk);
      await lab.dump(newprn);
      await lab.dump(oldprn);
      await desk.sh('ip neigh flush all');
      await lab.repaired(oldprn, 'ip addr del 10.60.2.40/24 dev eth0', desk, 'peer tcp-ask 10.60.2.40 631');
    },
  },
  {
    name: 'cloned-machine-same-mac',
    title: 'one of two clones is dead for everybody: both have the same MAC address',
    quiet: true,
    about: `
\`blue\` was made by copying \`green\`, with its MAC address. The bridge learns the address at the port that spoke last,
and \`green\` speaks all the time.`,
    see: `
The host's echo requests to 192.0.2.130 leave by the port of \`green\`, \`w-green\`, where nobody has that address, and none
is on \`w-blue\`. The bridge's FDB has the MAC at \`w-green\`; \`ip link\` shows it in both namespaces.`,
    expect: [
      {
        protocol: 'icmp',
        client: '192.0.2.129',
        server: '192.0.2.130',
        status: 'no-reply',
        statusAlso: ['dropped', 'degraded'],
        cause: 'dup-mac',
        namespace: 'blue',
        namespaceAlso: ['green', 'host'],
        mustNot: [
          'fwd-ip-forward-off',
          'neigh-failed',
          'neigh-stale-mac',
          'dup-ip',
          'bridge-port-filtered',
          'lost-between-captures',
        ],
        fixCommandShouldContain: 'ip link set eth0 address',
      },
      { protocol: 'udp', client: '192.0.2.131', server: '192.0.2.129', port: 2055 },
    ],
    async record(lab) {
      const { host } = lab;
      const blue = await lab.netns('blue');
      const green = await lab.netns('green');
      await lab.bridge(host, 'cluster', '192.0.2.129/26', [
        [blue, 'eth0', '192.0.2.130/26', 'w-blue'],
        [green, 'eth0', '192.0.2.131/26', 'w-green'],
      ]);
      for (const clone of [blue, green]) await clone.sh('ip link set eth0 address 02:5e:10:00:00:51');
      await host.start('peer udp-serve 192.0.2.129 2055 flowd');
      // Each has spoken before; green is the one that goes on.
      await blue.sh('ping -n -c 1 192.0.2.129');
      const talk = await green.start(
        "sh -c 'echo ready; peer udp-ask 192.0.2.129 2055 --tries 40 --pause 0.1'",
      );
      const [bluePort, greenPort] = await lab.capture(host, ['w-blue', 'w-green']);
      const own = await lab.capture(green, 'eth0');
      await lab.fails(host, 'ping -n -c 3 -i 0.5 -W 1 192.0.2.130', /100% packet loss/);
      await talk.ended;
      await lab.captured();
      lab.seen(greenPort, 'icmp[0] == 8 and dst host 192.0.2.130', 3);
      lab.seen(own, 'icmp[0] == 8 and dst host 192.0.2.130', 3);
      lab.unseen(bluePort, 'icmp');
      await lab.dump(host);
      await lab.dump(blue);
      await lab.dump(green);
      const other = 'ip link set eth0 address 02:5e:10:00:00:52';
      await host.sh('ip neigh flush all');
      await lab.repaired(blue, other, host, 'ping -n -c 1 -W 2 192.0.2.130');
    },
  },
  {
    name: 'address-left-on-the-port',
    title:
      'a machine lost its network when its interface became a port of a bridge: the address stayed on the port',
    hostname: 'lab-kvm',
    about: `
For virtual machines \`lan0\` of the host was made a port of the new bridge \`vmbr\`. Its address 10.73.8.4 stayed on
\`lan0\` and was not moved to \`vmbr\`.`,
    see: `
The host asks on \`lan0\` who has 10.73.8.1; the answer arrives on \`lan0\`, goes to the bridge, and the neighbour entry of
\`lan0\` stays INCOMPLETE. \`router\`'s echo requests arrive, and the host can't send its replies. \`ip addr\` shows the
address on a device with a master.`,
    expect: [
      {
        protocol: 'icmp',
        client: '10.73.8.1',
        server: '10.73.8.4',
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'addr-on-enslaved-port',
        namespace: 'host',
        interface: 'lan0',
        mustNot: [
          'neigh-failed',
          'route-wrong-gateway',
          'bridge-no-ip',
          'link-down',
          'flt-input-drop',
          'bridge-port-not-enslaved',
        ],
        fixCommandShouldContain: 'ip addr add 10.73.8.4/22 dev vmbr',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const router = await lab.machine('router');
      const vm = await lab.netns('vm');
      await lab.wire(host, 'lan0', router, 'eth5');
      await host.sh('ip addr add 10.73.8.4/22 dev lan0; ip route add default via 10.73.8.1');
      await router.sh('ip addr add 10.73.8.1/22 dev eth5');
      await lab.bridge(host, 'vmbr', '', [[vm, 'eth0', '10.73.8.60/22', 'tap60']]);
      await host.sh('ip neigh flush all; ip link set lan0 master vmbr');
      const port = await lab.capture(host, 'lan0', { direction: 'in' });
      const far = await lab.capture(router, 'eth5');
      await lab.works(vm, 'ping -n -c 1 10.73.8.1');
      await lab.fails(router, 'ping -n -c 3 -W 1 10.73.8.4', /100% packet loss/);
      await lab.fails(host, 'ping -n -c 2 -W 1 10.73.8.1', /100% packet loss/);
      await lab.captured();
      lab.seen(far, 'icmp[0] == 8 and dst host 10.73.8.4', 3);
      lab.seen(far, 'arp[7] == 1 and src host 10.73.8.4 and dst host 10.73.8.1');
      lab.seen(port, 'arp[7] == 2 and src host 10.73.8.1');
      lab.unseen(far, 'icmp[0] == 0 and src host 10.73.8.4');
      await lab.dump(host);
      await lab.dump(vm, { only: ['ip-addr', 'ip-neigh'] });
      await lab.dump(router);
      const fix = 'ip addr del 10.73.8.4/22 dev lan0; ip addr add 10.73.8.4/22 dev vmbr';
      await lab.repaired(host, fix, router, 'ping -n -c 1 -W 2 10.73.8.4');
    },
  },
  {
    name: 'interface-moved-after-setup',
    title:
      'an interface was moved into its namespace after it had been configured: down, and without address',
    quiet: true,
    about: `
The script for \`radio\` gave \`mon0\` its address 10.99.30.2 and set it up, and then moved it into the namespace. A move
takes addresses and the up state away.`,
    see: `
\`base\`, made by hand, works. Not one packet on \`mon0\` of the host: the other end is down, so it has no carrier. In \`radio\`, \`mon0\` is there, DOWN and
without an address.`,
    expect: [
      {
        protocol: 'icmp',
        client: '10.99.30.1',
        server: '10.99.30.2',
        status: 'no-reply',
        statusAlso: ['unknown', 'dropped'],
        cause: 'iface-moved-lost-config',
        namespace: 'radio',
        interface: 'rad0',
        observed: false,
        mustNot: ['link-down', 'neigh-failed', 'addr-prefix-32'],
        fixCommandShouldContain: 'ip addr add 10.99.30.2/24 dev rad0',
      },
      { protocol: 'icmp', client: '10.99.31.1', server: '10.99.31.2' },
    ],
    async record(lab) {
      const { host } = lab;
      const radio = await lab.netns('radio');
      await host.sh(`
        ip link add mon0 type veth peer name rad0
        ip addr add 10.99.30.1/24 dev mon0
        ip link set mon0 up
        ip addr add 10.99.30.2/24 dev rad0
        ip link set rad0 up
        ip link set rad0 netns radio`);
      const base = await lab.netns('base');
      await lab.wire(host, 'base0', base, 'eth0');
      await host.sh('ip addr add 10.99.31.1/30 dev base0');
      await base.sh('ip addr add 10.99.31.2/30 dev eth0');
      const [port] = await lab.capture(host, ['mon0', 'base0']);
      await lab.works(host, 'ping -n -c 1 10.99.31.2');
      await lab.fails(host, 'ping -n -c 2 -W 1 10.99.30.2', /100% packet loss/);
      await lab.captured();
      lab.unseen(port, 'icmp');
      await lab.dump(host);
      await lab.dump(radio);
      await lab.dump(base, { only: ['ip-addr', 'ip-route'] });
      const fix = 'ip addr add 10.99.30.2/24 dev rad0; ip link set rad0 up';
      await lab.repaired(radio, fix, host, 'ping -n -c 1 -W 2 10.99.30.2');
    },
  },
];
