/** The namespaces of a case, on this machine's kernel. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { formatMac } from '../../../src/net/mac.ts';
import { BUILTIN_CHAINS, TABLES } from '../../../src/xtables/rule.ts';
import type { Backend, HeldSocket, Network, Rules } from '../case.ts';
import { Agent, type Sent } from './agent.ts';
import { batch, here, inBatches } from './batch.ts';
import { PROBE } from './probe.ts';

/** Of this process: several may run at once. What follows is a number, so that no name is used twice. */
const OWN = `ntc${process.pid}x`;
/** Making a namespace can fail while another process makes one: iproute2 binds all of them into one folder. */
const TRIES = 5;
const NETNS = '/var/run/netns';
/** Of veths: lo has 1. */
const FIRST_INDEX = 2;
/** Of their second ends. */
const PEERS = 1000;
/** Namespace of the far ends. */
const FAR = '.far';

/** Said by a new namespace to nobody: its own discovery, reports and advertisements would be among the packets. */
const QUIET = {
  'net.ipv6.conf.default.accept_dad': 0,
  'net.ipv6.conf.default.router_solicitations': 0,
  'net.ipv6.conf.default.addr_gen_mode': 1,
  'net.ipv6.conf.default.mldv1_unsolicited_report_interval': 100_000_000,
  'net.ipv6.conf.default.mldv2_unsolicited_report_interval': 100_000_000,
  'net.ipv4.conf.default.igmpv2_unsolicited_report_interval': 100_000_000,
  'net.ipv4.conf.default.igmpv3_unsolicited_report_interval': 100_000_000,
  'net.ipv4.icmp_ratelimit': 0,
  'net.ipv4.icmp_ratemask': 0,
  'net.ipv6.icmp.ratelimit': 0,
};

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
    await this.create(network);
    this.built = network;
    const names = Object.keys(network.namespaces);
    for (const name of names)
      await this.run(name, ['ip link set lo up', ...(network.namespaces[name] ?? [])]);
    await this.settle();
    await this.agent.open(
      this.ends.map((_, index) => [this.netns(FAR), farDevice(index)]),
      names.map((name) => this.netns(name)),
    );
  }

  /** Waits for carrier, and for ports of bridges to forward: what is dumped before that is of another network. */
  async settle(): Promise<void> {
    await this.agent.settle(Object.keys(this.built?.namespaces ?? {}).map((name) => this.netns(name)));
  }

  private async create(network: Network): Promise<void> {
    const names = Object.keys(network.namespaces);
    const netns = (name: string) => this.netns(name);
    for (let left = TRIES; ; left--) {
      await this.agent.run(undefined, removal());
      this.serial++;
      try {
        await this.agent.run(
          undefined,
          batch(
            'ip',
            [...names, FAR].map((name) => `netns add ${netns(name)}`),
          ),
        );
        break;
      } catch (error) {
        if (left === 1) throw error;
      }
    }
    for (const name of names) await this.agent.sysctl(netns(name), QUIET);
    const macs = Object.values(network.ends).map(({ mac }) => mac);
    await this.agent.run(undefined, batch('ip', links(network, netns)));
    await this.agent.sysctl(
      netns(FAR),
      Object.fromEntries(macs.map((_, index) => [`net.ipv6.conf.${farDevice(index)}.disable_ipv6`, 1])),
    );
    const up = macs.map(
      (mac, index) => `link set ${farDevice(index)} address ${formatMac(mac)} arp off promisc on up`,
    );
    await this.agent.run(netns(FAR), batch('ip', up));
  }

  private netns(name: string): string {
    return `${OWN}${this.serial}-${name}`;
  }

  async run(namespace: string, commands: readonly string[]): Promise<string> {
    return this.agent.run(this.netns(namespace), ['set -e', ...inBatches(commands)].join('\n'));
  }

  /** Loads the rules of a namespace afresh, with the chains that make the kernel tell what it does. */
  async load(namespace: string, backend: Backend, rules: Rules): Promise<void> {
    // The probe comes first: what an interface says by itself while the rules load would count at them.
    const script = ['set -e', here('nft -f -', `flush ruleset\n${PROBE}`)];
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
    script.splice(2, 0, ...(rules.ipset ? ['ipset destroy', here('ipset restore', rules.ipset)] : []));
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
    execFileSync('sh', ['-s'], { input: removal(), stdio: ['pipe', 'ignore', 'pipe'] });
  }
}

/** Deletes all namespaces of this process. */
function removal(): string {
  const made = existsSync(NETNS) ? readdirSync(NETNS).filter((name) => name.startsWith(OWN)) : [];
  return made.length === 0
    ? ''
    : batch(
        'ip',
        made.map((name) => `netns del ${name}`),
      );
}

/** The name that a case gave the namespace. */
export function plainName(netns: string): string {
  return netns.slice(netns.indexOf('-') + 1);
}

function farDevice(index: number): string {
  return `f${index}`;
}

/**
 * The veths, each end in its namespace. Where both ends of one have the same index, the kernel takes up to a second to tell that there
 * is carrier (linkwatch_urgent_event()); the index of a peer counts only where the other end has one as well (veth_newlink()).
 */
function links({ wires, ends }: Network, netns: (name: string) => string): string[] {
  const far = Object.values(ends).map(({ at }, index) => [at, `${FAR}:${farDevice(index)}`] as const);
  return [...wires, ...far].map(([one, other], number) => {
    const [a, left] = parts(one);
    const [b, right] = parts(other);
    const device = `${left} index ${FIRST_INDEX + number} netns ${netns(a)}`;
    return `link add ${device} type veth peer name ${right} index ${PEERS + number} netns ${netns(b)}`;
  });
}

export function parts(place: string): [namespace: string, device: string] {
  const colon = place.indexOf(':');
  return [place.slice(0, colon), place.slice(colon + 1)];
}

function emptyTables(): string {
  return TABLES.map(
    (table) =>
      `*${table}\n${BUILTIN_CHAINS[table].map((chain) => `:${chain} ACCEPT [0:0]\n`).join('')}COMMIT\n`,
  ).join('');
}
