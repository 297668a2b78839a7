/** Commands that change the network by a program of their own, whose doing isn't modelled: what of the state is unknown behind them. */
import { lazily } from '../base/memo.ts';

interface Unmodelled {
  readonly pattern: RegExp;
  /** What it may have changed. */
  readonly changes: string;
  /** The commands that show it. */
  readonly shownBy: string;
}

const ENGINE = '(?:docker|podman|nerdctl)';
const UNMODELLED = lazily((): readonly Unmodelled[] => [
  {
    pattern: new RegExp(
      `^${ENGINE} (?:container )?(?:run|start|restart|create|unpause) |^${ENGINE}(?:-| )compose (?:.* )?(?:up|start|restart|run)(?= |$)`,
    ),
    changes: 'a namespace with an interface on a bridge, and the rules of its ports',
    shownBy: 'docker inspect CONTAINER, docker network inspect NETWORK, iptables-save -c, ip addr',
  },
  {
    pattern: new RegExp(
      `^${ENGINE} (?:container )?(?:rm|stop|kill|pause) |^${ENGINE}(?:-| )compose (?:.* )?(?:down|stop|rm|kill)(?= |$)`,
    ),
    changes: "a container's namespace and the rules of its ports, which are gone",
    shownBy: 'docker ps -a, iptables-save -c',
  },
  {
    pattern: new RegExp(`^${ENGINE} network (?:create|rm|connect|disconnect|prune) ?`),
    changes: 'a bridge with its addresses and rules, or an interface of a container',
    shownBy: 'docker network inspect NETWORK, ip addr, iptables-save -c',
  },
  {
    pattern:
      /^(?:systemctl|service) (?:\S+ )?(?:re)?start (?:docker|containerd|podman)|^(?:systemctl|service) (?:docker|podman) (?:re)?start/,
    changes: "all rules of Docker, which it writes again, and its bridges' forwarding",
    shownBy: 'iptables-save -c, sysctl net.ipv4.ip_forward',
  },
  {
    pattern:
      /^(?:systemctl|service) (?:\S+ )?(?:re)?(?:start|load|stop) (?:firewalld|ufw|iptables|ip6tables|nftables|netfilter-persistent|shorewall|fail2ban)|^(?:systemctl|service) (?:firewalld|ufw|iptables|nftables|fail2ban) (?:re)?(?:start|load|stop)|^netfilter-persistent |^(?:ufw|firewall-cmd) (?:.* )?(?:enable|disable|reload|reset|allow|deny|reject|limit|route|delete|insert|default|--(?:reload|complete-reload|add-\S+|remove-\S+|set-\S+|change-\S+|zone\S*|permanent|direct))(?= |$)/,
    changes: 'rules of the packet filter, also such as others wrote',
    shownBy: 'iptables-save -c, ip6tables-save -c, nft list ruleset',
  },
  {
    pattern:
      /^(?:systemctl|service) (?:\S+ )?(?:re)?(?:start|load) (?:NetworkManager|systemd-networkd|networking|network)|^netplan apply|^if(?:up|down) |^nmcli (?:con\w*|dev\w*) (?:up|down|modify|add|reload|reapply)|^dhclient |^networkctl (?:reload|reconfigure|up|down)/,
    changes: 'addresses and routes',
    shownBy: 'ip addr, ip route show table all, ip rule',
  },
  {
    pattern:
      /^kubeadm |^kubectl (?:\S+ )*(?:apply|create|delete|run|expose|scale|rollout) |^helm (?:\S+ )*(?:install|upgrade|uninstall) |^minikube start|^kind create/,
    changes: 'pods, and what kube-proxy and the network plugin write for them',
    shownBy: 'iptables-save -c or nft list ruleset, ip addr, ip route (on the node)',
  },
  {
    pattern:
      /^wg-quick |^wg (?:set|setconf|addconf|syncconf) |^openvpn |^tailscale (?:up|down|set)|^ipsec |^swanctl /,
    changes: 'an interface with routes, rules and perhaps a policy table',
    shownBy: 'ip -d addr, ip rule, ip route show table all',
  },
  {
    pattern:
      /^(?:modprobe|rmmod|insmod) (?:-\S+ )*(?:br_netfilter|nf_conntrack\S*|nf_nat\S*|ip_vs\S*|iptable_\S+|ip_tables|8021q|bridge|overlay|vxlan)/,
    changes: 'which settings and hooks there are',
    shownBy: 'sysctl -a, iptables-save -c',
  },
  {
    pattern: /^sysctl (?:-\S+ )*(?:-p|--load|--system)/,
    changes: 'settings, as files say that were not shown',
    shownBy: 'sysctl -a',
  },
  {
    pattern: /^(?:ip6?tables\S*-restore|nft (?:-\S+ )*-f|ipset restore)(?= |$)/,
    changes: 'rules, as a file says that was not shown',
    shownBy: 'iptables-save -c, nft list ruleset, ipset save',
  },
]);

/** Undefined: it changes nothing of the network, or what it changes is played. `text` is without what stands in front of it. */
export function unmodelled(text: string): { readonly changes: string; readonly shownBy: string } | undefined {
  if (/(?:^| )(?:-h|--help|help)$/.test(text)) return undefined;
  return UNMODELLED().find(({ pattern }) => pattern.test(text));
}
