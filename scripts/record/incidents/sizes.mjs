/** Packets that are too long for a link on their way. */
import { bridgedHost } from '../lib/networks.mjs';

export const sizes = [
  {
    name: 'jumbo-on-one-end',
    title: 'large datagrams vanish inside the host: one end of a veth pair has MTU 9000, the other 1500',
    quiet: true,
    about: `
\`cam\` was set to jumbo frames, \`ip link set eth0 mtu 9000\`; the host's end of the pair stayed at 1500. Its video
goes out in datagrams of 4 kB, its small status messages arrive.`,
    see: `
The datagrams are on \`cam\`'s own \`eth0\` in one piece and never on \`v-cam\`, and there is no ICMP at all. The
short ones are on both. \`ip link\` shows mtu 9000 here and 1500 there; \`ip -s link\` counts them as dropped.`,
    expect: [
      {
        protocol: 'udp',
        client: '10.130.6.9',
        server: '10.130.6.1',
        port: 5004,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'mtu-l2-mismatch',
        namespace: 'cam',
        namespaceAlso: ['host'],
        mustNot: ['mtu-pmtu-blackhole', 'link-qdisc-drop', 'flt-input-drop', 'lost-between-captures'],
        fixCommandShouldContain: 'mtu',
      },
      { protocol: 'udp', client: '10.130.6.9', server: '10.130.6.1', port: 5005 },
    ],
    async record(lab) {
      const { host } = lab;
      const cam = await lab.netns('cam');
      await lab.wire(host, 'v-cam', cam, 'eth0');
      await host.sh('ip addr add 10.130.6.1/28 dev v-cam');
      await cam.sh('ip addr add 10.130.6.9/28 dev eth0; ip link set eth0 mtu 9000');
      await host.start('peer udp-serve 10.130.6.1 5004 rtpd');
      await host.start('peer udp-serve 10.130.6.1 5005 statusd');
      const own = await lab.capture(cam, 'eth0');
      const port = await lab.capture(host, 'v-cam');
      await lab.works(cam, 'peer udp-ask 10.130.6.1 5005 --tries 2');
      await lab.fails(cam, 'peer udp-ask 10.130.6.1 5004 --tries 4 --size 4000', /0 of 4 answered/);
      await lab.captured();
      lab.seen(own, 'udp dst port 5004', 4);
      lab.unseen(port, 'udp dst port 5004');
      lab.unseen(own, 'icmp');
      await lab.dump(host, { plus: ['ip-s-link'] });
      await lab.dump(cam, { plus: ['ip-s-link'] });
      const again = 'peer udp-ask 10.130.6.1 5004 --tries 1 --size 4000';
      await lab.repaired(host, 'ip link set v-cam mtu 9000', cam, again);
    },
  },
  {
    name: 'path-mtu-black-hole',
    title: 'uploads hang at the first full segment: the tunnel is narrower and its ICMP is filtered',
    hostname: 'branch-gw',
    about: `
The branch's uplink \`tun7\` has MTU 1400. Somebody closed the router to "all that ICMP": OUTPUT drops type 3. \`mail\`
opens a connection, sends its greeting, and then a message of 40 kB, which never arrives.`,
    see: `
Handshake and greeting pass. The first full segment (1500 bytes, don't fragment) is on the bridge again and again and never
on \`tun7\`; no ICMP 3/4 reaches \`mail\`, since OUTPUT of the router drops it. \`IpFragFails\` rises.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.88.3.25',
        server: '203.0.113.125',
        port: 2525,
        status: 'degraded',
        statusAlso: ['no-reply', 'dropped'],
        cause: 'mtu-pmtu-blackhole',
        namespace: 'host',
        interface: 'tun7',
        mustNot: [
          'mtu-l2-mismatch',
          'ext-drop-after-host',
          'nat-masquerade-missing',
          'lost-between-captures',
          'link-qdisc-drop',
        ],
        fixCommandShouldContain: '-A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu',
      },
      { protocol: 'icmp', client: '10.88.3.25', server: '203.0.113.125' },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['officebr', '10.88.3.1/24'],
        members: [['mail', 'eth0', '10.88.3.25/24', 'p-mail']],
        uplink: ['tun7', '198.51.100.130/30'],
        gateway: '198.51.100.129',
        remotes: ['203.0.113.125'],
      });
      const [mail] = inside;
      await host.sh('ip link set tun7 mtu 1400');
      await host.sh(`
        iptables -t nat -A POSTROUTING -s 10.88.3.0/24 -o tun7 -j MASQUERADE
        iptables -A OUTPUT -p icmp -m icmp --icmp-type 3 -j DROP`);
      await outside.start('peer tcp-serve 203.0.113.125 2525 smtpd');
      const bridge = await lab.capture(host, 'officebr');
      const tunnel = await lab.capture(host, 'tun7');
      await lab.works(mail, 'ping -n -c 1 203.0.113.125');
      await lab.fails(mail, 'peer tcp-ask 203.0.113.125 2525 --send 40000', /timed out/);
      await lab.captured();
      lab.seen(bridge, 'tcp and src host 10.88.3.25 and greater 1500');
      lab.unseen(tunnel, 'tcp and greater 1415');
      lab.unseen(bridge, 'icmp[0] == 3');
      await lab.counted(host, 'IpFragFails');
      await lab.ruleHit(host, 'filter OUTPUT 1', '--icmp-type 3');
      await lab.dump(host);
      await lab.dump(mail);
      const clamp =
        'iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu';
      // The server still waits for the rest of the first letter.
      await outside.start('peer tcp-serve 203.0.113.125 2526 smtpd');
      await lab.repaired(host, clamp, mail, 'peer tcp-ask 203.0.113.125 2526 --send 40000');
    },
  },
];
