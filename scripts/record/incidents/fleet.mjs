/** Several hosts, each with a bundle of its own: what happens between them, seen from all sides. */

/**
 * Two nodes on one wire, a pod behind each, joined by VXLAN with routes, neighbour and FDB entries as an agent writes them.
 *
 * @param {import('../lib/lab.mjs').Lab} lab
 * @param {{ names: [string, string], pods: [string, string], clock?: number, vxlan?: string }} shape `vxlan`: the last
 *   words for both devices
 */
async function overlay(lab, { names, pods, clock = 0, vxlan = 'dev ens5' }) {
  const nodes = [await lab.node(names[0]), await lab.node(names[1], { clock })];
  const inside = [await lab.pod(nodes[0], pods[0]), await lab.pod(nodes[1], pods[1])];
  await lab.wire(nodes[0], 'ens5', nodes[1], 'ens5');
  for (const [index, node] of nodes.entries()) {
    const number = index + 1;
    await node.sh(`
      sysctl -qw net.ipv4.ip_forward=1
      ip addr add 10.160.7.${number}/24 dev ens5
      ip link add vx-pods type vxlan id 61 dstport 8472 local 10.160.7.${number} nolearning ${vxlan}
      ip link set vx-pods address 02:61:00:00:0${number}:00
      ip addr add 10.61.${number}.0/32 dev vx-pods
      ip link set vx-pods up`);
    await lab.bridge(node, 'pods0', `10.61.${number}.1/24`, [
      [inside[index], 'eth0', `10.61.${number}.1${number}/24`, `p-${pods[index]}`],
    ]);
  }
  for (const [index, node] of nodes.entries()) {
    const other = 2 - index;
    await node.sh(`
      ip neigh replace 10.61.${other}.0 lladdr 02:61:00:00:0${other}:00 dev vx-pods nud permanent
      ip route add 10.61.${other}.0/24 via 10.61.${other}.0 dev vx-pods onlink
      bridge fdb append 02:61:00:00:0${other}:00 dev vx-pods dst 10.160.7.${other}`);
  }
  return { nodes, inside };
}

/** Bridge, overlay and underlay of both nodes. */
async function everywhere(lab, nodes, devices = ['pods0', 'vx-pods', 'ens5']) {
  const captures = [];
  for (const node of nodes) captures.push(await lab.capture(node, devices));
  return captures;
}

async function dumpAll(lab, nodes, inside) {
  for (const node of nodes) await lab.dump(node);
  for (const pod of inside) await lab.dump(pod, { only: ['ip-addr', 'ip-route', 'ip-neigh', 'ss'] });
}

export const fleet = [
  {
    name: 'fleet-underlay-port-dropped',
    title: "pods of two nodes don't reach each other: the second node's firewall knows nothing of VXLAN",
    quiet: true,
    about: `
\`kv-east\` and \`kv-west\` carry pods, joined by VXLAN on UDP 8472. \`kv-west\` got a host firewall that lets SSH in, what was asked
for, and nothing else. Each node's bundle is in a folder of its own.`,
    see: `
The SYN of \`cart\` is on the bridge and on \`vx-pods\` of \`kv-east\`, wrapped on \`ens5\` of both nodes, and on no other device of
\`kv-west\`. The DROP of its INPUT counts the wrapped packets.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.61.1.11',
        server: '10.61.2.12',
        port: 6379,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'flt-input-drop',
        alsoAcceptable: ['flt-rule-drop'],
        namespace: 'kv-west/host',
        rule: { table: 'filter', chain: 'INPUT', number: 4 },
        mustNot: [
          'ext-drop-after-host',
          'lost-between-captures',
          'sock-not-listening',
          'flt-forward-policy-drop',
        ],
        fixCommandShouldContain: '--dport 8472 -j ACCEPT',
      },
      { protocol: 'icmp', client: '10.160.7.1', server: '10.160.7.2' },
    ],
    async record(lab) {
      const { nodes, inside } = await overlay(lab, {
        names: ['kv-east', 'kv-west'],
        pods: ['cart', 'cache'],
      });
      const [, west] = nodes;
      const [cart, cache] = inside;
      await cache.start('peer tcp-serve 0.0.0.0 6379 redis-server');
      await west.sh(`
        iptables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A INPUT -p icmp -j ACCEPT
        iptables -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
        iptables -A INPUT -i ens5 -j DROP`);
      const [[, , eastWire], [westBridge, westOverlay, westWire]] = await everywhere(lab, nodes);
      await lab.works(nodes[0], 'ping -n -c 3 -i 0.2 10.160.7.2');
      await lab.fails(cart, 'peer tcp-ask 10.61.2.12 6379', /timed out/);
      await lab.captured();
      lab.seen(eastWire, 'udp dst port 8472 and dst host 10.160.7.2');
      lab.seen(westWire, 'udp dst port 8472 and dst host 10.160.7.2');
      lab.unseen(westOverlay, 'tcp');
      lab.unseen(westBridge, 'tcp');
      await lab.ruleHit(west, 'filter INPUT 4', '-i ens5 -j DROP', 3);
      await dumpAll(lab, nodes, inside);
      const fix = 'iptables -I INPUT 4 -i ens5 -p udp -m udp --dport 8472 -j ACCEPT';
      await lab.repaired(west, fix, cart, 'peer tcp-ask 10.61.2.12 6379');
    },
  },
  {
    name: 'fleet-far-node-does-not-forward',
    title: 'VXLAN works, and the pod behind it is unreachable: the second node was left with forwarding off',
    quiet: true,
    about: `
The same overlay. \`kv-west\` was reinstalled from an image whose sysctl file says \`net.ipv4.ip_forward = 0\`.`,
    see: `
The SYN comes to \`kv-west\` wrapped on \`ens5\`, unwrapped on \`vx-pods\`, and never to its bridge. \`IpForwDatagrams\` stands still there.
To the node's own overlay address everything works.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.61.1.11',
        server: '10.61.2.12',
        port: 6379,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'fwd-ip-forward-off',
        namespace: 'kv-west/host',
        sysctl: 'net.ipv4.ip_forward',
        mustNot: ['vxlan-underlay', 'lost-between-captures', 'ext-drop-after-host', 'neigh-failed'],
        fixCommandShouldContain: 'sysctl -w net.ipv4.ip_forward=1',
      },
      { protocol: 'icmp', client: '10.61.1.11', server: '10.61.2.0' },
    ],
    async record(lab) {
      const { nodes, inside } = await overlay(lab, {
        names: ['kv-east', 'kv-west'],
        pods: ['cart', 'cache'],
      });
      const [, west] = nodes;
      const [cart, cache] = inside;
      await cache.start('peer tcp-serve 0.0.0.0 6379 redis-server');
      await west.sh('sysctl -qw net.ipv4.ip_forward=0');
      const [, [westBridge, westOverlay]] = await everywhere(lab, nodes);
      await lab.works(cart, 'ping -n -c 3 -i 0.2 10.61.2.0');
      await lab.fails(cart, 'peer tcp-ask 10.61.2.12 6379', /timed out/);
      await lab.captured();
      lab.seen(westOverlay, 'tcp[13] == 2 and dst host 10.61.2.12');
      lab.unseen(westBridge, 'tcp');
      await dumpAll(lab, nodes, inside);
      await lab.repaired(west, 'sysctl -qw net.ipv4.ip_forward=1', cart, 'peer tcp-ask 10.61.2.12 6379');
    },
  },
  {
    name: 'fleet-overlay-too-wide',
    title: "uploads between pods hang: the overlay's MTU is that of the wire, and its packets may not be cut",
    quiet: true,
    about: `
\`vx-pods\` was made without naming \`ens5\`, so the kernel gave it MTU 1500, as the wire has, and its packets are sent with DF, "so that
nothing is fragmented". VXLAN's own headers take 50 bytes.`,
    see: `
Handshake and greeting pass. The full segments (1500 bytes) are on \`vx-pods\` of \`kv-east\` again and again, and none is on \`ens5\`.
No ICMP 3/4 reaches \`cart\`: of what is forwarded, the kernel tells nobody.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.61.1.11',
        server: '10.61.2.12',
        port: 6379,
        status: 'degraded',
        statusAlso: ['no-reply', 'dropped'],
        cause: 'mtu-pmtu-blackhole',
        namespace: 'kv-east/host',
        interface: 'vx-pods',
        mustNot: [
          'mtu-l2-mismatch',
          'vxlan-underlay',
          'lost-between-captures',
          'link-qdisc-drop',
          'ext-drop-after-host',
        ],
        fixCommandShouldContain: 'ip link set dev vx-pods mtu 1450',
      },
      { protocol: 'icmp', client: '10.61.1.11', server: '10.61.2.12' },
    ],
    async record(lab) {
      const { nodes, inside } = await overlay(lab, {
        names: ['kv-east', 'kv-west'],
        pods: ['cart', 'cache'],
        vxlan: 'df set',
      });
      const [east, west] = nodes;
      const [cart, cache] = inside;
      await cache.start('peer tcp-serve 0.0.0.0 6379 redis-server');
      const [[eastBridge, eastOverlay, eastWire]] = await everywhere(lab, nodes);
      await lab.works(cart, 'ping -n -c 3 -i 0.2 10.61.2.12');
      await lab.fails(cart, 'peer tcp-ask 10.61.2.12 6379 --send 20000', /timed out/);
      await lab.captured();
      lab.seen(eastOverlay, 'tcp and greater 1500');
      lab.unseen(eastWire, 'greater 1540');
      lab.unseen(eastBridge, 'icmp[0] == 3');
      await dumpAll(lab, nodes, inside);
      await cache.start('peer tcp-serve 0.0.0.0 6380 redis-server');
      // The answer is long too, and has the same before it on its way.
      await west.sh('ip link set dev vx-pods mtu 1450');
      await lab.repaired(
        east,
        'ip link set dev vx-pods mtu 1450',
        cart,
        'peer tcp-ask 10.61.2.12 6380 --send 20000',
      );
    },
  },
  {
    name: 'fleet-far-router-knows-no-way-back',
    title: "a branch's till never gets an answer: the other branch's router has no route to its network",
    quiet: true,
    about: `
Two branch routers on one transfer network, a network behind each, no NAT. \`edge-north\` has a route to the other side; \`edge-south\`
lost its own to 10.71.4.0/24 and has no default route. The clock of \`edge-south\` is 7.25 seconds ahead.`,
    see: `
The SYN is on all interfaces as far as \`ledger\`. Its SYN-ACK comes to \`lan1\` of \`edge-south\` and to no other place; \`edge-south\` answers
with ICMP 3/0. By their time stamps the packets would take seven seconds from router to router.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.71.4.20',
        server: '10.72.9.80',
        port: 8443,
        status: 'no-reply',
        statusAlso: ['dropped', 'rejected'],
        cause: 'route-missing-return',
        alsoAcceptable: ['route-reply-no-default'],
        namespace: 'edge-south/host',
        mustNot: [
          'ext-drop-after-host',
          'lost-between-captures',
          'nat-masquerade-missing',
          'sock-not-listening',
        ],
        fixCommandShouldContain: 'ip route add 10.71.4.0/24 via 172.30.255.1',
      },
      { protocol: 'tcp', client: '172.30.255.1', server: '10.72.9.80', port: 8443 },
    ],
    async record(lab) {
      const north = await lab.node('edge-north');
      const south = await lab.node('edge-south', { clock: 7.25 });
      const till = await lab.pod(north, 'till');
      const ledger = await lab.pod(south, 'ledger');
      await lab.wire(till, 'eth0', north, 'lan1');
      await lab.wire(north, 'wan0', south, 'wan0');
      await lab.wire(south, 'lan1', ledger, 'eth0');
      await north.sh(`
        sysctl -qw net.ipv4.ip_forward=1
        ip addr add 10.71.4.1/24 dev lan1; ip addr add 172.30.255.1/30 dev wan0
        ip route add 10.72.9.0/24 via 172.30.255.2`);
      await south.sh(`
        sysctl -qw net.ipv4.ip_forward=1
        ip addr add 10.72.9.1/24 dev lan1; ip addr add 172.30.255.2/30 dev wan0`);
      await till.sh('ip addr add 10.71.4.20/24 dev eth0; ip route add default via 10.71.4.1');
      await ledger.sh('ip addr add 10.72.9.80/24 dev eth0; ip route add default via 10.72.9.1');
      await ledger.start('peer tcp-serve 0.0.0.0 8443 ledgerd');
      const [[, northWan], [southLan, southWan]] = await everywhere(lab, [north, south], ['lan1', 'wan0']);
      await lab.works(north, 'peer tcp-ask 10.72.9.80 8443');
      await lab.fails(till, 'peer tcp-ask 10.72.9.80 8443', /timed out/);
      await lab.captured();
      lab.seen(northWan, 'tcp[13] == 2 and src host 10.71.4.20');
      lab.seen(southLan, 'tcp[13] == 18 and dst host 10.71.4.20');
      lab.unseen(southWan, 'tcp[13] == 18 and dst host 10.71.4.20');
      await dumpAll(lab, [north, south], [till, ledger]);
      await lab.repaired(
        south,
        'ip route add 10.71.4.0/24 via 172.30.255.1',
        till,
        'peer tcp-ask 10.72.9.80 8443',
      );
    },
  },
  {
    name: 'healthy-fleet-over-vxlan',
    title: 'pods of two nodes talk over VXLAN, and one clock is more than three hours behind',
    quiet: true,
    about: `
The same overlay without a fault. The clock of \`kv-west\` was never set: it is 3 hours, 25 minutes and some seconds behind. Both have a
\`docker0\` of 172.17.0.0/16 that nobody uses.`,
    see: `
Every packet of \`cart\` and of \`cache\` is at all six points. That both nodes have 172.17.0.1 joins nothing.`,
    expect: [
      { protocol: 'tcp', client: '10.61.1.11', server: '10.61.2.12', port: 6379 },
      { protocol: 'icmp', client: '10.61.2.12', server: '10.61.1.11' },
    ],
    async record(lab) {
      const { nodes, inside } = await overlay(lab, {
        names: ['kv-east', 'kv-west'],
        pods: ['cart', 'cache'],
        clock: -12312.75,
      });
      const [cart, cache] = inside;
      for (const node of nodes)
        await node.sh(
          'ip link add docker0 type bridge; ip addr add 172.17.0.1/16 dev docker0; ip link set docker0 up',
        );
      await cache.start('peer tcp-serve 0.0.0.0 6379 redis-server');
      const [[, , eastWire], [, westOverlay]] = await everywhere(lab, nodes);
      await lab.works(cart, 'peer tcp-ask 10.61.2.12 6379');
      await lab.works(cache, 'ping -n -c 3 -i 0.2 10.61.1.11');
      await lab.captured();
      lab.seen(eastWire, 'udp dst port 8472');
      lab.seen(westOverlay, 'icmp[0] == 0');
      await dumpAll(lab, nodes, inside);
    },
  },
];
