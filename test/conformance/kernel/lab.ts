/** The namespaces of a case, on this machine's kernel. */
import { execFileSync } from 'node:child_process';
import { formatMac } from '../../../src/net/mac.ts';
import { BUILTIN_CHAINS, TABLES } from '../../../src/xtables/rule.ts';
import type { Backend, HeldSocket, Network, Rules } from '../case.ts';
import { Agent, type Sent } from './agent.ts';
import { PROBE } from './probe.ts';

/** Of this process: several may run at once. What follows is a number, so that no name is used twice. */
const OWN = `ntc${process.pid}x`;
/** Making a namespace can fail while another process makes one: iproute2 binds all of them into one folder. */
const TRIES = 5;
/** Namespace of the far ends. */
const FAR = '.far';

/** Said by a new namespace to nobody: its own discovery, reports and advertisements would be among the packets. */
const QUIET = [
  'net.ipv6.conf.default.accept_dad=0',
  'net.ipv6.conf.default.router_solicitations=0',
  'net.ipv6.conf.default.addr_gen_mode=1',
  'net.ipv6.conf.default.mldv1_unsolicited_report_interval=100000000',
  'net.ipv6.conf.default.mldv2_unsolicited_report_interval=100000000',
  'net.ipv4.conf.default.igmpv2_unsolicited_report_interval=100000000',
  'net.ipv4.conf.default.igmpv3_unsolicited_report_interval=100000000',
  'net.ipv4.icmp_ratelimit=0',
  'net.ipv4.icmp_ratemask=0',
  'net.ipv6.icmp.ratelimit=0',
];

/** Carrier comes a moment after a device is up, and a bridge's port forwards a moment after that. */
const SETTLED = `for i in $(seq 100); do
  if ip -o link show type veth up | grep -q NO-CARRIER || bridge link show | grep 'state' | grep -qv 'state forwarding'; then sleep 0.01; else exit 0; fi
done`;

export function isPossible(): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    const tools = [
      'iptables-nft',
      'iptables-legacy',
      'nft',
      'ipset',
      'conntrack',
      'python3',
      'bridge',
      'nsenter',
    ];
    execFileSync('sh', [
      '-c',
      `ip netns list && for tool in ${tools.join(' ')}; do command -v $tool || exit 1; done`,
    ]);
    return true;
  } catch {
    return false;
  }
}

export class Lab {
  readonly agent = new Agent();
  private built: Network | undefined;
  private ends: readonly string[] = [];
  private serial = 0;

  /** The same network stays from one case to the next, with whatever its settings changed; `fresh` makes it anew. */
  async build(network: Network, fresh = true): Promise<void> {
    if (this.built === network && !fresh) return;
    await this.agent.forget();
    this.ends = Object.keys(network.ends);
    this.create(network);
    this.built = network;
    for (const [name, commands] of Object.entries(network.namespaces)) await this.run(name, commands);
    for (const name of Object.keys(network.namespaces)) await this.run(name, [SETTLED]);
    await this.agent.open(
      this.ends.map((_, index) => [this.netns(FAR), farDevice(index)]),
      Object.keys(network.namespaces).map((name) => this.netns(name)),
    );
  }

  private create(network: Network): void {
    for (let left = TRIES; ; left--) {
      Lab.remove();
      this.serial++;
      try {
        sh(creation(network, (name) => this.netns(name)));
        return;
      } catch (error) {
        if (left === 1) throw error;
      }
    }
  }

  private netns(name: string): string {
    return `${OWN}${this.serial}-${name}`;
  }

  async run(namespace: string, commands: readonly string[]): Promise<string> {
    return this.agent.run(this.netns(namespace), ['set -e', ...commands].join('\n'));
  }

  /** Loads the rules of a namespace afresh, with the chains that make the kernel tell what it does. */
  async load(namespace: string, backend: Backend, rules: Rules): Promise<void> {
    // The probe comes first: what an interface says by itself while the rules load would count at them.
    const script = ['set -e', 'nft flush ruleset', here('nft -f -', PROBE)];
    for (const [command, text] of [
      ['iptables', rules.ip4],
      ['ip6tables', rules.ip6],
    ] as const) {
      // Legacy tables, once loaded, stay: empty ones with accepting policies are as good as none, but for the other backend.
      script.push(
        `if [ -s /proc/net/ip${command === 'iptables' ? '' : '6'}_tables_names ]; then`,
        here(`${command}-legacy-restore`, emptyTables()),
        'fi',
      );
      if (text !== undefined && text !== '') script.push(here(`${command}-${backend}-restore`, text));
    }
    script.splice(3, 0, ...(rules.ipset ? ['ipset destroy', here('ipset restore', rules.ipset)] : []));
    if (rules.nft) script.push(here('nft -f -', rules.nft));
    for (const rule of (rules.nftRules ?? '').split('\n')) {
      if (rule !== '') script.push(`echo '${rule}' | nft -f - 2>/dev/null || true`);
    }
    script.push('conntrack -F >/dev/null 2>&1 || true');
    await this.agent.run(this.netns(namespace), script.join('\n'));
  }

  async hold(namespace: string, sockets: readonly HeldSocket[]): Promise<void> {
    await this.agent.hold(this.netns(namespace), sockets);
  }

  async send(end: string, frame: Uint8Array): Promise<Sent> {
    const index = this.ends.indexOf(end);
    if (index < 0) throw new Error(`no far end ${end}`);
    return this.agent.send(index, frame);
  }

  async sendLocal(namespace: string, packet: Uint8Array): Promise<Sent> {
    return this.agent.sendLocal(this.netns(namespace), packet);
  }

  endName(index: number): string {
    return this.ends[index] ?? '';
  }

  close(): void {
    this.agent.close();
    Lab.remove();
  }

  private static remove(): void {
    sh(
      `for name in $(ip netns list | cut -d' ' -f1); do case $name in ${OWN}*) ip netns del $name;; esac; done`,
    );
  }
}

/** The name that a case gave the namespace. */
export function plainName(netns: string): string {
  return netns.slice(netns.indexOf('-') + 1);
}

function farDevice(index: number): string {
  return `f${index}`;
}

function creation({ namespaces, wires, ends }: Network, netns: (name: string) => string): string {
  const names = Object.keys(namespaces);
  const lines = ['set -e'];
  for (const name of [...names, FAR]) lines.push(`ip netns add ${netns(name)}`);
  for (const name of names) {
    lines.push(`nsenter --net=/var/run/netns/${netns(name)} sysctl -qw ${QUIET.join(' ')}`);
    lines.push(`ip -n ${netns(name)} link set lo up`);
  }
  for (const [one, other] of wires) {
    const [a, left] = parts(one);
    const [b, right] = parts(other);
    lines.push(`ip -n ${netns(a)} link add ${left} type veth peer name ${right} netns ${netns(b)}`);
  }
  for (const [index, { at, mac }] of Object.values(ends).entries()) {
    const [namespace, device] = parts(at);
    const far = farDevice(index);
    lines.push(
      `ip -n ${netns(namespace)} link add ${device} type veth peer name ${far} netns ${netns(FAR)}`,
      `nsenter --net=/var/run/netns/${netns(FAR)} sysctl -qw net.ipv6.conf.${far}.disable_ipv6=1`,
      `ip -n ${netns(FAR)} link set ${far} address ${formatMac(mac)} arp off promisc on up`,
    );
  }
  return lines.join('\n');
}

export function parts(place: string): [namespace: string, device: string] {
  const colon = place.indexOf(':');
  return [place.slice(0, colon), place.slice(colon + 1)];
}

function here(command: string, text: string): string {
  return `${command} <<'NETTRACE_END'\n${text.trimEnd()}\nNETTRACE_END`;
}

function emptyTables(): string {
  return TABLES.map(
    (table) =>
      `*${table}\n${BUILTIN_CHAINS[table].map((chain) => `:${chain} ACCEPT [0:0]\n`).join('')}COMMIT\n`,
  ).join('');
}

function sh(script: string): void {
  execFileSync('sh', ['-s'], { input: script, stdio: ['pipe', 'ignore', 'pipe'] });
}
