/** Random ipset(8) commands over sets of every type this kernel has; the same seed, the same commands. */
import { Random } from '../conformance/random.ts';

const TYPES = [
  'bitmap:ip',
  'bitmap:ip,mac',
  'bitmap:port',
  'hash:ip',
  'hash:ip,port',
  'hash:ip,port,ip',
  'hash:ip,port,net',
  'hash:net',
  'hash:net,port',
  'hash:net,iface',
] as const;
type Type = (typeof TYPES)[number];

const ADDRESSES = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.9', '10.0.1.1', '10.1.0.1', '192.0.2.7'];
const ADDRESSES6 = ['2001:db8::1', '2001:db8::2', '2001:db8:0:1::1', '2001:db9::1', '::1'];
const PORTS = [
  ...['80', 'tcp:80', 'udp:80', 'udp:53', 'sctp:5', 'udplite:5'],
  ...['icmp:echo-request', 'icmp:3/1', 'gre:0', '99:0', 'http'],
];
const PORTS6 = ['80', 'udp:53', 'icmpv6:echo-request', 'icmpv6:1/0', 'gre:0'];

interface Made {
  readonly name: string;
  readonly type: Type;
  readonly six: boolean;
  readonly small: boolean;
}

/** The first commands make the sets; `ipset` is left out. */
export function randomCommands(seed: number, count: number): string[] {
  const random = new Random(seed);
  const sets: Made[] = TYPES.map((type, index) => ({
    name: `s${index}`,
    type,
    six: type.startsWith('hash') && random.chance(0.3),
    small: type.startsWith('hash') && random.chance(0.3),
  }));
  const commands = sets.map((set) => `create ${set.name} ${set.type}${shape(random, set)}`);
  commands.push('create l list:set size 8');
  for (let i = 0; i < count; i++) commands.push(command(random, sets));
  return commands;
}

function shape(random: Random, { type, six, small }: Made): string {
  const common = `${small ? ' maxelem 4' : ''}${six ? ' family inet6' : ''}`;
  switch (type) {
    case 'bitmap:ip':
      return ` range 10.0.0.0/16${random.chance(0.5) ? ' netmask 28' : ''}${common}`;
    case 'bitmap:ip,mac':
      return ` range 10.0.0.0-10.0.1.1${common}`;
    case 'bitmap:port':
      return ` range 20-100${common}`;
    case 'hash:ip':
    case 'hash:ip,port': {
      const mask = random.below(3);
      if (mask === 0) return common + (six ? ' netmask 64' : ' netmask 30');
      return mask === 1 ? common + (six ? ' bitmask ffff::ffff' : ' bitmask 255.0.0.255') : common;
    }
    default:
      return common;
  }
}

function command(random: Random, sets: readonly Made[]): string {
  if (random.chance(0.08)) return listCommand(random, sets);
  const set = random.pick(sets);
  if (random.chance(0.01)) return `flush ${set.name}`;
  const verb = random.pick(['add', 'add', 'add', 'del', 'test', 'test']);
  // A range that fails half-way leaves what it did before.
  const exist = verb !== 'test' && random.chance(0.5);
  const wide = (exist && !set.small && random.chance(0.3)) || verb === 'test';
  const nomatch = verb !== 'del' && set.type.includes('net') && random.chance(0.25) ? ' nomatch' : '';
  return `${exist ? '-exist ' : ''}${verb} ${set.name} ${element(random, set, wide && verb !== 'test')}${nomatch}`;
}

function listCommand(random: Random, sets: readonly Made[]): string {
  const place = random.chance(0.3) ? ` ${random.pick(['before', 'after'])} ${random.pick(sets).name}` : '';
  const verb = random.pick(['add', 'add', 'del', 'test']);
  const exist = verb !== 'test' && random.chance(0.3) ? '-exist ' : '';
  return `${exist}${verb} l ${random.pick(sets).name}${place}`;
}

function element(random: Random, { type, six }: Made, wide: boolean): string {
  const ip = () => random.pick(six ? ADDRESSES6 : ADDRESSES);
  const port = () => random.pick(six ? PORTS6 : PORTS);
  const host = () => (wide && !six ? random.pick(['10.0.0.0/30', '10.0.0.1-10.0.0.6', '10.0.0.9']) : ip());
  const net = () => {
    if (wide && !six)
      return random.pick(['10.0.0.0-10.0.0.6', '10.0.0.1-10.0.1.200', '9.0.0.0-11.255.255.255']);
    return random.chance(0.4)
      ? ip()
      : `${ip()}/${random.pick(six ? [16, 64, 127, 128] : [8, 16, 24, 31, 32])}`;
  };
  switch (type) {
    case 'bitmap:ip':
    case 'hash:ip':
      return host();
    case 'bitmap:ip,mac':
      return random.chance(0.5) ? ip() : `${ip()},02:00:00:00:00:0${random.pick([1, 2])}`;
    case 'bitmap:port':
      return wide
        ? random.pick(['20-25', '79-81'])
        : random.pick(['20', '80', 'http', '100', '101', 'udp:53']);
    case 'hash:ip,port':
      return `${host()},${wide && random.chance(0.4) ? 'udp:50-55' : port()}`;
    case 'hash:ip,port,ip':
      return `${host()},${port()},${ip()}`;
    case 'hash:ip,port,net':
      return `${host()},${port()},${net()}`;
    case 'hash:net':
      return net();
    case 'hash:net,port':
      return `${net()},${port()}`;
    case 'hash:net,iface':
      return `${random.chance(0.1) ? (six ? '::/0' : '0.0.0.0/0') : net()},${random.pick(['eth0', 'eth1', 'physdev:eth0', 'lo'])}`;
  }
}
