/** Repairs in the words of whoever made the rules: they survive the next reload, which a command by hand does not. */
import type { MakerId } from '../topology/makers.ts';
import type { Case, ModelDrop } from './case.ts';
import { inInterface, outInterface } from './words.ts';

/** In a sentence, behind "To last:". Undefined: nothing can be said for sure. */
export function lastingRepair(kase: Case, drop: ModelDrop, maker: string): string | undefined {
  return REPAIRS[maker as MakerId]?.(packetOf(kase, drop), drop);
}

interface Packet {
  readonly family: 4 | 6;
  readonly source: string;
  readonly destination: string;
  readonly protocol: string;
  /** Of the service; of an answer there is none to open. */
  readonly port?: number;
  readonly in?: string;
  readonly out?: string;
  readonly hook: 'in' | 'forward' | 'out';
  readonly chain: string;
  readonly text: string;
  /** On this host's side: a bridge of its own rather than the uplink. */
  readonly bridge?: string;
}

function packetOf(kase: Case, drop: ModelDrop): Packet {
  const { family, source, destination, protocol, destinationPort } = drop.trace.final;
  const { rule } = drop.trace;
  const hook = rule?.hook.toLowerCase();
  const [device, out] = [inInterface(drop.trace), outInterface(drop.trace)];
  const port =
    drop.direction === 'forward' && /^(tcp|udp|sctp)$/.test(String(protocol)) ? destinationPort : undefined;
  const bridge = [out, device].find((name) => name !== undefined && isBridge(kase, drop.namespace, name));
  return {
    family,
    source,
    destination,
    protocol: String(protocol),
    ...(port !== undefined && { port }),
    ...(device !== undefined && { in: device }),
    ...(out !== undefined && { out }),
    hook: hook === 'input' ? 'in' : hook === 'output' ? 'out' : 'forward',
    chain: rule?.chain ?? '',
    text: rule && 'text' in rule ? rule.text : '',
    ...(bridge !== undefined && { bridge }),
  };
}

function isBridge(kase: Case, namespace: string, name: string): boolean {
  const link = kase.snapshot.namespaces.get(namespace)?.links?.find((each) => each.name === name);
  return link?.kind === 'bridge' || /^(br-|docker|virbr|lxdbr|incusbr|cni|podman)/.test(name);
}

type Repair = (packet: Packet, drop: ModelDrop) => string | undefined;

const REPAIRS: Partial<Readonly<Record<MakerId, Repair>>> = {
  ufw,
  firewalld,
  fail2ban: (packet, drop) => {
    const jail = /^(?:f2b|fail2ban)-(.+)$/.exec(packet.chain)?.[1];
    const by = jail === undefined ? 'fail2ban-client unban' : `fail2ban-client set ${jail} unbanip`;
    return `"${by} ${banned(packet, drop)}", and the address in "ignoreip" of jail.local if it is to stay so`;
  },
  crowdsec: (packet, drop) =>
    `"cscli decisions delete --ip ${banned(packet, drop)}", and an allowlist if it is to stay so`,
  sshguard: (packet, drop) =>
    `${banned(packet, drop)} in sshguard's whitelist file, and a restart of sshguard`,
  'kube-proxy': () =>
    'change the Service (its endpoints, loadBalancerSourceRanges, externalTrafficPolicy); kube-proxy follows',
  'kube-router': () => 'allow it in a NetworkPolicy ("kubectl get networkpolicy -A")',
  calico: () =>
    'allow it in a NetworkPolicy or GlobalNetworkPolicy ("kubectl get networkpolicy -A", "calicoctl get globalnetworkpolicy")',
  cilium: () => 'allow it in a NetworkPolicy or CiliumNetworkPolicy ("kubectl get networkpolicy,cnp -A")',
  weave: () => 'allow it in a NetworkPolicy ("kubectl get networkpolicy -A")',
  antrea: () => 'allow it in a NetworkPolicy ("kubectl get networkpolicy,acnp -A")',
  cni: () => 'put an accept into the chain CNI-ADMIN, which the firewall plugin leaves to you',
  netavark: () =>
    '"podman network reload --all" writes its rules as its networks are; a network that reaches others is not made with --opt isolate',
  libvirt: ({ bridge }) =>
    `a libvirt network with "<forward mode='open'/>" ("virsh net-edit"), for which libvirt makes no rules${bridge === undefined ? '' : `; or a hook of libvirt that accepts what concerns ${bridge}`}`,
  lxd: ({ bridge = 'lxdbr0' }) =>
    `"lxc network set ${bridge} ipv4.firewall false", or an ACL of that network`,
  incus: ({ bridge = 'incusbr0' }) =>
    `"incus network set ${bridge} ipv4.firewall=false", or an ACL of that network`,
  tailscale: () => '"tailscale set --netfilter-mode=nodivert", which leaves the jumps to its chains to you',
  shorewall: ({ protocol, port }) =>
    `an ACCEPT${port === undefined ? '' : ` for ${protocol} ${port}`} in /etc/shorewall/rules, then "shorewall reload"`,
  openwrt: () => 'a "config rule" with target ACCEPT in /etc/config/firewall, then "service firewall reload"',
  proxmox: () =>
    'an ACCEPT in the firewall rules of the node, the guest or the datacenter (/etc/pve/firewall)',
  csf: (packet, drop) => `"csf -a ${banned(packet, drop)}"`,
};

/** Whose address a ban is about: the client's, whichever way the packet goes. */
function banned({ source, destination }: Packet, drop: ModelDrop): string {
  return drop.direction === 'forward' ? source : destination;
}

/** ufw(8): rules of its own come after before.rules and before after.rules; to stand before another, they are inserted. */
function ufw({ family, chain, hook, source, destination, protocol, port, ...at }: Packet): string {
  const file = family === 4 ? 'before.rules' : 'before6.rules';
  const prefix = family === 4 ? 'ufw' : 'ufw6';
  if (/^ufw6?-before-/.test(chain) || port === undefined)
    return `an accept in /etc/ufw/${file}, in the chain ${prefix}-before-${hook === 'in' ? 'input' : hook === 'out' ? 'output' : 'forward'}, then "ufw reload"`;
  const insert = /-user-/.test(chain) ? ' insert 1' : '';
  const match = `proto ${protocol} from ${source} to ${destination} port ${port}`;
  if (hook === 'forward') return `"ufw route${insert} allow ${match}"`;
  if (hook === 'out') return `"ufw${insert} allow out ${match}"`;
  const device = at.in === undefined ? '' : ` in on ${at.in}`;
  return `"ufw${insert} allow${device} ${match}"`;
}

/** firewall-cmd(1). What is forwarded is judged by the zones of both interfaces. */
function firewalld({ hook, chain, protocol, port, bridge }: Packet): string | undefined {
  if (hook === 'forward') {
    if (bridge === undefined)
      return 'a policy between the two zones ("firewall-cmd --permanent --new-policy")';
    const zone = /^(docker\d|br-)/.test(bridge) ? 'docker' : 'trusted';
    return `"firewall-cmd --permanent --zone=${zone} --change-interface=${bridge}" and "firewall-cmd --reload"`;
  }
  if (port === undefined) return undefined;
  const zone = /(?:^|_)IN_([a-z]+)/.exec(chain)?.[1];
  const where = zone === undefined || zone === 'ZONES' ? '' : ` --zone=${zone}`;
  return `"firewall-cmd --permanent${where} --add-port=${port}/${protocol}" and "firewall-cmd --reload"`;
}
