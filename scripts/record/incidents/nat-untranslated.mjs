/** Packets that pass the NAT rules by: untracked, INVALID, damaged; and sources that lead nowhere or go round. */
import { setTimeout as sleep } from 'node:timers/promises';
import { bridgedHost, routed } from '../lib/networks.mjs';

export const natUntranslated = [
  {
    name: 'notrack-before-dnat',
    title:
      'connection refused by the host: a rule of the raw table takes the port out of conntrack, so DNAT is never asked',
    hostname: 'edge-7',
    about: `
Against floods somebody exempted TCP 8444 from connection tracking, in the raw table. The port is forwarded to \`vpnweb\` by a
DNAT rule, which works on connections and has none here.`,
    see: `
SYN and RST on \`eth0\`, nothing on \`dmz0\`. The raw rule counts; the DNAT rule for the same port stands at zero.`,
    expect: [
      {
        protocol: 'tcp',
        client: '203.0.113.211',
        server: '203.0.113.210',
        port: 8444,
        status: 'rejected',
        cause: 'nat-notrack',
        namespace: 'host',
        rule: { table: 'raw', chain: 'PREROUTING', number: 1 },
        mustNot: ['nat-no-dnat-host-rst', 'nat-dnat-mismatch', 'sock-not-listening', 'ext-remote-reset'],
        fixCommandShouldContain: '-t raw -D PREROUTING 1',
      },
      { protocol: 'tcp', client: '203.0.113.211', server: '203.0.113.210', port: 8445 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['dmz0', '10.213.0.1/24'],
        members: [['vpnweb', 'eth0', '10.213.0.44/24', 'dmz0-2']],
        uplink: ['eth0', '203.0.113.210/24'],
        gateway: '203.0.113.211',
      });
      const [vpnweb] = inside;
      await vpnweb.start('peer tcp-serve 0.0.0.0 443 nginx');
      await host.sh(`
        iptables -t raw -A PREROUTING -i eth0 -p tcp -m tcp --dport 8444 -j CT --notrack
        iptables -t nat -A PREROUTING -d 203.0.113.210/32 -p tcp -m tcp --dport 8444 -j DNAT --to-destination 10.213.0.44:443
        iptables -t nat -A PREROUTING -d 203.0.113.210/32 -p tcp -m tcp --dport 8445 -j DNAT --to-destination 10.213.0.44:443
        iptables -t nat -A POSTROUTING -s 10.213.0.0/24 -o eth0 -j MASQUERADE`);
      const [uplink, bridge] = await lab.capture(host, ['eth0', 'dmz0']);
      await lab.works(outside, 'peer tcp-ask 203.0.113.210 8445');
      await lab.fails(outside, 'peer tcp-ask 203.0.113.210 8444', /Connection refused/);
      await lab.captured();
      lab.seen(uplink, 'tcp[13] & 4 != 0 and src host 203.0.113.210 and src port 8444');
      lab.seen(bridge, 'tcp[13] == 2');
      await lab.ruleHit(host, 'raw PREROUTING 1', '--dport 8444 -j CT --notrack', 1);
      await lab.ruleHit(host, 'nat PREROUTING 1', '--dport 8444 -j DNAT', 0);
      await lab.dump(host, { form: 'text' });
      await lab.dump(vpnweb, { form: 'text' });
      await lab.repaired(host, 'iptables -t raw -D PREROUTING 1', outside, 'peer tcp-ask 203.0.113.210 8444');
    },
  },
  {
    name: 'snat-to-a-foreign-address',
    title: 'requests leave translated to an address that nobody has: the answers have no way back',
    about: `
The host used to have a second address, 198.51.100.90, for its guests' traffic. The address is gone, the SNAT rule still
uses it.`,
    see: `
The SYNs leave \`ens5\` from 198.51.100.90, as the rule says. The router asks who has 198.51.100.90, and the host, which
doesn't have it, keeps silent.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.37.0.19',
        server: '192.0.2.200',
        port: 443,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'nat-snat-foreign-ip',
        namespace: 'host',
        rule: { table: 'nat', chain: 'POSTROUTING', number: 1 },
        mustNot: ['ext-drop-after-host', 'neigh-failed', 'nat-masquerade-missing', 'nat-masquerade-mismatch'],
        fixCommandShouldContain: '198.51.100.8',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['guest0', '10.37.0.1/24'],
        members: [['laptop', 'eth0', '10.37.0.19/24', 'guest0-7']],
        uplink: ['ens5', '198.51.100.89/24'],
        gateway: '198.51.100.1',
        remotes: ['192.0.2.200'],
      });
      const [laptop] = inside;
      await outside.start('peer tcp-serve 192.0.2.200 443 nginx');
      await host.sh(`
        iptables -t nat -A POSTROUTING -s 10.37.0.0/24 -o ens5 -j SNAT --to-source 198.51.100.90
        iptables -A FORWARD -i guest0 -o ens5 -j ACCEPT`);
      const [bridge, uplink] = await lab.capture(host, ['guest0', 'ens5']);
      await lab.works(host, 'peer tcp-ask 192.0.2.200 443');
      await lab.fails(laptop, 'peer tcp-ask 192.0.2.200 443', /timed out/);
      await lab.captured();
      lab.seen(bridge, 'tcp[13] == 2');
      lab.seen(uplink, 'tcp[13] == 2 and src host 198.51.100.90');
      lab.seen(uplink, 'arp[7] == 1 and arp host 198.51.100.90');
      lab.unseen(uplink, 'dst host 198.51.100.90 and tcp');
      await lab.dump(host);
      await lab.repaired(
        host,
        'iptables -t nat -R POSTROUTING 1 -s 10.37.0.0/24 -o ens5 -j SNAT --to-source 198.51.100.89',
        laptop,
        'peer tcp-ask 192.0.2.200 443',
      );
    },
  },
  {
    name: 'server-with-its-own-way-back',
    title: 'a forwarded port times out: the server answers by its own uplink, past the host that translated',
    about: `
\`lb\` forwards port 443 to \`app\` in the server network. \`app\` has an uplink of its own, and its route to the clients leads
there. So it answers them itself, with its own address.`,
    see: `
On \`lb\` the SYNs come in by \`eth0\` and leave by \`srv0\`, translated, and that is all. At the client a SYN-ACK arrives from
10.81.6.20:8443, which it never asked; it sends a RST.`,
    expect: [
      {
        protocol: 'tcp',
        client: '203.0.113.77',
        server: '203.0.113.40',
        port: 443,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'nat-reply-bypass',
        namespace: 'host',
        mustNot: [
          'nat-hairpin-same-bridge',
          'route-missing-return',
          'ext-remote-reset',
          'sock-not-listening',
        ],
        fixCommandShouldContain: 'MASQUERADE',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const client = await lab.machine('client');
      const app = await lab.netns('app');
      await lab.bridge(client, 'eth0', '', []);
      await routed(lab, {
        left: [client, 'p1', '192.0.2.254/32'],
        router: [host, ['eth0', '203.0.113.40/24'], ['srv0', '10.81.6.1/24']],
        right: [app, 'eth0', '10.81.6.20/24'],
      });
      // The client's network has a second way in: app's own uplink.
      await lab.wire(app, 'eth1', client, 'p2');
      await client.sh(`
        ip addr del 192.0.2.254/32 dev p1
        ip link set p1 master eth0; ip link set p2 master eth0
        ip addr add 203.0.113.77/24 dev eth0; ip route add default via 203.0.113.40`);
      await app.sh('ip addr add 203.0.113.41/24 dev eth1; ip route add default via 203.0.113.77');
      await app.start('peer tcp-serve 0.0.0.0 8443 appd');
      await host.sh(
        'iptables -t nat -A PREROUTING -d 203.0.113.40/32 -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.81.6.20:8443',
      );
      const [uplink, inner] = await lab.capture(host, ['eth0', 'srv0']);
      const own = await lab.capture(client, 'eth0');
      await lab.fails(client, 'peer tcp-ask 203.0.113.40 443', /timed out/);
      await lab.captured();
      lab.seen(uplink, 'tcp[13] == 2 and dst host 203.0.113.40');
      lab.seen(inner, 'tcp[13] == 2 and dst host 10.81.6.20');
      lab.unseen(inner, 'src host 10.81.6.20 and tcp');
      lab.seen(own, 'tcp[13] == 18 and src host 10.81.6.20');
      lab.seen(own, 'tcp[13] & 4 != 0 and dst host 10.81.6.20');
      await lab.dump(host);
      await lab.dump(app);
      await lab.repaired(
        host,
        'iptables -t nat -A POSTROUTING -d 10.81.6.20 -p tcp --dport 8443 -j MASQUERADE',
        client,
        'peer tcp-ask 203.0.113.40 443',
      );
    },
  },
  {
    name: 'stray-segment-resets',
    title:
      'a download is reset by the downloader’s own host: one segment was INVALID and met the host’s stack',
    about: `
\`mirror\` downloads over a masqueraded connection. Something on the way meddles with sequence numbers, and one segment arrives far
outside the window: conntrack calls it INVALID, so it isn't translated back and is delivered to the host itself. The host knows no such connection and
resets it, in the name of the downloader.`,
    see: `
On \`eth0\` a segment with a sequence number far from the others, to the host's own address, and right after it a RST from the
host. On \`br7\` neither of the two. The server then refuses everything else.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.140.77.5',
        server: '192.0.2.233',
        port: 873,
        status: 'degraded',
        statusAlso: ['delivered', 'rejected'],
        cause: 'ct-invalid-leak',
        namespace: 'host',
        mustNot: ['ext-remote-reset', 'nat-entry-lost-midflow', 'flt-reject', 'sock-not-listening'],
        fixCommandShouldContain: '--ctstate INVALID -j DROP',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['br7', '10.140.77.1/24'],
        members: [['mirror', 'eth0', '10.140.77.5/24', 'br7-1']],
        uplink: ['eth0', '198.51.100.17/24'],
        gateway: '198.51.100.1',
        remotes: ['192.0.2.233'],
      });
      const [mirror] = inside;
      await outside.start('peer tcp-serve 192.0.2.233 873 rsyncd --stray 1.5');
      await host.sh(`
        iptables -t nat -A POSTROUTING -s 10.140.77.0/24 -o eth0 -j MASQUERADE
        iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`);
      const [bridge, uplink] = await lab.capture(host, ['br7', 'eth0']);
      await lab.fails(mirror, 'peer tcp-talk 192.0.2.233 873 --seconds 4', /reset by peer|closed/);
      await lab.captured();
      lab.seen(uplink, 'tcp[13] & 4 != 0 and src host 198.51.100.17');
      lab.unseen(bridge, 'tcp[13] & 4 != 0 and src host 10.140.77.5');
      await lab.dump(host, { plus: ['conntrack-stats'] });
      await lab.dump(mirror);
      const again = 'peer tcp-talk 192.0.2.233 873 --seconds 4';
      await lab.repaired(host, 'iptables -I INPUT -m conntrack --ctstate INVALID -j DROP', mirror, again);
    },
  },
  {
    name: 'damaged-datagrams-leave-untranslated',
    title: 'datagrams with a wrong checksum leave with their private source: to conntrack they are INVALID',
    about: `
\`cam\` sends its stream from a device whose driver writes wrong UDP checksums, some of the time. The host masquerades, but only
what conntrack can make sense of: the damaged datagrams leave \`wan0\` as they are.`,
    see: `
On \`cam0\` and \`wan0\` datagrams whose checksum is neither right nor the sum of the pseudo-header alone (which a device would
complete); on \`wan0\` they still have the source 10.58.1.7, while a good one from another port has the host's.`,
    expect: [
      {
        protocol: 'udp',
        client: '10.58.1.7',
        server: '203.0.113.250',
        port: 6001,
        clientPort: 46001,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'ct-bad-checksum',
        namespace: 'host',
        mustNot: [
          'nat-masquerade-missing',
          'nat-masquerade-mismatch',
          'ext-drop-after-host',
          'nat-rule-after-flow',
        ],
        fixCommandShouldContain: 'tx-checksum',
      },
      { protocol: 'udp', client: '10.58.1.7', server: '203.0.113.250', port: 6001, clientPort: 46002 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['cam0', '10.58.1.1/24'],
        members: [['cam', 'eth0', '10.58.1.7/24', 'cam0-1']],
        uplink: ['wan0', '192.0.2.150/24'],
        gateway: '192.0.2.1',
        remotes: ['203.0.113.250'],
      });
      const [cam] = inside;
      await outside.start('peer udp-serve 203.0.113.250 6001 recorder');
      await host.sh('iptables -t nat -A POSTROUTING -s 10.58.1.0/24 -o wan0 -j MASQUERADE');
      const [bridge, uplink] = await lab.capture(host, ['cam0', 'wan0']);
      await lab.works(cam, 'peer udp-ask 203.0.113.250 6001 --from 46002', /3 of 3 answered/);
      await lab.fails(cam, 'peer udp-damaged 203.0.113.250 6001 --from 46001', /0 of 3 answered/);
      await sleep(200);
      await lab.captured();
      lab.seen(bridge, 'udp src port 46001', 3);
      lab.seen(uplink, 'udp src port 46001 and src host 10.58.1.7', 3);
      lab.seen(uplink, 'udp src port 46002 and src host 192.0.2.150', 3);
      await lab.dump(host, { plus: ['conntrack-stats'] });
      await lab.dump(cam);
    },
  },
];
