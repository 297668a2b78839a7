/** brctl(8), ifconfig(8), route(8) and arp(8) said in the words of ip(8): what they do is the same. */
import { parseIp } from '../../net/ip.ts';
import { type Problem, problem } from './words.ts';

/** The `ip` commands that do it, without `ip`; undefined for another program. */
export function inWordsOfIp(words: readonly string[]): readonly (readonly string[])[] | Problem | undefined {
  const [name = '', ...rest] = words;
  if (name === 'brctl') return brctl(rest);
  if (name === 'ifconfig') return ifconfig(rest);
  if (name === 'route') return route(rest);
  if (name === 'arp') return arp(rest);
  return undefined;
}

function brctl([action = '', bridge = '', ...rest]: readonly string[]):
  | readonly (readonly string[])[]
  | Problem {
  const [value = ''] = rest;
  if (action === 'addbr') return [['link', 'add', 'name', bridge, 'type', 'bridge']];
  if (action === 'delbr') return [['link', 'del', bridge]];
  if (action === 'addif') return rest.map((port) => ['link', 'set', port, 'master', bridge]);
  if (action === 'delif') return rest.map((port) => ['link', 'set', port, 'nomaster']);
  const isOn = /^(?:on|yes|1)$/.test(value);
  if (action === 'stp') return [['link', 'set', bridge, 'type', 'bridge', 'stp_state', isOn ? '1' : '0']];
  if (action === 'setfd')
    return [['link', 'set', bridge, 'type', 'bridge', 'forward_delay', String(Number(value) * 100)]];
  if (action === 'setageing')
    return [['link', 'set', bridge, 'type', 'bridge', 'ageing_time', String(Number(value) * 100)]];
  return problem(`\`brctl ${action}\` is not modelled`);
}

/** An address given to ifconfig replaces the one that is there, and sets the device up. */
function ifconfig([dev = '', ...rest]: readonly string[]): readonly (readonly string[])[] | Problem {
  const commands: string[][] = [];
  let address: string | undefined;
  let length: number | undefined;
  let adds = false;
  let up: boolean | undefined;
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i] ?? '';
    if (word === 'up' || word === 'down') up = word === 'up';
    else if (word === 'netmask') length = lengthOf(rest[++i] ?? '');
    else if (word === 'mtu') commands.push(['link', 'set', dev, 'mtu', rest[++i] ?? '']);
    else if (word === 'hw' && rest[i + 1] === 'ether') {
      commands.push(['link', 'set', dev, 'address', rest[i + 2] ?? '']);
      i += 2;
    } else if (word === 'broadcast' || word === 'metric' || word === 'txqueuelen') i++;
    else if (word === 'add') adds = true;
    else if (word === 'inet' || word === 'inet6') continue;
    else if (/^[\d.]+(?:\/\d+)?$|:/.test(word)) address = word;
    else if (word === 'promisc' || word === '-promisc')
      commands.push(['link', 'set', dev, 'promisc', word === 'promisc' ? 'on' : 'off']);
    else return problem(`\`ifconfig ${dev} ${word}\` is not modelled`);
  }
  if (address !== undefined) {
    const [ip = '', bits] = address.split('/');
    const size = bits === undefined ? (length ?? classful(ip)) : Number(bits);
    if (size === undefined) return problem(`${address} is no address`);
    if (!adds && !ip.includes(':')) commands.push(['-4', 'addr', 'flush', 'dev', dev]);
    commands.push(['addr', 'add', `${ip}/${size}`, 'brd', '+', 'dev', dev]);
    up ??= true;
  }
  if (up !== undefined) commands.push(['link', 'set', dev, up ? 'up' : 'down']);
  return commands.length > 0 ? commands : problem('it changes nothing');
}

function route(words: readonly string[]): readonly (readonly string[])[] | Problem {
  const six = words[0] === '-6' || (words[0] === '-A' && words[1] === 'inet6');
  const rest = six ? words.slice(words[0] === '-A' ? 2 : 1) : words;
  const [action = '', ...spec] = rest.filter((word) => word !== '-n' && word !== '-v');
  if (action !== 'add' && action !== 'del') return problem('it changes nothing');
  let host = false;
  let destination: string | undefined;
  let mask: number | undefined;
  const options: string[] = [];
  for (let i = 0; i < spec.length; i++) {
    const word = spec[i] ?? '';
    if (word === '-host') host = true;
    else if (word === '-net') continue;
    else if (word === 'netmask') mask = lengthOf(spec[++i] ?? '');
    else if (word === 'gw' || word === 'gateway') options.push('via', spec[++i] ?? '');
    else if (word === 'dev') options.push('dev', spec[++i] ?? '');
    else if (word === 'metric') options.push('metric', spec[++i] ?? '');
    else if (word === 'reject') return [['route', action, 'unreachable', destination ?? 'default']];
    else if (destination === undefined) destination = word;
    else options.push('dev', word);
  }
  if (destination === undefined) return problem('no destination given');
  const whole =
    destination === '0.0.0.0' && !host
      ? 'default'
      : destination === 'default' || destination.includes('/')
        ? destination
        : `${destination}/${host ? 32 : (mask ?? 32)}`;
  return [[...(six ? ['-6'] : []), 'route', action, whole, ...options]];
}

function arp(words: readonly string[]): readonly (readonly string[])[] | Problem {
  const at = words.indexOf('-i');
  const dev = at < 0 ? undefined : words[at + 1];
  const rest = at < 0 ? words : words.filter((_, i) => i !== at && i !== at + 1);
  const [action = '', address = '', mac = ''] = rest;
  if (dev === undefined) return problem('which interface is not said (-i IFACE)');
  if (action === '-s') return [['neigh', 'replace', address, 'lladdr', mac, 'nud', 'permanent', 'dev', dev]];
  if (action === '-d') return [['neigh', 'del', address, 'dev', dev]];
  return problem('it changes nothing');
}

function lengthOf(mask: string): number | undefined {
  const bits = parseIp(mask);
  if (typeof bits !== 'number') return undefined;
  const length = 32 - Math.log2((~bits >>> 0) + 1);
  return Number.isInteger(length) ? length : undefined;
}

/** ifconfig without a netmask takes that of the address's class (RFC 791). */
function classful(text: string): number | undefined {
  const ip = parseIp(text);
  if (ip === undefined) return undefined;
  if (typeof ip !== 'number') return 128;
  const first = ip >>> 24;
  return first < 128 ? 8 : first < 192 ? 16 : 24;
}
