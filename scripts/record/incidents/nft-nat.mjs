/** NAT that is written in nftables' own words, and doesn't match. */
import { bridgedHost } from '../lib/networks.mjs';

const load = (host, ruleset) => host.sh(`nft -f - <<'RULESET'\n${ruleset}\nRULESET`);

export const nftNat = [
  {
    name: 'masquerade-in-nft-for-another-line',
    title: 'nobody answers from outside: the masquerade rule of nftables is for an uplink that was renamed',
    hostname: 'lab-host',
    about: `
A host with an nftables ruleset of its own, no iptables. Its uplink was \`enp1s0\` when \`oifname "enp1s0" masquerade\` was written; since
the new mainboard it is \`enp5s0\`. Containers on \`cni-podman1\` reach one another, and nobody outside.`,
    see: `
The echo requests leave \`enp5s0\` with the source 10.44.0.23. The rule's counter stands at zero.`,
    expect: [
      {
        protocol: 'icmp',
        client: '10.44.0.23',
        server: '192.0.2.201',
        status: 'no-reply',
        cause: 'nat-masquerade-mismatch',
        namespace: 'host',
        rule: { table: 'ip egress', chain: 'leaving', number: 2 },
        mustNot: ['nat-masquerade-missing', 'ext-drop-after-host', 'flt-forward-policy-drop'],
        fixCommandShouldContain: 'nft insert rule ip egress leaving',
      },
      { protocol: 'icmp', client: '10.44.0.23', server: '10.44.0.24' },
    ],
    async record(lab) {
      const { host } = lab;
      const { inside } = await bridgedHost(lab, {
        bridge: ['cni-podman1', '10.44.0.1/24'],
        members: [
          ['mixer', 'eth0', '10.44.0.23/24', 'vethmix'],
          ['cache', 'eth0', '10.44.0.24/24', 'vethcac'],
        ],
        uplink: ['enp5s0', '198.51.100.130/25'],
        gateway: '198.51.100.129',
        remotes: ['192.0.2.201'],
      });
      const [mixer] = inside;
      await load(
        host,
        `table ip egress {
          chain leaving {
            type nat hook postrouting priority srcnat
            ip saddr 10.45.0.0/24 counter masquerade
            ip saddr 10.44.0.0/24 oifname "enp1s0" counter masquerade
          }
        }`,
      );
      const [bridge, uplink] = await lab.capture(host, ['cni-podman1', 'enp5s0']);
      await lab.works(mixer, 'ping -c 2 -i 0.2 10.44.0.24');
      await lab.fails(mixer, 'ping -c 3 -i 0.3 -W 1 192.0.2.201');
      await lab.captured();
      lab.seen(bridge, 'icmp and dst host 192.0.2.201', 3);
      lab.seen(uplink, 'icmp and src host 10.44.0.23', 3);
      await lab.dump(host, { form: 'text', plus: ['nft-ruleset'] });
      await lab.dump(mixer);
      await lab.repaired(
        host,
        'nft insert rule ip egress leaving ip saddr 10.44.0.0/24 oifname != cni-podman1 masquerade',
        mixer,
        'ping -c 1 -W 2 192.0.2.201',
      );
    },
  },
  {
    name: 'nft-dnat-for-another-interface',
    title: 'connection refused: the dnat rule of nftables asks for an interface by which nobody comes',
    hostname: 'lab-host',
    about: `
A forwarded port in nftables' own words: \`iifname "bond0" udp dport 1194 dnat to …\`. The uplink is \`ens160\`, so the rule never matches, and the
host, where nobody listens on that port, refuses.`,
    see: `
The datagram and an ICMP port unreachable of the host on \`ens160\`, nothing on \`br-vpn\`.`,
    expect: [
      {
        protocol: 'udp',
        client: '203.0.113.241',
        server: '203.0.113.240',
        port: 1194,
        status: 'rejected',
        cause: 'nat-dnat-mismatch',
        namespace: 'host',
        rule: { table: 'inet ports', chain: 'arriving', number: 2 },
        mustNot: ['nat-no-dnat-host-rst', 'sock-not-listening', 'ext-remote-reset'],
        fixCommandShouldContain: 'nft insert rule inet ports arriving iifname ens160 udp dport 1194',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['br-vpn', '10.46.0.1/24'],
        members: [['gateway2', 'eth0', '10.46.0.94/24', 'tap94']],
        uplink: ['ens160', '203.0.113.240/24'],
        gateway: '203.0.113.241',
      });
      const [gateway2] = inside;
      await gateway2.start('peer udp-serve 0.0.0.0 1194 openvpn');
      await load(
        host,
        `table inet ports {
          chain arriving {
            type nat hook prerouting priority dstnat
            iifname "bond0" tcp dport 443 dnat ip to 10.46.0.94
            iifname "bond0" udp dport 1194 counter dnat ip to 10.46.0.94:1194
          }
        }`,
      );
      const [uplink, bridge] = await lab.capture(host, ['ens160', 'br-vpn']);
      await lab.fails(outside, 'peer udp-ask 203.0.113.240 1194');
      await lab.captured();
      lab.seen(uplink, 'icmp[0] == 3 and icmp[1] == 3');
      lab.unseen(bridge, 'udp port 1194');
      await lab.dump(host, { plus: ['nft-ruleset'] });
      await lab.dump(gateway2);
      await lab.repaired(
        host,
        'nft insert rule inet ports arriving iifname ens160 udp dport 1194 counter dnat ip to 10.46.0.94:1194',
        outside,
        'peer udp-ask 203.0.113.240 1194',
      );
    },
  },
];
