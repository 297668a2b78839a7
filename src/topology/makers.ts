/**
 * Who makes chains, rules, tables, sets and interfaces by themselves: told from the names that each gives them. What one of them
 * has made it makes anew when it likes, so a rule added to it by hand does not last.
 */

import { lazily, once } from '../base/memo.ts';

export interface Maker {
  readonly id: string;
  /** In a sentence: `made by ufw`. */
  readonly name: string;
  /** When its rules are written anew. */
  readonly rewrites: string;
  /** User chains of iptables, and chains of nft tables that carry the same names. */
  readonly chains?: RegExp;
  /** A chain whose presence makes every other user chain without a maker its own as well. */
  readonly whole?: RegExp;
  /** `-m comment --comment`, nft's `comment`. */
  readonly comments?: RegExp;
  readonly sets?: RegExp;
  /** nft tables. */
  readonly tables?: RegExp;
  readonly interfaces?: RegExp;
}

/** The particular before the general: the first that fits is the maker. */
export const MAKERS = lazily(
  () =>
    [
      {
        id: 'docker-dns',
        name: 'Docker’s embedded DNS',
        rewrites: 'when the container starts',
        chains: /^DOCKER_(OUTPUT|POSTROUTING)$/,
      },
      {
        id: 'docker-user',
        name: 'the administrator, in the chain that Docker leaves alone',
        rewrites: 'by nobody but who wrote them',
        chains: /^DOCKER-USER$/,
      },
      {
        id: 'docker',
        name: 'Docker',
        rewrites: 'when the daemon, a network or a container starts',
        chains: /^DOCKER(-(ISOLATION(-STAGE-[12])?|FORWARD|CT|BRIDGE|INTERNAL|INGRESS))?$/,
        sets: /^docker-ext-bridges-v[46]$/,
        tables: /^docker-bridges$/,
        interfaces: /^(docker\d+|docker_gwbridge|br-[0-9a-f]{12})$/,
      },
      {
        id: 'netavark',
        name: 'podman (netavark)',
        rewrites: 'when a container starts, and by "podman network reload"',
        chains: /^(NETAVARK[-_]|nv_[0-9a-f]{8}_)/,
        tables: /^netavark$/,
        interfaces: /^podman\d+$/,
      },
      {
        id: 'kube-router',
        name: 'kube-router',
        rewrites: 'whenever it synchronizes',
        chains: /^KUBE-(ROUTER-|POD-FW-|NWPLCY-)/,
        sets: /^(kube-router-|KUBE-(SRC|DST)-)/,
        interfaces: /^(kube-bridge|kube-dummy-if)$/,
      },
      {
        id: 'kube-proxy',
        name: 'Kubernetes (kube-proxy, kubelet)',
        rewrites: 'whenever kube-proxy synchronizes',
        chains: /^KUBE-/,
        sets: /^KUBE-/,
        tables: /^kube-proxy$/,
        interfaces: /^kube-ipvs0$/,
      },
      {
        id: 'calico',
        name: 'Calico (felix)',
        rewrites: 'whenever felix synchronizes',
        chains: /^cali-/,
        comments: /^cali:/,
        sets: /^cali[46]0/,
        tables: /^calico$/,
        interfaces: /^(cali[0-9a-f]{11}|vxlan\.calico|wireguard\.cali)$/,
      },
      {
        id: 'cilium',
        name: 'Cilium',
        rewrites: 'when its agent starts',
        chains: /^(OLD_)?CILIUM_/,
        comments: /^cilium(:|-feeder)/,
        interfaces: /^cilium_(host|net|vxlan|geneve|wg0)$/,
      },
      {
        id: 'flannel',
        name: 'flannel',
        rewrites: 'every few seconds by flanneld',
        chains: /^FLANNEL-/,
        comments: /^flanneld /,
        tables: /^flannel-ipv[46]$/,
        interfaces: /^flannel(\.\d+|-v6\.\d+|-wg|0)$/,
      },
      {
        id: 'weave',
        name: 'Weave Net',
        rewrites: 'when weave starts, by weave-npc whenever policies change',
        chains: /^WEAVE(-|$)/,
        sets: /^weave-/,
        interfaces: /^(weave|vethwe-.*)$/,
      },
      {
        id: 'antrea',
        name: 'Antrea',
        rewrites: 'every minute by antrea-agent',
        chains: /^ANTREA-/,
        comments: /^Antrea:/,
        sets: /^ANTREA-/,
        interfaces: /^antrea-gw0$/,
      },
      {
        id: 'ovn-kubernetes',
        name: 'OVN-Kubernetes',
        rewrites: 'by its node agent',
        chains: /^OVN-KUBE-/,
        tables: /^ovn-kubernetes$/,
        interfaces: /^(ovn-k8s-mp0|ovn-k8s-gw0)$/,
      },
      {
        id: 'aws-cni',
        name: 'the Amazon VPC CNI',
        rewrites: 'by aws-node',
        chains: /^AWS-(SNAT|CONNMARK)-CHAIN-/,
        comments: /^AWS(,|-)/,
        interfaces: /^eni[0-9a-f]{11}$/,
      },
      {
        id: 'istio',
        name: 'Istio',
        rewrites: 'by istio-init or istio-cni when the pod starts',
        chains: /^ISTIO_/,
        tables: /^istio-/,
      },
      {
        id: 'linkerd',
        name: 'Linkerd',
        rewrites: 'by linkerd-init when the pod starts',
        chains: /^PROXY_INIT_/,
        comments: /^proxy-init\//,
      },
      {
        id: 'cni',
        name: 'CNI plugins (bridge, portmap, firewall)',
        rewrites: 'when a container starts',
        chains: /^CNI-/,
        tables: /^cni_/,
        interfaces: /^(cni\d+|cni-podman\d+)$/,
      },
      {
        id: 'tailscale',
        name: 'Tailscale',
        rewrites: 'by tailscaled',
        chains: /^ts-(input|forward|postrouting)$/,
        interfaces: /^tailscale\d+$/,
      },
      {
        id: 'netbird',
        name: 'NetBird',
        rewrites: 'by its agent',
        chains: /^NETBIRD-/,
        tables: /^netbird$/,
        interfaces: /^wt\d+$/,
      },
      {
        id: 'libvirt',
        name: 'libvirt',
        rewrites: 'when libvirt or one of its networks starts',
        chains: /^LIBVIRT_/,
        tables: /^libvirt_network$/,
        interfaces: /^virbr\d+(-nic)?$/,
      },
      {
        id: 'firewalld',
        name: 'firewalld',
        rewrites: 'by "firewall-cmd --reload"',
        chains:
          /^((IN|FWDI|FWDO|FWD|PRE|POST)_\w+|(INPUT|FORWARD|OUTPUT|PREROUTING|POSTROUTING)_(direct|ZONES(_SOURCE)?|POLICIES_(pre|post)|(IN|OUT)_ZONES(_SOURCE)?))$/,
        tables: /^firewalld$/,
      },
      {
        id: 'ufw',
        name: 'ufw',
        rewrites: 'by "ufw reload" and at boot, out of the files in /etc/ufw',
        chains: /^ufw6?-/,
      },
      {
        id: 'fail2ban',
        name: 'fail2ban',
        rewrites: 'by its bans and when it starts',
        chains: /^(f2b|fail2ban)-/,
        sets: /^(f2b-|addr6?-set-)/,
        tables: /^f2b-table$/,
      },
      {
        id: 'crowdsec',
        name: 'the CrowdSec firewall bouncer',
        rewrites: 'by its decisions and when it starts',
        chains: /^(CROWDSEC_|crowdsec6?-chain)/,
        sets: /^crowdsec6?-blacklists?/,
        tables: /^crowdsec6?$/,
      },
      {
        id: 'sshguard',
        name: 'sshguard',
        rewrites: 'by its blocks',
        chains: /^sshguard$/,
        sets: /^sshguard[46]$/,
        tables: /^sshguard$/,
      },
      {
        id: 'lxd',
        name: 'LXD',
        rewrites: 'when LXD or one of its networks starts',
        comments: /^generated for LXD /,
        tables: /^lxd$/,
        interfaces: /^lxdbr\d+$/,
      },
      {
        id: 'incus',
        name: 'Incus',
        rewrites: 'when Incus or one of its networks starts',
        comments: /^generated for Incus /,
        tables: /^incus$/,
        interfaces: /^incusbr\d+$/,
      },
      {
        id: 'lxc-net',
        name: 'lxc-net',
        rewrites: 'when lxc-net starts',
        tables: /^lxc$/,
        interfaces: /^lxcbr\d+$/,
      },
      {
        id: 'proxmox',
        name: 'the Proxmox firewall',
        rewrites: 'every ten seconds by pve-firewall',
        chains: /^(PVEFW-|GROUP-|(tap|veth|fwln)\d+i\d+-(IN|OUT)$)/,
        sets: /^PVEFW-/,
        tables: /^proxmox-firewall(-guests)?$/,
        interfaces: /^(vmbr\d+|fw(br|ln|pr)\d+[ip]\d+)$/,
      },
      {
        id: 'neutron',
        name: 'OpenStack Neutron',
        rewrites: 'by its agents',
        chains: /^neutron-/,
        interfaces: /^(qbr|qvo|qvb|qr-|qg-|brq)[0-9a-f-]{11}$/,
      },
      {
        id: 'nova',
        name: 'OpenStack Nova',
        rewrites: 'by its services',
        chains: /^nova-(api|compute|network|filter|postrouting)/,
      },
      {
        id: 'qubes',
        name: 'Qubes OS',
        rewrites: 'when a qube starts, and by qubes-firewall',
        chains: /^(QBS|PR-QBS)(-|$)/,
      },
      {
        id: 'multi-networkpolicy',
        name: 'multi-networkpolicy',
        rewrites: 'whenever it synchronizes',
        chains: /^MULTI-(\d+-)?(INGRESS|EGRESS)/,
      },
      {
        id: 'miniupnpd',
        name: 'miniupnpd',
        rewrites: 'by what its clients ask for',
        chains: /^(MINIUPNPD(-|$)|((pre|post)routing_)?miniupnpd$)/,
      },
      {
        id: 'openwrt',
        name: 'OpenWrt’s firewall',
        rewrites: 'by "fw3 reload" or "fw4 reload", out of /etc/config/firewall',
        chains:
          /^(zone_(lan|wan)|zone_\w+_(input|output|forward|prerouting|postrouting|src_|dest_|(ACCEPT|DROP|REJECT|MSSFIX|CONNTRACK|nat)$).*|((input|forwarding|output|prerouting|postrouting)(_(lan|wan))?_rule)|(input|forwarding|output|prerouting|postrouting)_(lan|wan))$/,
        comments: /^!fw[34]/,
        tables: /^fw4$/,
      },
      {
        id: 'csf',
        name: 'ConfigServer Firewall (csf)',
        rewrites: 'by "csf -r"',
        chains: /^(LOCALINPUT|LOCALOUTPUT|ALLOWIN|ALLOWOUT|DENYIN|DENYOUT|LOGDROPIN|LOGDROPOUT)$/,
      },
      {
        id: 'wg-quick',
        name: 'wg-quick',
        rewrites: 'when the tunnel is brought up',
        comments: /^wg-quick\(8\) rule for /,
        tables: /^wg-quick-/,
      },
      {
        id: 'shorewall',
        name: 'Shorewall',
        rewrites: 'by "shorewall reload"',
        chains: /^(shorewall|sha-[lr]h-.*)$/,
        whole: /^shorewall$/,
      },
    ] as const satisfies readonly Maker[],
);

export type MakerId = ReturnType<typeof MAKERS>[number]['id'];

const all = (): readonly Maker[] => MAKERS();

/** Of a chain by its name; `beside`: all chains of its table, where some maker is told by another of its chains. */
export function makerOfChain(name: string, beside?: Chains): Maker | undefined {
  const own = all().find(({ chains }) => chains?.test(name));
  if (own) return own;
  return beside === undefined || /^[A-Z]+$/.test(name) ? undefined : makerOfWhole(beside);
}

/** Chains by their names, or the names alone. */
export type Chains = ReadonlyMap<string, unknown> | readonly string[];

const makerOfWhole: (chains: Chains) => Maker | undefined = once((chains: Chains) => {
  const wholes = all().filter(({ whole }) => whole);
  for (const name of chains instanceof Map ? chains.keys() : (chains as readonly string[])) {
    const maker = wholes.find(({ whole }) => whole?.test(name));
    if (maker) return maker;
  }
  return undefined;
});

export function makerOfTable(name: string): Maker | undefined {
  return all().find(({ tables }) => tables?.test(name));
}

export function makerOfSet(name: string): Maker | undefined {
  return all().find(({ sets }) => sets?.test(name));
}

export function makerOfInterface(name: string): Maker | undefined {
  return all().find(({ interfaces }) => interfaces?.test(name));
}

/** Of a rule in a chain that is nobody's: by its comment, the chain it leads to, the set it asks, else a bridge that it is about. */
export function makerOfRuleText(text: string): Maker | undefined {
  const comment = /(?:^|\s)(?:--)?comment (?!--comment)(?:"([^"]*)"|(\S+))/.exec(text);
  const said = comment?.[1] ?? comment?.[2];
  const commented = said === undefined ? undefined : all().find(({ comments }) => comments?.test(said));
  if (commented) return commented;
  const jump = /(?:^|\s)(?:-[jg]|jump|goto) (\S+)/.exec(text)?.[1];
  const jumped = jump === undefined ? undefined : all().find(({ chains }) => chains?.test(jump));
  if (jumped) return jumped;
  const set = /(?:--match-set |@)(\S+)/.exec(text)?.[1];
  return set === undefined ? undefined : makerOfSet(set);
}

export interface RuleSite {
  /** nft's table names; iptables' own (filter, nat …) have no maker. */
  readonly table?: string;
  readonly chain: string;
  readonly text?: string;
  /** Chains of the same table. */
  readonly chains?: Chains | undefined;
}

/** Who made a rule, or the policy of a chain: by its table, its chain, its words. */
export function makerOf({ table, chain, text = '', chains }: RuleSite): Maker | undefined {
  return (
    (table === undefined ? undefined : makerOfTable(table)) ??
    makerOfChain(chain, chains) ??
    (text === '' ? undefined : makerOfRuleText(text))
  );
}
