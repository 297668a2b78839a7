/** Random networks: a gateway with subnets on plain interfaces, on bridges, and in namespaces of their own behind veths. */
import { type Family, formatIp, parseIp } from '../../../src/net/ip.ts';
import { formatMac, type Mac } from '../../../src/net/mac.ts';
import type { FarEnd, Place } from '../case.ts';
import type { Random } from '../random.ts';
import type { FarHost, Site, SiteNamespace } from './site.ts';

export interface SiteShape {
  /** Plain interfaces, each with a host behind it; the first is the uplink. */
  readonly plain: number;
  /** Ports of each bridge that lead to hosts. */
  readonly bridges: readonly { readonly hosts: number; readonly leaves: number; readonly name?: string }[];
  /** Namespaces joined to the gateway by a veth alone. */
  readonly leaves: number;
  readonly gateway?: string;
  /** Names of the leaf namespaces, in order. */
  readonly leafNames?: readonly string[];
}

const GATEWAYS = ['host', 'gw', 'node-1', 'edge'];
const PLAIN = ['eth0', 'eth1', 'ens3', 'enp1s0', 'wan', 'lan0', 'dmz', 'eno1'];
const BRIDGES = ['br0', 'docker0', 'br-4f21c09a7be3', 'virbr0', 'cni0', 'lan'];
const LEAVES = ['web', 'db', 'red', 'blue', 'app-1', 'c7'];

export function randomShape(random: Random): SiteShape {
  return {
    plain: 1 + random.below(3),
    bridges: Array.from({ length: random.below(3) }, () => ({
      hosts: 1 + random.below(2),
      leaves: random.chance(0.4) ? 1 : 0,
    })),
    leaves: random.chance(0.3) ? 1 : 0,
  };
}

/** Gateways and addresses of the subnet with that number. */
interface Subnet {
  readonly prefix: Readonly<Record<Family, string>>;
  readonly length: Readonly<Record<Family, number>>;
  at(host: number): Readonly<Record<Family, string>>;
  readonly broadcast: string;
}

export function randomSite(random: Random, shape: SiteShape = randomShape(random)): Site {
  return new Builder(random, shape).build();
}

class Builder {
  private readonly random: Random;
  private readonly shape: SiteShape;
  private readonly gateway: string;
  private readonly commands = new Map<string, string[]>();
  private readonly wires: [Place, Place][] = [];
  private readonly ends: Record<string, FarEnd> = {};
  private readonly hosts: FarHost[] = [];
  private readonly namespaces: SiteNamespace[] = [];
  private readonly subnets: Subnet[] = [];
  private readonly own: Record<Family, string[]> = { 4: [], 6: [] };
  private readonly interfaces: string[] = [];
  private readonly ports: string[] = [];
  private macs = 0;
  private veths = 0;

  constructor(random: Random, shape: SiteShape) {
    this.random = random;
    this.shape = shape;
    this.gateway = shape.gateway ?? random.pick(GATEWAYS);
    this.commands.set(this.gateway, []);
  }

  build(): Site {
    const { random, shape, gateway } = this;
    const plain = shuffled(random, PLAIN).slice(0, shape.plain);
    const bridges = shuffled(random, BRIDGES);
    const leaves = shape.leafNames ?? shuffled(random, LEAVES);
    let leaf = 0;
    for (const name of plain) this.plainInterface(name);
    for (const [index, bridge] of shape.bridges.entries()) {
      const name = bridge.name ?? bridges[index] ?? `br${index}`;
      const mine = leaves.slice(leaf, leaf + bridge.leaves);
      leaf += bridge.leaves;
      this.bridge(name, bridge.hosts, mine);
    }
    for (const name of leaves.slice(leaf, leaf + shape.leaves)) this.directLeaf(name);
    const uplink = this.hosts[0];
    if (uplink) {
      this.run(gateway, `ip route add default via ${uplink.address[4]}`);
      this.run(gateway, `ip -6 route add default via ${uplink.address[6]}`);
    }
    this.run(gateway, 'sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1');
    this.namespaces.unshift({
      name: gateway,
      interfaces: this.interfaces,
      ports: this.ports,
      addresses: this.own,
    });
    for (const name of this.commands.keys()) {
      // A redirect is sent by the rate of what came before.
      this.run(name, 'for i in /proc/sys/net/ipv4/conf/*/send_redirects; do echo 0 > $i; done');
    }
    return {
      network: { namespaces: Object.fromEntries(this.commands), wires: this.wires, ends: this.ends },
      namespaces: this.namespaces,
      hosts: this.hosts,
      networks: {
        4: this.subnets.map(({ prefix, length }) => `${prefix[4]}/${length[4]}`),
        6: this.subnets.map(({ prefix, length }) => `${prefix[6]}/${length[6]}`),
      },
      strangers: { 4: ['8.8.8.8', '203.0.113.77'], 6: ['2001:db8:77::8'] },
      broadcasts: this.subnets.map(({ broadcast }) => broadcast),
    };
  }

  private run(namespace: string, ...lines: readonly string[]): void {
    const list = this.commands.get(namespace) ?? [];
    list.push(...lines);
    this.commands.set(namespace, list);
  }

  private plainInterface(name: string): void {
    const { gateway } = this;
    const subnet = this.subnet();
    this.device(gateway, name, subnet.at(1), subnet);
    this.interfaces.push(name);
    this.host(name, `${gateway}:${name}`, subnet.at(2 + this.random.below(8)), name);
  }

  private bridge(name: string, hosts: number, leaves: readonly string[]): void {
    const { gateway } = this;
    const subnet = this.subnet();
    this.run(gateway, `ip link add ${name} address ${formatMac(this.mac())} type bridge mcast_snooping 0`);
    this.address(gateway, name, subnet.at(1), subnet);
    this.run(gateway, `ip link set ${name} up`);
    this.interfaces.push(name);
    for (let i = 0; i < hosts; i++) {
      const port = `veth${(this.veths++).toString(16).padStart(2, '0')}`;
      this.port(port, name);
      this.host(port, `${gateway}:${port}`, subnet.at(2 + i), name, `${gateway}:${name}`);
    }
    for (const [i, leaf] of leaves.entries()) {
      const port = `veth${(this.veths++).toString(16).padStart(2, '0')}`;
      this.wires.push([`${gateway}:${port}`, `${leaf}:eth0`]);
      this.port(port, name);
      this.leaf(leaf, subnet, subnet.at(10 + i), name);
    }
    // Hosts of one bridge that are namespaces know the others.
    for (const leaf of leaves) {
      for (const { address, mac, bridge } of this.hosts) {
        if (bridge === `${gateway}:${name}`) this.neighbour(leaf, 'eth0', address, mac);
      }
    }
  }

  private directLeaf(name: string): void {
    const { gateway } = this;
    const subnet = this.subnet();
    const device = `v-${name}`;
    this.wires.push([`${gateway}:${device}`, `${name}:eth0`]);
    this.device(gateway, device, subnet.at(1), subnet);
    this.interfaces.push(device);
    this.leaf(name, subnet, subnet.at(2), device);
  }

  private readonly deviceMacs = new Map<string, Mac>();

  /** A namespace that is an end host: its address on eth0, the gateway as its way out. */
  private leaf(
    name: string,
    subnet: Subnet,
    address: Readonly<Record<Family, string>>,
    toward: string,
  ): void {
    const mac = this.mac();
    this.run(name, `ip link set eth0 address ${formatMac(mac)} up`);
    this.address(name, 'eth0', address, subnet);
    this.neighbour(this.gateway, toward, address, mac);
    const gateway = subnet.at(1);
    this.neighbour(name, 'eth0', gateway, this.macOf(toward));
    this.run(name, `ip route add default via ${gateway[4]}`, `ip -6 route add default via ${gateway[6]}`);
    this.namespaces.push({
      name,
      interfaces: ['eth0'],
      ports: [],
      addresses: { 4: [address[4]], 6: [address[6]] },
    });
  }

  private device(
    namespace: string,
    name: string,
    address: Readonly<Record<Family, string>>,
    subnet: Subnet,
  ): void {
    const mac = this.mac();
    this.deviceMacs.set(name, mac);
    this.run(namespace, `ip link set ${name} address ${formatMac(mac)} up`);
    this.address(namespace, name, address, subnet);
  }

  private address(
    namespace: string,
    device: string,
    address: Readonly<Record<Family, string>>,
    { length, broadcast }: Subnet,
  ): void {
    this.run(
      namespace,
      `ip addr add ${address[4]}/${length[4]} ${this.random.chance(0.5) ? `brd ${broadcast} ` : ''}dev ${device}`,
      `ip addr add ${address[6]}/${length[6]} dev ${device} nodad`,
    );
    if (namespace !== this.gateway) return;
    this.own[4].push(address[4]);
    this.own[6].push(address[6]);
  }

  private port(name: string, bridge: string): void {
    this.run(this.gateway, `ip link set ${name} address ${formatMac(this.mac())} master ${bridge} up`);
    this.ports.push(name);
  }

  private host(
    end: string,
    at: Place,
    address: Readonly<Record<Family, string>>,
    device: string,
    bridge?: string,
  ): void {
    const mac = this.mac();
    this.ends[end] = { at, mac };
    this.hosts.push({ end, mac, address, ...(bridge === undefined ? {} : { bridge }) });
    this.neighbour(this.gateway, device, address, mac);
  }

  private neighbour(
    namespace: string,
    device: string,
    address: Readonly<Record<Family, string>>,
    mac: Mac,
  ): void {
    for (const ip of [address[4], address[6]]) {
      this.run(namespace, `ip neigh replace ${ip} lladdr ${formatMac(mac)} dev ${device} nud permanent`);
    }
  }

  private mac(): Mac {
    return 0x020000000000 + this.random.below(0x1000) * 0x10000 + ++this.macs;
  }

  /** The device's own; a bridge's was given when it was made. */
  private macOf(device: string): Mac {
    const known = this.deviceMacs.get(device);
    if (known !== undefined) return known;
    const line = this.commands
      .get(this.gateway)
      ?.find((command) => command.startsWith(`ip link add ${device} address `));
    return Number.parseInt(line?.split(' ')[5]?.replaceAll(':', '') ?? '', 16);
  }

  private subnet(): Subnet {
    const { random } = this;
    const n = this.subnets.length + 1;
    const length = random.pick([24, 24, 24, 25, 20, 28]);
    const base = random.pick([
      `10.${random.below(200)}.${n * 16}.0`,
      `172.${16 + random.below(16)}.${n * 16}.0`,
      `192.168.${n * 16}.0`,
      `198.18.${n * 16}.0`,
    ]);
    const start = Number(parseIp(base));
    const six = `fd${(16 + random.below(200)).toString(16)}:${n}`;
    const made: Subnet = {
      prefix: { 4: base, 6: `${six}::` },
      length: { 4: length, 6: 64 },
      at: (host) => ({ 4: formatIp(start + host), 6: `${six}::${host.toString(16)}` }),
      broadcast: formatIp(start + 2 ** (32 - length) - 1),
    };
    this.subnets.push(made);
    return made;
  }
}

export function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const left = [...items];
  return Array.from({ length: left.length }, () => left.splice(random.below(left.length), 1)).flat();
}
