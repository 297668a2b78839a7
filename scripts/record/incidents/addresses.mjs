/** Addresses that are taken twice, on the wrong device, in the wrong subnet, or gone. */
import { bridgedHost } from '../lib/networks.mjs';

export const addresses = [
  {
    name: 'bridge-covers-the-head-office',
    title: "a bridge's subnet covers a network behind the VPN: neither reaches the other",
    hostname: 'branch-4',
    about: `
The head office is 172.16.0.0/12, behind \`vpn0\`. The network for \`app\` was made with the next free subnet of its
tool, 172.20.0.0/16. The database 172.20.40.10 of the head office now counts as a neighbour on \`appbr\`.`,
    see: `
The host asks on \`appbr\` who has 172.20.40.10 and sends nothing on \`vpn0\`. The other way round the database's SYN comes
in by \`vpn0\`, is forwarded to \`app\`, and \`app\` asks on the bridge for 172.20.40.10 instead of answering.`,
    expect: [
      {
        protocol: 'tcp',
        client: '172.20.40.10',
        server: '10.255.7.2',
        port: 8090,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'route-overlap-subnet',
        namespace: 'app',
        namespaceAlso: ['host'],
        mustNot: [
          'neigh-failed',
          'route-wrong-gateway',
          'nat-masquerade-missing',
          'fwd-ip-forward-off-dnat',
          'route-reply-no-default',
          'addr-netmask-mismatch',
        ],
        fixCommandShouldContain: 'ip route add 172.20.40.10/32 via 172.20.0.1',
      },
      { protocol: 'tcp', client: '172.16.9.77', server: '10.255.7.2', port: 8090 },
    ],
    async record(lab) {
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['appbr', '172.20.0.1/16'],
        members: [['app', 'eth0', '172.20.0.5/16', 'v-app']],
        uplink: ['vpn0', '10.255.7.2/30'],
        gateway: '10.255.7.1',
        remotes: ['172.20.40.10', '172.16.9.77'],
      });
      const { host } = lab;
      const [app] = inside;
      await host.sh('ip route del default; ip route add 172.16.0.0/12 via 10.255.7.1');
      await host.sh(
        'iptables -t nat -A PREROUTING -i vpn0 -p tcp --dport 8090 -j DNAT --to-destination 172.20.0.5:80',
      );
      await app.start('peer tcp-serve 0.0.0.0 80 httpd');
      await outside.start('peer tcp-serve 172.20.40.10 5432 postgres');
      const [vpn, bridge] = await lab.capture(host, ['vpn0', 'appbr']);
      const own = await lab.capture(app, 'eth0');
      await lab.works(outside, 'peer tcp-ask 10.255.7.2 8090 --source 172.16.9.77');
      await lab.fails(outside, 'peer tcp-ask 10.255.7.2 8090 --source 172.20.40.10', /timed out/);
      await lab.fails(host, 'peer tcp-ask 172.20.40.10 5432', /No route to host|timed out/);
      await lab.captured();
      lab.seen(vpn, 'tcp[13] == 2 and src host 172.20.40.10');
      lab.unseen(vpn, 'dst host 172.20.40.10');
      lab.seen(own, 'arp[7] == 1 and src host 172.20.0.5 and dst host 172.20.40.10');
      lab.seen(bridge, 'arp[7] == 1 and src host 172.20.0.1 and dst host 172.20.40.10');
      await lab.dump(host);
      await lab.dump(app);
      await app.sh('ip route add 172.20.40.10/32 via 172.20.0.1');
      const back = 'ip route add 172.20.40.10/32 via 10.255.7.1';
      await lab.repaired(host, back, outside, 'peer tcp-ask 10.255.7.2 8090 --source 172.20.40.10');
    },
  },
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
  {
    name: 'netmask-too-wide',
    title: 'one subnet of the site is unreachable from one machine: its netmask is too wide',
    about: `
Every floor of the site is a /24 behind \`core\`. \`scan\` was set up with 255.255.0.0 and takes the whole site for its own
link; the file server 10.50.9.5 is on another floor.`,
    see: `
\`scan\` asks on its own link who has 10.50.9.5, and nobody does. \`core\`, its router, has a /24 on that link. What is
outside 10.50.0.0/16, and the neighbours, \`scan\` reaches.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.50.1.20',
        server: '10.50.9.5',
        port: 445,
        status: 'no-reply',
        statusAlso: ['unknown', 'dropped'],
        cause: 'addr-netmask-mismatch',
        namespace: 'scan',
        interface: 'eth0',
        observed: false,
        mustNot: [
          'neigh-failed',
          'route-overlap-subnet',
          'route-wrong-gateway',
          'fwd-ip-forward-off',
          'proxy-arp-missing',
        ],
        fixCommandShouldContain: 'ip addr add 10.50.1.20/24 dev eth0',
      },
      { protocol: 'icmp', client: '10.50.1.20', server: '10.51.3.3' },
    ],
    async record(lab) {
      const { host } = lab;
      const scan = await lab.netns('scan');
      const files = await lab.netns('files');
      await lab.wire(host, 'floor1', scan, 'eth0');
      await lab.wire(host, 'floor9', files, 'eth0');
      await host.sh('sysctl -qw net.ipv4.ip_forward=1');
      await host.sh('ip addr add 10.50.1.1/24 dev floor1; ip addr add 10.50.9.1/24 dev floor9');
      await host.sh('ip addr add 10.51.3.3/32 dev lo');
      await scan.sh('ip addr add 10.50.1.20/16 dev eth0; ip route add default via 10.50.1.1');
      await files.sh('ip addr add 10.50.9.5/24 dev eth0; ip route add default via 10.50.9.1');
      await files.start('peer tcp-serve 0.0.0.0 445 smbd');
      const [one, nine] = await lab.capture(host, ['floor1', 'floor9']);
      await lab.works(scan, 'ping -n -c 1 10.51.3.3');
      await lab.fails(scan, 'peer tcp-ask 10.50.9.5 445', /No route to host|timed out/);
      await lab.captured();
      lab.seen(one, 'arp[7] == 1 and dst host 10.50.9.5');
      lab.unseen(nine, 'host 10.50.9.5');
      await lab.dump(host);
      await lab.dump(scan);
      await lab.dump(files);
      const fix = 'ip addr add 10.50.1.20/24 dev eth0; ip addr del 10.50.1.20/16 dev eth0';
      await lab.repaired(scan, fix, scan, 'peer tcp-ask 10.50.9.5 445');
    },
  },
  {
    name: 'default-route-on-the-bridge',
    title:
      'the host lost the internet when a container was started: a network manager put a default route on the bridge',
    hostname: 'pi-hole',
    about: `
A DHCP client watches every interface. On \`podbr\` it got no answer, configured it by itself (link-local), and added
\`default dev podbr\` with a better metric than the real default route.`,
    see: `
Who-has questions for 198.51.100.80, an address of the internet, on \`podbr\`, never answered; nothing for it on \`end0\`. \`ip route\`
has two default routes, the one without a gateway first.`,
    expect: [
      {
        protocol: 'tcp',
        client: '203.0.113.172',
        server: '198.51.100.80',
        port: 443,
        status: 'no-reply',
        statusAlso: ['unknown', 'dropped'],
        cause: 'mgr-host-route-grab',
        namespace: 'host',
        interface: 'podbr',
        observed: false,
        mustNot: [
          'neigh-failed',
          'route-wrong-gateway',
          'ext-drop-after-host',
          'route-overlap-subnet',
          'addr-netmask-mismatch',
        ],
        fixCommandShouldContain: 'ip route del default dev podbr',
      },
      { protocol: 'icmp', client: '10.88.14.6', server: '10.88.14.1' },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['podbr', '10.88.14.1/24'],
        members: [['pod6', 'eth0', '10.88.14.6/24', 'v-pod6']],
        uplink: ['end0', '203.0.113.172/24'],
        gateway: '203.0.113.1',
        remotes: ['198.51.100.80'],
      });
      const [pod] = inside;
      await outside.start('peer tcp-serve 198.51.100.80 443 nginx');
      await host.sh(`
        ip route del default
        ip route add default via 203.0.113.1 dev end0 proto dhcp metric 202
        ip addr add 169.254.31.7/16 dev podbr
        ip route add default dev podbr scope link metric 50`);
      const [bridge, uplink] = await lab.capture(host, ['podbr', 'end0']);
      await lab.works(pod, 'ping -n -c 1 10.88.14.1');
      await lab.fails(host, 'peer tcp-ask 198.51.100.80 443', /No route to host|timed out/);
      await lab.captured();
      lab.seen(bridge, 'arp[7] == 1 and dst host 198.51.100.80');
      lab.unseen(uplink, 'host 198.51.100.80');
      await lab.dump(host, { form: 'text' });
      await lab.dump(pod, { form: 'text' });
      await lab.repaired(
        host,
        'ip route del default dev podbr metric 50',
        host,
        'peer tcp-ask 198.51.100.80 443',
      );
    },
  },
];
