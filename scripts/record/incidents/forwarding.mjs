/** The host does not forward: globally, or on one interface. */
import { bridgedHost } from '../lib/networks.mjs';

const MASQUERADE = 'iptables -t nat -A POSTROUTING -s 10.20.0.0/24 ! -o br-lab -j MASQUERADE';

export const forwarding = [
  {
    name: 'forward-off-bridge',
    title: 'a ping from a bridged namespace stops at the host: net.ipv4.ip_forward is 0',
    about: `
A namespace \`ant\` on the bridge \`br-lab\` pings an address on the internet. Routes, MASQUERADE and filter rules are in
order, but the host has \`net.ipv4.ip_forward = 0\`.`,
    see: `
The echo requests are on \`br-lab\` and never on \`ens3\`; nothing comes back, not even an ICMP error. \`IpInAddrErrors\` of
the host counts them. The ping to the neighbour \`bee\` works, because it never needs the host's forwarding.`,
    expect: [
      {
        protocol: 'icmp',
        client: '10.20.0.11',
        server: '9.9.9.9',
        status: 'dropped',
        statusAlso: ['no-reply'],
        cause: 'fwd-ip-forward-off',
        namespace: 'host',
        sysctl: 'net.ipv4.ip_forward',
        mustNot: ['nat-masquerade-missing', 'ext-drop-after-host', 'flt-forward-policy-drop'],
        fixCommandShouldContain: 'net.ipv4.ip_forward=1',
      },
      { protocol: 'icmp', client: '10.20.0.11', server: '10.20.0.12' },
    ],
    async record(lab) {
      const { host } = lab;
      const { inside } = await bridgedHost(lab, {
        bridge: ['br-lab', '10.20.0.1/24'],
        members: [
          ['ant', 'eth0', '10.20.0.11/24', 'veth-ant'],
          ['bee', 'eth0', '10.20.0.12/24', 'veth-bee'],
        ],
        uplink: ['ens3', '198.51.100.7/24'],
        gateway: '198.51.100.1',
        remotes: ['9.9.9.9'],
      });
      const [ant, bee] = inside;
      await host.sh(`${MASQUERADE}; sysctl -qw net.ipv4.ip_forward=0`);
      const [bridge, uplink] = await lab.capture(host, ['br-lab', 'ens3']);
      await lab.works(ant, 'ping -n -c 1 10.20.0.12');
      await lab.fails(ant, 'ping -n -c 3 -i 0.5 -W 1 9.9.9.9', /100% packet loss/);
      await lab.captured();
      lab.seen(bridge, 'icmp[icmptype]==icmp-echo and dst host 9.9.9.9', 3);
      lab.unseen(uplink, 'icmp');
      await lab.counted(host, 'IpInAddrErrors', 3);
      await lab.dump(host);
      await lab.dump(ant);
      await lab.dump(bee);
    },
  },
];
