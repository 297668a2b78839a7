/** Subnets that overlap, are too wide, or are left by the wrong interface. */
import { bridgedHost } from '../lib/networks.mjs';

export const subnets = [
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
