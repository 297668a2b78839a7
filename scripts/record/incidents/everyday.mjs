/** Rules and routes that do what somebody once told them to: bans, loops, private networks, Docker's own switches. */
import { bridgedHost } from '../lib/networks.mjs';

export const everyday = [
  {
    name: 'banned-by-a-set',
    title: 'one client is dead, all others are served: an address set of the ban daemon holds its address',
    hostname: 'porch',
    quiet: true,
    about: `
Port 8443 of the host is forwarded to \`gallery\`. One visitor mistyped a password too often: a ban daemon put the address
into the set \`ban-web\`, which a rule of FORWARD drops. Everybody else gets the pages.`,
    see: `
SYNs of 198.51.100.77 on \`ens3\` and never on \`galbr\`; those of the other client are on both. \`ipset list\` has the
address.`,
    expect: [
      {
        protocol: 'tcp',
        client: '198.51.100.77',
        server: '198.51.100.20',
        port: 8443,
        status: 'dropped',
        cause: 'flt-ipset-ban',
        namespace: 'host',
        mustNot: ['flt-rule-drop', 'fwd-ip-forward-off-dnat', 'nat-no-dnat-host-rst'],
      },
      { protocol: 'tcp', client: '198.51.100.1', server: '198.51.100.20', port: 8443 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['galbr', '10.73.4.1/24'],
        members: [['gallery', 'eth0', '10.73.4.9/24', 'galport']],
        uplink: ['ens3', '198.51.100.20/24'],
        gateway: '198.51.100.1',
      });
      const visitor = await lab.machine('visitor');
      await lab.wire(outside, 'side', visitor, 'eth0');
      await outside.sh(`
        ip addr add 172.31.255.1/30 dev side; ip route add 198.51.100.77 dev side
        sysctl -qw net.ipv4.conf.eth0.proxy_arp=1`);
      await visitor.sh('ip addr add 198.51.100.77/32 dev eth0; ip route add default dev eth0');
      await outside.sh('sysctl -qw net.ipv4.conf.side.proxy_arp=1');
      await host.sh(`
        iptables -t nat -A PREROUTING -i ens3 -p tcp --dport 8443 -j DNAT --to-destination 10.73.4.9:443
        ipset create ban-web hash:ip timeout 0
        ipset add ban-web 203.0.113.140; ipset add ban-web 198.51.100.77
        iptables -A FORWARD -i ens3 -m set --match-set ban-web src -j DROP
        iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`);
      await inside[0].start('peer tcp-serve 0.0.0.0 443 nginx');
      const [uplink, bridge] = await lab.capture(host, ['ens3', 'galbr']);
      await lab.works(outside, 'peer tcp-ask 198.51.100.20 8443');
      await lab.fails(visitor, 'peer tcp-ask 198.51.100.20 8443', /timed out/);
      await lab.captured();
      lab.seen(uplink, 'tcp[13] == 2 and src host 198.51.100.77');
      lab.unseen(bridge, 'host 198.51.100.77');
      await lab.ruleHit(host, 'filter FORWARD 1', '--match-set ban-web src -j DROP', 1);
      await lab.dump(host, { form: 'text', plus: ['ipset-list'] });
      await lab.repaired(host, 'ipset del ban-web 198.51.100.77', visitor, 'peer tcp-ask 198.51.100.20 8443');
    },
  },
  {
    name: 'each-router-points-at-the-other',
    title: 'an address nobody has any more goes to and fro between two routers until its TTL ends',
    hostname: 'edge-router',
    quiet: true,
    about: `
The host is the edge of a site and sends 10.150.0.0/16 to the router \`core\`. \`core\` lost its route to 10.150.8.0/24 when
that network moved, and follows its default route: back to the host.`,
    see: `
The same echo request again and again on \`core0\`, its TTL falling by one each time it passes, and an ICMP 11/0 in the end.`,
    expect: [
      {
        protocol: 'icmp',
        client: '10.149.3.30',
        server: '10.150.8.8',
        status: 'rejected',
        statusAlso: ['dropped', 'no-reply'],
        cause: 'route-loop',
        alsoAcceptable: ['ttl-expired'],
        mustNot: ['fwd-ip-forward-off', 'ext-unreachable'],
      },
      { protocol: 'icmp', client: '10.149.3.30', server: '10.150.0.2' },
    ],
    async record(lab) {
      const { host } = lab;
      const core = await lab.machine('core');
      const desk = await lab.netns('desk');
      await lab.wire(host, 'core0', core, 'up0');
      await lab.wire(host, 'desk0', desk, 'eth0');
      await host.sh(`
        sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.core0.send_redirects=0
        ip addr add 10.149.255.1/30 dev core0; ip addr add 10.149.3.1/24 dev desk0
        ip route add 10.150.0.0/16 via 10.149.255.2`);
      await core.sh(`
        sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.up0.send_redirects=0
        ip addr add 10.149.255.2/30 dev up0; ip addr add 10.150.0.2/32 dev lo
        ip route add default via 10.149.255.1`);
      await desk.sh('ip addr add 10.149.3.30/24 dev eth0; ip route add default via 10.149.3.1');
      const [wire] = await lab.capture(host, ['core0', 'desk0']);
      await lab.works(desk, 'ping -n -c 2 -i 0.3 10.150.0.2');
      await lab.fails(desk, 'ping -n -c 1 -W 1 10.150.8.8', /Time to live exceeded/);
      await lab.captured();
      lab.seen(wire, 'icmp[0] == 8 and dst host 10.150.8.8', 63);
      await lab.dump(host, { form: 'text' });
      await lab.dump(core, { form: 'text', only: ['ip-addr', 'ip-route', 'sysctl'], plus: ['nstat-all'] });
    },
  },
  {
    name: 'forwarded-to-the-loopback',
    title: 'a port is forwarded to 127.0.0.1, where its service listens, and hangs',
    hostname: 'kiosk',
    quiet: true,
    about: `
A dashboard listens on 127.0.0.1:3400 only. Somebody forwarded port 8034 of the host to it. On the host the service
answers; from the network it times out.`,
    see: `
SYNs on \`enp2s0\` and nothing else: no RST, no ICMP. The DNAT rule counts, and \`route_localnet\` is 0.`,
    expect: [
      {
        protocol: 'tcp',
        client: '203.0.113.65',
        server: '203.0.113.70',
        port: 8034,
        status: 'dropped',
        cause: 'nat-dnat-to-localhost',
        namespace: 'host',
        mustNot: [
          'sock-not-listening',
          'sock-loopback-bound',
          'nat-no-dnat-host-rst',
          'fwd-ip-forward-off-dnat',
        ],
      },
      { protocol: 'icmp', client: '203.0.113.65', server: '203.0.113.70' },
    ],
    async record(lab) {
      const { host } = lab;
      const lan = await lab.machine('lan');
      await lab.wire(host, 'enp2s0', lan, 'eth0');
      await host.sh('ip addr add 203.0.113.70/26 dev enp2s0; sysctl -qw net.ipv4.ip_forward=1');
      await lan.sh('ip addr add 203.0.113.65/26 dev eth0');
      await host.start('peer tcp-serve 127.0.0.1 3400 dashboard');
      await host.sh(
        'iptables -t nat -A PREROUTING -i enp2s0 -p tcp --dport 8034 -j DNAT --to-destination 127.0.0.1:3400',
      );
      await lab.works(host, 'peer tcp-ask 127.0.0.1 3400');
      const [uplink, loopback] = await lab.capture(host, ['enp2s0', 'lo']);
      await lab.works(lan, 'ping -n -c 2 -i 0.3 203.0.113.70');
      await lab.fails(lan, 'peer tcp-ask 203.0.113.70 8034', /timed out/);
      await lab.captured();
      lab.seen(uplink, 'tcp[13] == 2 and dst port 8034');
      lab.unseen(uplink, 'tcp and src port 8034');
      lab.unseen(loopback, 'tcp port 3400');
      await lab.ruleHit(host, 'nat PREROUTING 1', '--to-destination 127.0.0.1:3400', 1);
      await lab.dump(host, { form: 'text' });
      await lab.repaired(
        host,
        'sysctl -qw net.ipv4.conf.enp2s0.route_localnet=1',
        lan,
        'peer tcp-ask 203.0.113.70 8034',
      );
    },
  },
  {
    name: 'neighbours-kept-apart',
    title:
      'two guests of one bridge resolve each other and exchange nothing: inter-container communication is off',
    hostname: 'stacks',
    quiet: true,
    about: `
A bridge whose guests are kept apart as Docker does it with icc=false: a rule drops what comes in and goes out by the same
bridge, and br_netfilter shows the rules what is switched. Both guests reach the host.`,
    see: `
ARP passes between \`reader\` and \`store\`; the SYNs are on \`reader\`'s port and not on \`store\`'s. The rule counts.`,
    expect: [
      {
        protocol: 'tcp',
        client: '172.26.40.2',
        server: '172.26.40.3',
        port: 6380,
        status: 'dropped',
        cause: 'flt-icc-off',
        namespace: 'host',
        mustNot: ['bridge-port-filtered', 'sock-not-listening', 'flt-forward-policy-drop'],
      },
      { protocol: 'icmp', client: '172.26.40.2', server: '172.26.40.1' },
    ],
    async record(lab) {
      const { host } = lab;
      const { inside } = await bridgedHost(lab, {
        bridge: ['docker0', '172.26.40.1/24'],
        members: [
          ['reader', 'eth0', '172.26.40.2/24', 'veth51aa0e2'],
          ['store', 'eth0', '172.26.40.3/24', 'veth9c07d14'],
        ],
        uplink: ['eth0', '192.0.2.90/24'],
        gateway: '192.0.2.1',
      });
      const [reader, store] = inside;
      await host.sh(`
        sysctl -qw net.bridge.bridge-nf-call-iptables=1
        iptables -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A FORWARD -i docker0 ! -o docker0 -j ACCEPT
        iptables -A FORWARD -i docker0 -o docker0 -j DROP
        iptables -t nat -A POSTROUTING -s 172.26.40.0/24 ! -o docker0 -j MASQUERADE`);
      await store.start('peer tcp-serve 0.0.0.0 6380 keydb');
      const [near, far] = await lab.capture(host, ['veth51aa0e2', 'veth9c07d14']);
      await lab.works(reader, 'ping -n -c 2 -i 0.3 172.26.40.1');
      await lab.fails(reader, 'peer tcp-ask 172.26.40.3 6380', /timed out/);
      await lab.captured();
      lab.seen(near, 'tcp[13] == 2 and dst host 172.26.40.3');
      lab.seen(far, 'arp and host 172.26.40.2');
      lab.unseen(far, 'tcp');
      await lab.ruleHit(host, 'filter FORWARD 3', '-i docker0 -o docker0 -j DROP', 1);
      await lab.dump(host, { form: 'text' });
      await lab.dump(store, { form: 'text' });
    },
  },
  {
    name: 'container-address-from-the-lan',
    title:
      'a container’s own address, reached by a route through the host, is silent: raw PREROUTING drops it',
    hostname: 'boxes',
    quiet: true,
    about: `
An operator's machine has a route for the container network by the host and used it for years. Docker 28 writes rules
into the raw table: what is for a container's address and doesn't come in by its bridge is dropped.`,
    see: `
SYNs for 172.27.16.5 on \`eno1\`, nothing on \`docker0\`; FORWARD counts nothing and there is no conntrack entry.`,
    expect: [
      {
        protocol: 'tcp',
        client: '192.0.2.33',
        server: '172.27.16.5',
        port: 9200,
        status: 'dropped',
        cause: 'flt-docker-raw-direct',
        namespace: 'host',
        mustNot: ['flt-rule-drop', 'flt-forward-policy-drop', 'fwd-ip-forward-off'],
      },
      { protocol: 'tcp', client: '172.27.16.1', server: '172.27.16.5', port: 9200 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['docker0', '172.27.16.1/24'],
        members: [['search', 'eth0', '172.27.16.5/24', 'vethb41c7aa']],
        uplink: ['eno1', '192.0.2.31/24'],
        gateway: '192.0.2.33',
      });
      await outside.sh('ip route add 172.27.16.0/24 via 192.0.2.31');
      await host.sh(`
        iptables -t raw -A PREROUTING -d 172.27.16.5/32 ! -i docker0 -j DROP
        iptables -N DOCKER; iptables -N DOCKER-USER; iptables -N DOCKER-FORWARD; iptables -P FORWARD DROP
        iptables -A FORWARD -j DOCKER-USER; iptables -A FORWARD -j DOCKER-FORWARD
        iptables -A DOCKER-FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A DOCKER-FORWARD -o docker0 -j DOCKER
        iptables -A DOCKER-FORWARD -i docker0 -j ACCEPT
        iptables -A DOCKER -d 172.27.16.5/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 9200 -j ACCEPT
        iptables -A DOCKER ! -i docker0 -o docker0 -j DROP
        iptables -t nat -A POSTROUTING -s 172.27.16.0/24 ! -o docker0 -j MASQUERADE`);
      await inside[0].start('peer tcp-serve 0.0.0.0 9200 search');
      const [uplink, bridge] = await lab.capture(host, ['eno1', 'docker0']);
      await lab.works(host, 'peer tcp-ask 172.27.16.5 9200');
      await lab.fails(outside, 'peer tcp-ask 172.27.16.5 9200', /timed out/);
      await lab.captured();
      lab.seen(uplink, 'tcp[13] == 2 and dst host 172.27.16.5');
      lab.unseen(bridge, 'host 192.0.2.33');
      await lab.ruleHit(host, 'raw PREROUTING 1', '-d 172.27.16.5/32 ! -i docker0 -j DROP', 1);
      await lab.dump(host, { form: 'text' });
      await lab.repaired(host, 'iptables -t raw -D PREROUTING 1', outside, 'peer tcp-ask 172.27.16.5 9200');
    },
  },
];
