/** Devices on top of others: routed containers, macvlan, VXLAN. */

export const overlays = [
  {
    name: 'routed-pod-without-proxy-arp',
    title: "a pod's gateway 169.254.1.1 never answers ARP: proxy_arp is off on its host interface",
    hostname: 'k8s-node-2',
    quiet: true,
    about: `
Pods here are routed, not bridged: \`pod\` has a /32, its gateway is 169.254.1.1, an address that nobody has, and the host
is to answer for it by proxy ARP on \`cali3f7\`. A hardening job set proxy_arp to 0 everywhere.`,
    see: `
\`pod\` asks who has 169.254.1.1, the question arrives on \`cali3f7\` of the host, and nobody answers. Nothing else is sent.
\`net.ipv4.conf.cali3f7.proxy_arp\` is 0; the host's route to the pod is there.`,
    expect: [
      {
        protocol: 'udp',
        client: '10.244.9.7',
        server: '198.51.100.53',
        port: 123,
        status: 'no-reply',
        statusAlso: ['unknown', 'dropped'],
        cause: 'proxy-arp-missing',
        namespace: 'host',
        interface: 'cali3f7',
        sysctl: 'net.ipv4.conf.cali3f7.proxy_arp',
        observed: false,
        mustNot: [
          'route-wrong-gateway',
          'neigh-failed',
          'addr-prefix-32',
          'addr-netmask-mismatch',
          'fwd-ip-forward-off',
        ],
        fixCommandShouldContain: 'sysctl -w net.ipv4.conf.cali3f7.proxy_arp=1',
      },
      { protocol: 'icmp', client: '203.0.113.18', server: '203.0.113.1' },
    ],
    async record(lab) {
      const { host } = lab;
      const pod = await lab.netns('pod');
      const outside = await lab.machine('outside');
      await lab.wire(host, 'cali3f7', pod, 'eth0');
      await lab.wire(host, 'eno1', outside, 'eth0');
      await host.sh(`
        sysctl -qw net.ipv4.ip_forward=1
        ip addr add 203.0.113.18/24 dev eno1
        ip route add default via 203.0.113.1
        ip route add 10.244.9.7 dev cali3f7 scope link
        iptables -t nat -A POSTROUTING -s 10.244.0.0/16 -o eno1 -j MASQUERADE`);
      await outside.sh('ip addr add 203.0.113.1/24 dev eth0; ip addr add 198.51.100.53/32 dev lo');
      await pod.sh(`
        ip addr add 10.244.9.7/32 dev eth0
        ip route add 169.254.1.1 dev eth0 scope link
        ip route add default via 169.254.1.1 dev eth0`);
      await outside.start('peer udp-serve 198.51.100.53 123 chronyd');
      const [veth, uplink] = await lab.capture(host, ['cali3f7', 'eno1']);
      await lab.works(host, 'ping -n -c 1 203.0.113.1');
      await lab.fails(pod, 'peer udp-ask 198.51.100.53 123 --tries 6', /0 of 6 answered/);
      await lab.captured();
      lab.seen(veth, 'arp[7] == 1 and dst host 169.254.1.1');
      lab.unseen(veth, 'arp[7] == 2');
      lab.unseen(uplink, 'udp dst port 123');
      await lab.dump(host);
      await lab.dump(pod);
      const fix = 'sysctl -w net.ipv4.conf.cali3f7.proxy_arp=1';
      await lab.repaired(host, fix, pod, 'peer udp-ask 198.51.100.53 123 --tries 4');
    },
  },
  {
    name: 'macvlan-and-its-own-host',
    title: 'everybody on the LAN reaches the media server, only its own host does not: macvlan',
    hostname: 'nas-1',
    quiet: true,
    about: `
\`dlna\` has an address of the LAN by a macvlan device on the host's \`lan1\`. The host wants to watch its health.`,
    see: `
The host's "who has 10.12.5.40" is on \`lan1\` and on the wire, and not in \`dlna\`: a macvlan's parent doesn't speak with its
children. \`router\`, on the same LAN, connects.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.12.5.2',
        server: '10.12.5.40',
        port: 8200,
        status: 'no-reply',
        statusAlso: ['unknown', 'dropped'],
        cause: 'macvlan-host-isolation',
        namespace: 'host',
        interface: 'lan1',
        observed: false,
        mustNot: [
          'neigh-failed',
          'link-down',
          'bridge-port-not-enslaved',
          'bridge-port-filtered',
          'sock-not-listening',
        ],
        fixCommandShouldContain: 'macvlan',
      },
      { protocol: 'tcp', client: '10.12.5.1', server: '10.12.5.40', port: 8200 },
    ],
    async record(lab) {
      const { host } = lab;
      const router = await lab.machine('router');
      const dlna = await lab.netns('dlna');
      await lab.wire(host, 'lan1', router, 'eth0');
      await host.sh(`
        ip addr add 10.12.5.2/24 dev lan1
        ip link add mvl0 link lan1 type macvlan mode bridge
        ip link set mvl0 netns dlna`);
      await router.sh('ip addr add 10.12.5.1/24 dev eth0');
      await dlna.sh('ip link set mvl0 name eth0; ip addr add 10.12.5.40/24 dev eth0; ip link set eth0 up');
      await dlna.start('peer tcp-serve 0.0.0.0 8200 minidlnad');
      const lan = await lab.capture(host, 'lan1');
      const own = await lab.capture(dlna, 'eth0');
      await lab.works(router, 'peer tcp-ask 10.12.5.40 8200');
      await lab.fails(host, 'peer tcp-ask 10.12.5.40 8200', /No route to host|timed out/);
      await lab.captured();
      lab.seen(lan, 'arp[7] == 1 and src host 10.12.5.2 and dst host 10.12.5.40');
      lab.unseen(own, 'arp[7] == 1 and src host 10.12.5.2');
      await lab.dump(host);
      await lab.dump(dlna);
      await lab.dump(router, { only: ['ip-addr', 'ip-neigh'] });
      const shim = `
        ip link add shim0 link lan1 type macvlan mode bridge
        ip link set shim0 up
        ip route add 10.12.5.40/32 dev shim0 src 10.12.5.2`;
      await lab.repaired(host, shim, host, 'peer tcp-ask 10.12.5.40 8200');
    },
  },
  {
    name: 'overlay-without-fdb-entry',
    title: 'pods of one node are unreachable from here: VXLAN has no forwarding entry for that node',
    hostname: 'node-a',
    quiet: true,
    about: `
\`flannel.7\` on \`node-a\` is a VXLAN device without learning; an agent writes neighbour and FDB entries for every other
node. For \`node-b\`, replaced last night, the FDB entry is missing; for \`node-c\` everything is there.`,
    see: `
The SYN to 10.42.2.0 is on \`flannel.7\`, and no VXLAN packet for it is on \`eth0\`. \`bridge fdb\` has no entry with the MAC that the
neighbour table gives for 10.42.2.0. \`ip -s link\` counts dropped packets on \`flannel.7\`. 10.42.3.0 works.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.42.1.0',
        server: '10.42.2.0',
        port: 9090,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'vxlan-underlay',
        namespace: 'host',
        interface: 'flannel.7',
        mustNot: [
          'ext-drop-after-host',
          'neigh-failed',
          'neigh-stale-mac',
          'lost-between-captures',
          'mtu-pmtu-blackhole',
        ],
        fixCommandShouldContain: 'bridge fdb append 02:42:0a:2a:02:00 dev flannel.7 dst',
      },
      { protocol: 'tcp', client: '10.42.1.0', server: '10.42.3.0', port: 9090 },
    ],
    async record(lab) {
      const { host } = lab;
      const nodes = [
        [await lab.machine('node-b'), 2],
        [await lab.machine('node-c'), 3],
      ];
      await host.sh('ip link add sw0 type bridge; ip link set sw0 up');
      const all = [[host, 1], ...nodes];
      for (const [node, number] of all) {
        await lab.wire(host, `sw-p${number}`, node, 'eth0');
        await host.sh(`ip link set sw-p${number} master sw0`);
        await node.sh(`
          ip addr add 192.168.240.${number}/24 dev eth0
          ip link add flannel.7 type vxlan id 7 dstport 8472 local 192.168.240.${number} dev eth0 nolearning
          ip link set flannel.7 address 02:42:0a:2a:0${number}:00
          ip addr add 10.42.${number}.0/32 dev flannel.7
          ip link set flannel.7 up`);
      }
      for (const [node, number] of all) {
        for (const [, other] of all.filter(([, candidate]) => candidate !== number)) {
          await node.sh(`
            ip neigh replace 10.42.${other}.0 lladdr 02:42:0a:2a:0${other}:00 dev flannel.7 nud permanent
            ip route add 10.42.${other}.0/24 via 10.42.${other}.0 dev flannel.7 onlink`);
          if (number !== 1 || other !== 2)
            await node.sh(
              `bridge fdb append 02:42:0a:2a:0${other}:00 dev flannel.7 dst 192.168.240.${other}`,
            );
        }
      }
      for (const [node] of nodes) await node.start('peer tcp-serve 0.0.0.0 9090 metrics');
      const [overlay, underlay] = await lab.capture(host, ['flannel.7', 'eth0']);
      await lab.works(host, 'peer tcp-ask 10.42.3.0 9090');
      await lab.fails(host, 'peer tcp-ask 10.42.2.0 9090', /timed out/);
      await lab.captured();
      lab.seen(overlay, 'tcp[13] == 2 and dst host 10.42.2.0');
      lab.unseen(underlay, 'udp port 8472 and host 192.168.240.2');
      lab.seen(underlay, 'udp port 8472 and host 192.168.240.3');
      await lab.dump(host, { plus: ['ip-s-link'] });
      const fix = 'bridge fdb append 02:42:0a:2a:02:00 dev flannel.7 dst 192.168.240.2';
      await lab.repaired(host, fix, host, 'peer tcp-ask 10.42.2.0 9090');
    },
  },
  {
    name: 'overlay-blocked-between-nodes',
    title:
      'VXLAN packets leave for two nodes and nothing comes back: one drops UDP 8472, one listens on another port',
    hostname: 'node-a',
    quiet: true,
    about: `
The overlay of \`node-a\` has all its entries. On \`node-b\` a firewall was switched on that knows nothing of UDP 8472; \`node-d\`
was set up anew with VXLAN's other port, 4789.`,
    see: `
For both the inner SYN is on \`flannel.7\` and the outer packet on \`eth0\`. From \`node-b\` nothing comes back. \`node-d\` answers
each with ICMP port unreachable. \`node-c\` works.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.42.1.0',
        server: '10.42.2.0',
        port: 9090,
        status: 'no-reply',
        cause: 'vxlan-underlay',
        namespace: 'host',
        interface: 'flannel.7',
        mustNot: ['neigh-failed', 'vxlan-bad-checksum', 'lost-between-captures', 'sock-not-listening'],
        fixCommandShouldContain: 'Let UDP 8472',
      },
      {
        protocol: 'tcp',
        client: '10.42.1.0',
        server: '10.42.4.0',
        port: 9090,
        status: 'no-reply',
        cause: 'vxlan-underlay',
        namespace: 'host',
        fixCommandShouldContain: 'same UDP port',
      },
      { protocol: 'tcp', client: '10.42.1.0', server: '10.42.3.0', port: 9090 },
    ],
    async record(lab) {
      const { host } = lab;
      const nodes = [
        [await lab.machine('node-b'), 2, 8472],
        [await lab.machine('node-c'), 3, 8472],
        [await lab.machine('node-d'), 4, 4789],
      ];
      await host.sh('ip link add sw0 type bridge; ip link set sw0 up');
      const all = [[host, 1, 8472], ...nodes];
      for (const [node, number, port] of all) {
        await lab.wire(host, `sw-p${number}`, node, 'eth0');
        await host.sh(`ip link set sw-p${number} master sw0`);
        await node.sh(`
          ip addr add 192.168.240.${number}/24 dev eth0
          ip link add flannel.7 type vxlan id 7 dstport ${port} local 192.168.240.${number} dev eth0 nolearning
          ip link set flannel.7 address 02:42:0a:2a:0${number}:00
          ip addr add 10.42.${number}.0/32 dev flannel.7
          ip link set flannel.7 up`);
      }
      for (const [node, number] of all) {
        for (const [, other] of all.filter(([, candidate]) => candidate !== number)) {
          await node.sh(`
            ip neigh replace 10.42.${other}.0 lladdr 02:42:0a:2a:0${other}:00 dev flannel.7 nud permanent
            ip route add 10.42.${other}.0/24 via 10.42.${other}.0 dev flannel.7 onlink
            bridge fdb append 02:42:0a:2a:0${other}:00 dev flannel.7 dst 192.168.240.${other}`);
        }
      }
      const [[nodeB]] = nodes;
      await nodeB.sh('iptables -A INPUT -p udp -m udp --dport 8472 -j DROP');
      for (const [node] of nodes) await node.start('peer tcp-serve 0.0.0.0 9090 metrics');
      const [overlay, underlay] = await lab.capture(host, ['flannel.7', 'eth0']);
      await lab.works(host, 'peer tcp-ask 10.42.3.0 9090');
      await lab.fails(host, 'peer tcp-ask 10.42.2.0 9090', /timed out/);
      await lab.fails(host, 'peer tcp-ask 10.42.4.0 9090', /timed out/);
      await lab.captured();
      lab.seen(overlay, 'tcp[13] == 2 and dst host 10.42.2.0');
      lab.seen(underlay, 'udp dst port 8472 and dst host 192.168.240.2');
      lab.unseen(underlay, 'udp and src host 192.168.240.2');
      lab.seen(underlay, 'icmp[0] == 3 and icmp[1] == 3 and src host 192.168.240.4');
      await lab.dump(host);
      const accept = 'iptables -I INPUT -p udp -m udp --dport 8472 -j ACCEPT';
      await lab.repaired(nodeB, accept, host, 'peer tcp-ask 10.42.2.0 9090');
    },
  },
  {
    name: 'overlay-with-damaged-checksums',
    title: "nothing of one node's overlay arrives: its outer UDP checksums are wrong",
    hostname: 'node-a',
    quiet: true,
    about: `
**Hand-made in part.** The drivers and kernels that complete VXLAN's outer checksum wrongly were not at hand, so a script
on \`node-b\` sends such packets (\`peer vxlan-damaged\`); what receives and drops them is a real kernel.`,
    see: `
VXLAN packets of 192.168.240.2 arrive on \`eth0\` with a checksum that is neither right nor the pseudo-header's sum. The echo
requests inside never come to \`flannel.7\`. \`UdpInCsumErrors\` rises with each.`,
    expect: [
      {
        protocol: 'udp',
        client: '192.168.240.2',
        server: '192.168.240.1',
        port: 8472,
        status: 'dropped',
        statusAlso: ['no-reply'],
        cause: 'vxlan-bad-checksum',
        alsoAcceptable: ['ct-bad-checksum'],
        namespace: 'host',
        mustNot: ['vxlan-underlay', 'flt-input-drop', 'sock-not-listening', 'ext-drop-after-host'],
        fixCommandShouldContain: 'tx-checksum-ip-generic off',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const node = await lab.machine('node-b');
      await lab.wire(host, 'eth0', node, 'eth0');
      await host.sh('ip addr add 192.168.240.1/24 dev eth0; ethtool -K eth0 rx off >/dev/null');
      await node.sh('ip addr add 192.168.240.2/24 dev eth0; ethtool -K eth0 tx off >/dev/null');
      await host.sh(`
        ip link add flannel.7 type vxlan id 7 dstport 8472 local 192.168.240.1 dev eth0 nolearning
        ip link set flannel.7 address 02:42:0a:2a:01:00
        ip addr add 10.42.1.0/32 dev flannel.7
        ip link set flannel.7 up`);
      const [underlay, overlay] = await lab.capture(host, ['eth0', 'flannel.7']);
      await lab.works(node, 'peer vxlan-damaged 192.168.240.1 8472 --source 192.168.240.2 --tries 4');
      await lab.captured();
      lab.seen(underlay, 'udp dst port 8472');
      lab.unseen(overlay, 'icmp');
      await lab.counted(host, 'UdpInCsumErrors', 4);
      lab.dropped('UDP_CSUM');
      await lab.dump(host);
    },
  },
];
