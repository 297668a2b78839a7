/** Interfaces that are down, addresses without a subnet, neighbours that do not exist. */
import { bridgedHost } from '../lib/networks.mjs';

export const links = [
  {
    name: 'bridge-down',
    title: 'the bridge itself is down: questions by ARP end at its port',
    about: `
\`kit\` is plugged into the bridge \`kbr0\` with everything right but one thing: \`kbr0\` was never (or is no longer) up.`,
    see: `
\`kit\` asks who has 10.18.0.1, on its own \`eth0\` and on the bridge's port \`kp0\`, and nobody answers. \`ip addr\`
shows \`kbr0\` without UP; \`bridge link\` shows the port disabled.`,
    expect: [
      {
        protocol: 'icmp',
        client: '10.18.0.5',
        server: '10.18.0.1',
        status: 'no-reply',
        statusAlso: ['dropped', 'unknown'],
        cause: 'link-down',
        namespace: 'host',
        interface: 'kbr0',
        observed: false,
        mustNot: ['bridge-no-ip', 'neigh-failed', 'bridge-port-not-enslaved', 'fwd-ip-forward-off'],
        fixCommandShouldContain: 'ip link set kbr0 up',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const kit = await lab.netns('kit');
      await lab.bridge(host, 'kbr0', '10.18.0.1/20', [[kit, 'eth0', '10.18.0.5/20', 'kp0']]);
      await host.sh('ip link set kbr0 down');
      const port = await lab.capture(host, 'kp0');
      const own = await lab.capture(kit, 'eth0');
      await lab.fails(kit, 'ping -n -c 2 -W 1 10.18.0.1', /100% packet loss/);
      await lab.captured();
      lab.seen(own, 'arp[7] == 1 and host 10.18.0.1');
      lab.seen(port, 'arp[7] == 1 and host 10.18.0.1');
      lab.unseen(own, 'arp[7] == 2');
      await lab.dump(host);
      await lab.dump(kit);
    },
  },
  {
    name: 'veth-peer-down',
    title: 'the host end of a veth pair is down: the namespace has no carrier',
    quiet: true,
    about: `
The tutorial mistake: \`lamp\`'s end of the pair is up, its other end \`lamp-br\`, a port of \`lights\`, is not.`,
    see: `
The capture on the bridge has nothing of \`lamp\`, and \`lamp\`'s own capture has no packet at all. \`eth0\` in \`lamp\` says
NO-CARRIER, \`lamp-br\` on the host is without UP. The neighbour \`lamp2\` works.`,
    expect: [
      {
        protocol: 'icmp',
        client: '192.168.150.3',
        server: '192.168.150.1',
        status: 'no-reply',
        statusAlso: ['dropped', 'unknown'],
        cause: 'link-down',
        namespace: 'host',
        namespaceAlso: ['lamp'],
        interface: 'lamp-br',
        observed: false,
        mustNot: ['neigh-failed', 'bridge-port-not-enslaved', 'addr-prefix-32'],
        fixCommandShouldContain: 'ip link set lamp-br up',
      },
      { protocol: 'icmp', client: '192.168.150.4', server: '192.168.150.1' },
    ],
    async record(lab) {
      const { host } = lab;
      const lamp = await lab.netns('lamp');
      const lamp2 = await lab.netns('lamp2');
      await lab.bridge(host, 'lights', '192.168.150.1/24', [
        [lamp, 'eth0', '192.168.150.3/24', 'lamp-br'],
        [lamp2, 'eth0', '192.168.150.4/24', 'lamp2-br'],
      ]);
      await host.sh('ip link set lamp-br down');
      const bridge = await lab.capture(host, 'lights');
      const own = await lab.capture(lamp, 'eth0');
      await lab.works(lamp2, 'ping -n -c 1 192.168.150.1');
      await lab.fails(lamp, 'ping -n -c 2 -W 1 192.168.150.1');
      await lab.captured();
      lab.unseen(bridge, 'host 192.168.150.3');
      lab.unseen(own, '');
      await lab.dump(host, { form: 'text', only: ['ip-addr', 'ip-route', 'bridge-link', 'sysctl'] });
      await lab.dump(lamp, { form: 'text', only: ['ip-addr', 'ip-route', 'ip-neigh', 'nstat'] });
    },
  },
  {
    name: 'loopback-down',
    title: 'ping 127.0.0.1 leaves by eth0: the loopback interface is down',
    about: `
A namespace \`cache\` whose \`lo\` was never set up. It has a default route, so a health check on 127.0.0.1 does not fail
at once: it is sent to the gateway.`,
    see: `
Echo requests to 127.0.0.1 on \`cache\`'s \`eth0\` and on the bridge, from 10.66.0.9. The host drops them as martians.
No capture of \`lo\` is needed: 127.0.0.1 on a wire says it all.`,
    expect: [
      {
        protocol: 'icmp',
        client: '10.66.0.9',
        server: '127.0.0.1',
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'link-lo-down',
        namespace: 'cache',
        interface: 'lo',
        mustNot: ['fwd-ip-forward-off', 'nat-masquerade-missing', 'ext-drop-after-host'],
        fixCommandShouldContain: 'ip link set lo up',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const cache = await lab.netns('cache', { loopback: false });
      await lab.bridge(host, 'cbr', '10.66.0.1/28', [[cache, 'eth0', '10.66.0.9/28', 'cp9']]);
      await host.sh('sysctl -qw net.ipv4.ip_forward=1');
      const own = await lab.capture(cache, 'eth0');
      const bridge = await lab.capture(host, 'cbr');
      await lab.fails(cache, 'ping -n -c 2 -i 0.5 -W 1 127.0.0.1', /100% packet loss/);
      await lab.captured();
      lab.seen(own, 'icmp and dst host 127.0.0.1', 2);
      lab.seen(bridge, 'icmp and src host 10.66.0.9 and dst host 127.0.0.1', 2);
      lab.dropped('IP_LOCALNET');
      await lab.dump(host, { form: 'text' });
      await lab.dump(cache, { form: 'text' });
    },
  },
  {
    name: 'address-without-prefix',
    title: 'a camera answers nobody: its address was added without a prefix length',
    quiet: true,
    about: `
\`ip addr add 10.77.0.8 dev eth0\` gives \`cam\` a /32 and therefore no route to its neighbours. The recorder \`nvr\` on
the same bridge asks it for a stream.`,
    see: `
The SYN reaches \`cam\`'s interface, and \`cam\` even answers the question by ARP; but no SYN-ACK follows. \`IpOutNoRoutes\`
of \`cam\` rises.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.77.0.2',
        server: '10.77.0.8',
        port: 554,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'addr-prefix-32',
        alsoAcceptable: ['route-missing-return', 'route-netns-no-default', 'route-reply-no-default'],
        namespace: 'cam',
        mustNot: ['fwd-ip-forward-off', 'nat-masquerade-missing', 'sock-not-listening', 'flt-input-drop'],
        fixCommandShouldContain: '10.77.0.8/24',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const nvr = await lab.netns('nvr');
      const cam = await lab.netns('cam');
      await lab.bridge(host, 'cctv', '10.77.0.1/24', [[nvr, 'eth0', '10.77.0.2/24', 'p-nvr']]);
      await lab.wire(host, 'p-cam', cam, 'eth0');
      await host.sh('ip link set p-cam master cctv');
      await cam.sh('ip addr add 10.77.0.8 dev eth0');
      await cam.start('peer tcp-serve 0.0.0.0 554 rtspd');
      const own = await lab.capture(cam, 'eth0');
      const bridge = await lab.capture(host, 'cctv');
      await lab.fails(nvr, 'echo DESCRIBE | nc -w 3 10.77.0.8 554', /timed out/);
      await lab.captured();
      lab.seen(own, 'arp[7] == 2 and src host 10.77.0.8');
      lab.seen(own, 'tcp[13] == 2 and dst host 10.77.0.8');
      lab.unseen(own, 'ip src host 10.77.0.8');
      lab.seen(bridge, 'tcp[13] == 2');
      await lab.counted(cam, 'IpOutNoRoutes');
      await lab.dump(host);
      await lab.dump(nvr);
      await lab.dump(cam);
    },
  },
  {
    name: 'dnat-to-a-ghost',
    title: 'a forwarded port leads to an address that no longer exists',
    hostname: 'frontdoor',
    about: `
Port 6690 of the host is forwarded to 172.30.7.99, which belonged to a namespace that is gone; its successor \`sync2\`
has 172.30.7.12. Both interfaces were captured into one pcapng file.`,
    see: `
The SYN on \`ens5\`, then "who has 172.30.7.99" three times on \`syncbr\` without an answer, then ICMP host unreachable
back to the client. \`ip neigh\` says FAILED.`,
    expect: [
      {
        protocol: 'tcp',
        client: '203.0.113.61',
        server: '203.0.113.40',
        port: 6690,
        status: 'rejected',
        statusAlso: ['dropped', 'no-reply'],
        cause: 'neigh-failed',
        alsoAcceptable: ['nat-dnat-wrong-target'],
        namespace: 'host',
        mustNot: [
          'flt-reject',
          'fwd-ip-forward-off',
          'fwd-ip-forward-off-dnat',
          'ext-unreachable',
          'nat-no-dnat-host-rst',
        ],
      },
      { protocol: 'icmp', client: '172.30.7.1', server: '172.30.7.12' },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['syncbr', '172.30.7.1/24'],
        members: [['sync2', 'eth0', '172.30.7.12/24', 'vsync2']],
        uplink: ['ens5', '203.0.113.40/24'],
        gateway: '203.0.113.61',
      });
      await host.sh('iptables -t nat -A PREROUTING -p tcp --dport 6690 -j DNAT --to-destination 172.30.7.99');
      const both = await lab.capture(host, 'ens5,syncbr', { pcapng: true, file: 'both' });
      await lab.works(host, 'ping -n -c 1 172.30.7.12');
      await lab.fails(outside, 'echo hello | nc -w 5 203.0.113.40 6690', /No route to host|timed out/);
      await lab.captured();
      lab.seen(both, 'tcp[13] == 2 and dst host 203.0.113.40');
      lab.seen(both, 'arp[7] == 1 and host 172.30.7.99');
      lab.seen(both, 'icmp[0] == 3 and icmp[1] == 1 and dst host 203.0.113.61');
      await lab.ruleHit(host, 'nat PREROUTING 1', '--to-destination 172.30.7.99');
      await lab.dump(host);
      await lab.dump(inside[0], { form: 'text' });
    },
  },
];
