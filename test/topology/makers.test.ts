import { describe, expect, it } from 'vitest';
import {
  type MakerId,
  makerOf,
  makerOfInterface,
  makerOfRuleText,
  makerOfSet,
  makerOfTable,
} from '../../src/topology/makers.ts';

const CHAINS: readonly (readonly [MakerId | undefined, ...string[]])[] = [
  [
    'docker',
    'DOCKER',
    'DOCKER-ISOLATION-STAGE-2',
    'DOCKER-ISOLATION',
    'DOCKER-FORWARD',
    'DOCKER-CT',
    'DOCKER-INGRESS',
  ],
  ['docker-user', 'DOCKER-USER'],
  ['docker-dns', 'DOCKER_OUTPUT', 'DOCKER_POSTROUTING'],
  [
    'netavark',
    'NETAVARK_FORWARD',
    'NETAVARK-HOSTPORT-DNAT',
    'NETAVARK-DN-1D8721804F16F',
    'nv_2f259bab_10_88_0_0_nm16_dnat',
  ],
  ['cni', 'CNI-FORWARD', 'CNI-HOSTPORT-SETMARK', 'CNI-DN-0b5f4b0a4f1bb6b2fe3f5', 'CNI-ADMIN'],
  ['kube-router', 'KUBE-ROUTER-INPUT', 'KUBE-POD-FW-JMDDOBMGYWSIL7PV', 'KUBE-NWPLCY-DEFAULT'],
  ['kube-proxy', 'KUBE-SVC-NPX46M4PTMTKRN6Y', 'KUBE-SEP-ABC', 'KUBE-FIREWALL', 'KUBE-MARK-MASQ'],
  ['calico', 'cali-FORWARD', 'cali-pri-_kJqfZpgUe7r2t4A-14'],
  ['cilium', 'CILIUM_POST_nat', 'OLD_CILIUM_FORWARD'],
  ['flannel', 'FLANNEL-FWD', 'FLANNEL-POSTRTG'],
  ['weave', 'WEAVE', 'WEAVE-NPC-INGRESS'],
  ['tailscale', 'ts-input', 'ts-forward', 'ts-postrouting'],
  ['libvirt', 'LIBVIRT_FWX', 'LIBVIRT_PRT'],
  [
    'firewalld',
    'FORWARD_direct',
    'IN_public_allow',
    'INPUT_ZONES',
    'FORWARD_IN_ZONES',
    'FWDI_dmz_deny',
    'PRE_trusted',
  ],
  ['ufw', 'ufw-before-forward', 'ufw6-user-input', 'ufw-user-limit-accept'],
  ['fail2ban', 'f2b-sshd', 'fail2ban-ssh'],
  ['crowdsec', 'CROWDSEC_CHAIN', 'crowdsec-chain'],
  ['sshguard', 'sshguard'],
  ['istio', 'ISTIO_IN_REDIRECT', 'ISTIO_OUTPUT'],
  ['miniupnpd', 'MINIUPNPD', 'MINIUPNPD-POSTROUTING', 'prerouting_miniupnpd'],
  ['shorewall', 'shorewall', 'sha-lh-b1cf911acfddc01e82d1'],
  [
    'openwrt',
    ...['zone_wan_forward', 'zone_lan_dest_ACCEPT', 'zone_wan', 'zone_guest_REJECT', 'forwarding_rule'],
    ...['input_lan', 'input_wan_rule', 'zone_wan_MSSFIX'],
  ],
  ['nova', 'nova-api-POSTROUTING', 'nova-filter-top', 'nova-postrouting-bottom'],
  ['qubes', 'QBS-FORWARD', 'PR-QBS', 'PR-QBS-SERVICES'],
  ['multi-networkpolicy', 'MULTI-0-INGRESS-0-FROM', 'MULTI-INGRESS-COMMON'],
  [undefined, 'zone_guest', 'input', 'input_dmz_rules', 'forwarding', 'zone_a_b_drops'],
  [
    undefined,
    'FORWARD',
    'INPUT',
    'DOCKERS',
    'MYDOCKER',
    'my-chain',
    'LOGGING',
    'tcp-in',
    'net-fw',
    'IN',
    'ufwx',
  ],
];

describe('who made it', () => {
  it.each(CHAINS.flatMap(([id, ...names]) => names.map((name) => [name, id] as const)))(
    'chain %s: %s',
    (chain, id) => {
      expect(makerOf({ chain })?.id).toBe(id);
    },
  );

  it('zone chains stand beside the one that Shorewall always has', () => {
    expect(makerOf({ chain: 'net-fw', chains: ['INPUT', 'net-fw', 'shorewall'] })?.id).toBe('shorewall');
    expect(makerOf({ chain: 'ufw-user-input', chains: ['shorewall'] })?.id).toBe('ufw');
    expect(makerOf({ chain: 'FORWARD', chains: ['shorewall'] })).toBeUndefined();
  });

  it.each([
    ['-A FORWARD -o lxdbr0 -m comment --comment "generated for LXD network lxdbr0" -j ACCEPT', 'lxd'],
    ['oifname "incusbr0" accept comment "generated for Incus network incusbr0"', 'incus'],
    ['-A PREROUTING -m comment --comment "cali:6gwbT8clXdHdC1b1" -j cali-PREROUTING', 'calico'],
    ['-A FORWARD -j f2b-docker', 'fail2ban'],
    ['-A FORWARD -m set --match-set crowdsec-blacklists-0 src -j DROP', 'crowdsec'],
    ['ip saddr @addr-set-sshd reject', 'fail2ban'],
    ['-A FORWARD -s 10.0.0.0/8 -j DROP', undefined],
    ['-A FORWARD -m comment --comment "by hand" -j DROP', undefined],
  ] as const)('%s', (text, id) => {
    expect(makerOfRuleText(text)?.id).toBe(id);
    expect(makerOf({ chain: 'FORWARD', text })?.id).toBe(id);
  });

  it.each([
    ['docker0', 'docker'],
    ['br-99113c167617', 'docker'],
    ['docker_gwbridge', 'docker'],
    ['podman0', 'netavark'],
    ['cni0', 'cni'],
    ['virbr0', 'libvirt'],
    ['lxdbr0', 'lxd'],
    ['incusbr0', 'incus'],
    ['flannel.1', 'flannel'],
    ['cali12d4a061371', 'calico'],
    ['cilium_host', 'cilium'],
    ['weave', 'weave'],
    ['tailscale0', 'tailscale'],
    ['vmbr1', 'proxmox'],
    ['br-lan', undefined],
    ['br0', undefined],
    ['eth0', undefined],
  ] as const)('interface %s: %s', (name, id) => expect(makerOfInterface(name)?.id).toBe(id));

  it('tables of nft, and sets', () => {
    const tables = [
      'docker-bridges',
      'netavark',
      'firewalld',
      'f2b-table',
      'lxd',
      'kube-proxy',
      'fw4',
      'filter',
    ];
    expect(tables.map((name) => makerOfTable(name)?.id)).toEqual([
      'docker',
      'netavark',
      'firewalld',
      'fail2ban',
      'lxd',
      'kube-proxy',
      'openwrt',
      undefined,
    ]);
    expect(makerOf({ table: 'firewalld', chain: 'filter_FORWARD' })?.id).toBe('firewalld');
    expect(
      ['f2b-sshd', 'cali40s:abc', 'docker-ext-bridges-v4', 'mine'].map((name) => makerOfSet(name)?.id),
    ).toEqual(['fail2ban', 'calico', 'docker', undefined]);
  });
});
