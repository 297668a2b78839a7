/** Everything of the host is right, and the answer has to come from somewhere else. Sockets that are not there, too. */
import { bridgedHost } from '../lib/networks.mjs';

export const beyond = [
  {
    name: 'lost-beyond-the-host',
    title: 'properly translated and sent, and nothing came back: not the fault of this host',
    about: `
\`meter\` connects to a collector on the internet. The host forwards and translates; somewhere behind its uplink a
firewall, of which this bundle knows nothing, drops TCP 8883. TCP 443 of the same address answers.`,
    see: `
SYNs on \`eth0\` with the host's own address and the gateway's MAC, retransmitted, and nothing in return. Another
connection to the same address works, by the same rules and routes.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.170.0.12',
        server: '192.0.2.200',
        port: 8883,
        status: 'no-reply',
        cause: 'ext-drop-after-host',
        mustNot: [
          'nat-masquerade-missing',
          'nat-masquerade-mismatch',
          'fwd-ip-forward-off',
          'flt-forward-policy-drop',
          'flt-rule-drop',
          'route-missing-return',
        ],
      },
      { protocol: 'tcp', client: '10.170.0.12', server: '192.0.2.200', port: 443 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['grid0', '10.170.0.1/24'],
        members: [['meter', 'eth0', '10.170.0.12/24', 'grid0-m']],
        uplink: ['eth0', '198.51.100.61/24'],
        gateway: '198.51.100.1',
        remotes: ['192.0.2.200'],
      });
      await host.sh('iptables -t nat -A POSTROUTING -s 10.170.0.0/24 -o eth0 -j MASQUERADE');
      await outside.start('peer tcp-serve 192.0.2.200 443 nginx');
      await outside.sh('iptables -A INPUT -p tcp --dport 8883 -j DROP');
      const [bridge, uplink] = await lab.capture(host, ['grid0', 'eth0']);
      await lab.works(inside[0], 'peer tcp-ask 192.0.2.200 443');
      await lab.fails(inside[0], 'peer tcp-ask 192.0.2.200 8883', /timed out/);
      await lab.captured();
      lab.seen(bridge, 'tcp[13] == 2 and dst port 8883');
      lab.seen(uplink, 'tcp[13] == 2 and dst port 8883 and src host 198.51.100.61');
      lab.unseen(uplink, 'src port 8883');
      await lab.dump(host);
      await lab.dump(inside[0]);
    },
  },
  {
    name: 'unreachable-beyond-the-host',
    title: 'a router of the provider answers "network unreachable"',
    about: `
\`crawler\` asks for an address that the provider's router has no route to. The host does all that it should.`,
    see: `
Translated requests on \`wan\`, and for each an ICMP 3/0 from 203.0.113.65, a router that is not this host. On \`spider0\`
the same error, translated back for \`crawler\`.`,
    quiet: true,
    expect: [
      {
        protocol: 'udp',
        client: '10.33.7.3',
        server: '198.18.44.4',
        port: 4500,
        status: 'rejected',
        statusAlso: ['no-reply'],
        cause: 'ext-unreachable',
        mustNot: [
          'flt-reject',
          'nat-masquerade-missing',
          'fwd-ip-forward-off',
          'route-netns-no-default',
          'ext-drop-after-host',
        ],
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { inside } = await bridgedHost(lab, {
        bridge: ['spider0', '10.33.7.1/24'],
        members: [['crawler', 'eth0', '10.33.7.3/24', 'sp3']],
        uplink: ['wan', '203.0.113.66/30'],
        gateway: '203.0.113.65',
      });
      await host.sh('iptables -t nat -A POSTROUTING -o wan -j SNAT --to-source 203.0.113.66');
      const [bridge, uplink] = await lab.capture(host, ['spider0', 'wan']);
      await lab.fails(inside[0], 'peer udp-ask 198.18.44.4 4500 --tries 2', /0 of 2 answered/);
      await lab.captured();
      lab.seen(uplink, 'icmp[0] == 3 and icmp[1] == 0 and src host 203.0.113.65');
      lab.seen(bridge, 'icmp[0] == 3 and dst host 10.33.7.3');
      await lab.dump(host, { form: 'text' });
    },
  },
  {
    name: 'service-on-loopback-only',
    title: 'connection refused by the right machine: its service is bound to 127.0.0.1',
    about: `
Redis in \`kv\` listens on 127.0.0.1:6379. \`web\` on the same bridge asks for 10.14.0.6:6379 and is refused; inside \`kv\`
everything looks fine.`,
    see: `
SYN in and RST out on \`kv\`'s own interface. \`ss\` in \`kv\` shows the socket, with the address 127.0.0.1.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.14.0.5',
        server: '10.14.0.6',
        port: 6379,
        status: 'rejected',
        cause: 'sock-loopback-bound',
        namespace: 'kv',
        mustNot: ['sock-not-listening', 'flt-reject', 'nat-no-dnat-host-rst', 'ext-remote-reset'],
        fixCommandShouldContain: '0.0.0.0',
      },
      { protocol: 'tcp', client: '127.0.0.1', server: '127.0.0.1', port: 6379 },
    ],
    async record(lab) {
      const { host } = lab;
      const web = await lab.netns('web');
      const kv = await lab.netns('kv');
      await lab.bridge(host, 'tier1', '10.14.0.1/24', [
        [web, 'eth0', '10.14.0.5/24', 't1-web'],
        [kv, 'eth0', '10.14.0.6/24', 't1-kv'],
      ]);
      await kv.start('peer tcp-serve 127.0.0.1 6379 redis-server');
      const [own, loop] = await lab.capture(kv, ['eth0', 'lo']);
      await lab.works(kv, 'peer tcp-ask 127.0.0.1 6379');
      await lab.fails(web, 'echo PING | nc -w 3 10.14.0.6 6379', /Connection refused/);
      await lab.captured();
      lab.seen(own, 'tcp[13] & 4 != 0 and src host 10.14.0.6');
      lab.seen(loop, 'tcp port 6379');
      lab.dropped('NO_SOCKET');
      await lab.dump(kv, { form: 'text' });
      await lab.dump(web, { form: 'text', only: ['ip-addr', 'ip-route'] });
    },
  },
];
