/** `ip addr add|replace|del|flush`: inet_insert_ifa() and inet_del_ifa(), net/ipv4/devinet.c. */
import type { Span } from '../../base/span.ts';
import type { InterfaceAddress, Link } from '../../dump/records.ts';
import { bitsOf, type Family, familyOf, formatIp, type Ip, parseIp } from '../../net/ip.ts';
import { broadcastOf, contains, networkOf } from '../../net/prefix.ts';
import type { Netns } from '../snapshot.ts';
import { sysctl, sysctlInterface } from '../sysctl.ts';
import { dumpOf, withRoutes } from './ip-route.ts';
import { dropRoutes, withLink } from './links.ts';
import { noInterface, type Problem, problem, type Words } from './words.ts';

const ACTIONS = ['add', 'change', 'chg', 'replace', 'delete', 'flush', 'show', 'list', 'lst'] as const;

export function applyAddress(netns: Netns, words: Words, span: Span): Netns | Problem {
  const action = words.takeAction(ACTIONS);
  if (action === undefined || action === 'show' || action === 'list' || action === 'lst') {
    return problem('it changes nothing');
  }
  const given = parse(words, span);
  if ('problem' in given) return given;
  const link = netns.links?.find((candidate) => candidate.name === given.dev);
  if (!link) {
    return netns.links ? noInterface(given.dev) : problem(`the interfaces of ${netns.name} are not known`);
  }
  if (action === 'flush') return flush(netns, link, given.entry);
  if (!given.entry) return problem('no address given');
  return action === 'delete'
    ? remove(netns, link, given.entry, given.anyLength)
    : add(netns, link, given.entry, action !== 'add');
}

interface Given {
  readonly dev: string;
  readonly entry?: InterfaceAddress;
  /** No prefix length was given: `ip addr del` then takes the address whatever its length. */
  readonly anyLength: boolean;
}

function parse(words: Words, span: Span): Given | Problem {
  let dev: string | undefined;
  let address: Ip | undefined;
  let length: number | undefined;
  let peer: Ip | undefined;
  let broadcast: Ip | '+' | undefined;
  let scope: string | undefined;
  let metric: number | undefined;
  let anyLength = true;
  const flags: string[] = [];
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === 'noprefixroute' || word === 'nodad' || word === 'home' || word === 'mngtmpaddr') {
      if (word === 'noprefixroute') flags.push(word);
      continue;
    }
    const known =
      /^(dev|brd|broadcast|peer|remote|scope|label|metric|priority|local|valid_lft|preferred_lft)$/.test(
        word,
      );
    const value = known ? words.take() : word;
    if (value === undefined) return problem(`${word} needs a value`);
    if (word === 'dev') dev = value;
    else if (word === 'scope') scope = value;
    else if (word === 'metric' || word === 'priority') metric = Number(value);
    else if (word === 'brd' || word === 'broadcast') {
      const parsed = value === '+' ? '+' : parseIp(value);
      if (parsed === undefined) return problem(`${value} is no broadcast address`);
      broadcast = parsed;
    } else if (word === 'label' || word === 'valid_lft' || word === 'preferred_lft') continue;
    else {
      const slash = value.indexOf('/');
      const ip = parseIp(slash < 0 ? value : value.slice(0, slash));
      if (ip === undefined) return problem(`${value} is no address`);
      const bits = slash < 0 ? bitsOf(familyOf(ip)) : Number(value.slice(slash + 1));
      if (!Number.isInteger(bits) || bits < 0 || bits > bitsOf(familyOf(ip)))
        return problem(`${value} is no address`);
      if (word === 'peer' || word === 'remote') {
        peer = ip;
        length = bits;
      } else {
        anyLength = slash < 0;
        address = ip;
        length ??= bits;
      }
    }
  }
  if (dev === undefined) return problem('no interface given (dev NAME)');
  if (address === undefined || length === undefined) return { dev, anyLength };
  const brd =
    broadcast === '+' ? (typeof address === 'number' ? broadcastOf(address, length) : undefined) : broadcast;
  const isHost = typeof address === 'number' ? address >>> 24 === 127 : address === 1n;
  return {
    dev,
    anyLength,
    entry: {
      address,
      length,
      ...(peer === undefined ? {} : { peer }),
      ...(brd === undefined ? {} : { broadcast: brd }),
      scope: scope ?? (isHost ? 'host' : 'global'),
      secondary: false,
      ...(metric === undefined ? {} : { metric }),
      flags,
      span,
    },
  };
}

function add(netns: Netns, link: Link, entry: InterfaceAddress, replace: boolean): Netns | Problem {
  const existing = link.addresses.find(
    (other) => other.address === entry.address && other.length === entry.length,
  );
  if (existing && !replace)
    return problem(`${link.name} has the address ${formatIp(entry.address)}/${entry.length} already`);
  const others = link.addresses.filter((other) => other !== existing);
  const secondary =
    familyOf(entry.address) === 4 &&
    others.some((other) => !other.secondary && other.length === entry.length && sameSubnet(other, entry));
  return withLink(netns, link, { ...link, addresses: [...others, { ...entry, secondary }] });
}

function remove(netns: Netns, link: Link, given: InterfaceAddress, anyLength: boolean): Netns | Problem {
  const same = link.addresses.filter((other) => other.address === given.address);
  const entry = same.find((other) => other.length === given.length) ?? (anyLength ? same[0] : undefined);
  if (!entry) return problem(`${link.name} has no address ${formatIp(given.address)}/${given.length}`);
  return without(netns, link, [entry, ...followers(netns, link, entry)]);
}

/** Deleting a primary takes its secondaries along, unless promote_secondaries makes the first of them primary. */
function followers(netns: Netns, link: Link, entry: InterfaceAddress): InterfaceAddress[] {
  if (entry.secondary || familyOf(entry.address) === 6 || promotes(netns, link)) return [];
  return link.addresses.filter(
    (other) => other.secondary && other.length === entry.length && sameSubnet(other, entry),
  );
}

function promotes(netns: Netns, link: Link): boolean {
  return ['all', sysctlInterface(link.name)].some(
    (device) => sysctl(netns, `net.ipv4.conf.${device}.promote_secondaries`)?.value === '1',
  );
}

function flush(netns: Netns, link: Link, only: InterfaceAddress | undefined): Netns {
  const gone = link.addresses.filter((entry) => !only || entry.address === only.address);
  return without(netns, link, gone);
}

/** Routes with a source that is gone go too; with the last address of a family, every route by the device. */
function without(netns: Netns, link: Link, gone: readonly InterfaceAddress[]): Netns {
  let left = link.addresses.filter((entry) => !gone.includes(entry));
  const orphan = left.find(
    (entry) => entry.secondary && !left.some((other) => !other.secondary && sameSubnet(other, entry)),
  );
  if (orphan) left = left.map((entry) => (entry === orphan ? { ...entry, secondary: false } : entry));
  let next = withLink(netns, link, { ...link, addresses: left });
  for (const family of [4, 6] as const) {
    if (!gone.some((entry) => familyOf(entry.address) === family)) continue;
    next = dropSource(next, family, gone);
    if (!left.some((entry) => familyOf(entry.address) === family)) {
      next = dropRoutes(next, link.name, family, true);
    }
  }
  return next;
}

function dropSource(netns: Netns, family: Family, gone: readonly InterfaceAddress[]): Netns {
  const dump = dumpOf(netns, family);
  if (dump.covers === 'none' && dump.routes.length === 0) return netns;
  const addresses = new Set(gone.map((entry) => entry.address));
  const stillOwn = new Set(
    (netns.links ?? []).flatMap((link) => link.addresses.map((entry) => entry.address)),
  );
  const routes = dump.routes.filter(
    (route) => route.prefsrc === undefined || !addresses.has(route.prefsrc) || stillOwn.has(route.prefsrc),
  );
  return withRoutes(netns, family, { ...dump, routes });
}

function sameSubnet(one: InterfaceAddress, other: InterfaceAddress): boolean {
  return contains(networkOf(one.peer ?? one.address, one.length), other.peer ?? other.address);
}
