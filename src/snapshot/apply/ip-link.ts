/** `ip link set`: dev_change_flags(), do_set_master() of net/core. */
import type { Link } from '../../dump/records.ts';
import { familyOf } from '../../net/ip.ts';
import { parseMac } from '../../net/mac.ts';
import type { Netns } from '../snapshot.ts';
import { sysctl, sysctlInterface } from '../sysctl.ts';
import { dropRoutes, withLink } from './links.ts';
import { noInterface, type Problem, problem, type Words } from './words.ts';

export function applyLink(netns: Netns, words: Words): Netns | Problem {
  const action = words.takeAction(['add', 'delete', 'change', 'replace', 'set', 'show', 'list'] as const);
  if (action === 'show' || action === 'list') return problem('it changes nothing');
  if (action !== 'set' && action !== 'change')
    return problem('making and deleting interfaces is not modelled');
  if (words.peek() === 'dev') words.take();
  const name = words.take() ?? '';
  if (!netns.links) return problem(`the interfaces of ${netns.name} are not known`);
  let current = netns;
  let any = false;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    const link = current.links?.find((candidate) => candidate.name === name);
    if (!link) return noInterface(name);
    const next = setOne(current, link, word, words);
    if ('problem' in next) return next;
    current = next;
    any = true;
  }
  return any ? current : problem('nothing to set');
}

function setOne(netns: Netns, link: Link, word: string, words: Words): Netns | Problem {
  switch (word) {
    case 'up':
      return isDown(link) ? withLink(netns, link, raised(link)) : netns;
    case 'down':
      return isDown(link) ? netns : down(netns, link);
    case 'master': {
      const master = words.take() ?? '';
      const bridge = netns.links?.find((candidate) => candidate.name === master);
      if (!bridge) return noInterface(master);
      if (bridge.kind !== undefined && !['bridge', 'bond', 'team', 'vrf'].includes(bridge.kind)) {
        return problem(`${master} is a ${bridge.kind}, which has no ports`);
      }
      if (link.master !== undefined && link.master !== master) {
        return problem(`${link.name} is a port of ${link.master} already; take it out first (nomaster)`);
      }
      return withLink(netns, link, {
        ...link,
        master,
        port: { state: 'forwarding', span: link.port?.span ?? link.span },
      });
    }
    case 'nomaster': {
      const { master: _master, port: _port, ...free } = link;
      return withLink(netns, link, free);
    }
    case 'mtu': {
      const mtu = Number(words.take());
      return Number.isInteger(mtu) && mtu >= 68
        ? withLink(netns, link, { ...link, mtu })
        : problem('mtu needs a number of bytes');
    }
    case 'address': {
      const mac = parseMac(words.take() ?? '');
      return mac === undefined
        ? problem('address needs a MAC address')
        : withLink(netns, link, { ...link, mac });
    }
    case 'promisc': {
      const others = link.flags.filter((flag) => flag !== 'PROMISC');
      return withLink(netns, link, {
        ...link,
        flags: words.take() === 'on' ? [...others, 'PROMISC'] : others,
      });
    }
    case 'type':
      return ofBridge(netns, link, words);
    default:
      return problem(`\`ip link set ${link.name} ${word}\` is not modelled`);
  }
}

/** br_changelink(). A port that listens when spanning tree ends does so until its timer runs out, or it goes down and up. */
function ofBridge(netns: Netns, link: Link, words: Words): Netns | Problem {
  const kind = words.take();
  if (kind !== 'bridge' || (link.kind !== undefined && link.kind !== kind))
    return problem(`${link.name} is no ${kind}, or its settings are not modelled`);
  const kindData: Record<string, unknown> = { ...link.kindData };
  for (let word = words.take(); word !== undefined; word = words.take()) {
    const value = Number(words.take());
    if (!['stp_state', 'forward_delay', 'vlan_filtering', 'ageing_time'].includes(word))
      return problem(`\`${word}\` of a bridge is not modelled`);
    if (!Number.isInteger(value) || value < 0) return problem(`${word} needs a number`);
    kindData[word] = value;
  }
  return withLink(netns, link, { ...link, kindData });
}

function isDown(link: Link): boolean {
  return !link.flags.includes('UP');
}

/** inetdev_event(), NETDEV_UP: the loopback device gets its addresses when it comes up without any. */
function raised(link: Link): Link {
  const up = { ...link, flags: upFlags(link), operstate: 'UP' };
  if (link.name !== 'lo' || link.addresses.length > 0) return up;
  const own = { scope: 'host', secondary: false, flags: [], span: link.span };
  return {
    ...up,
    addresses: [
      { address: 0x7f000001, length: 8, ...own },
      { address: 1n, length: 128, ...own },
    ],
  };
}

/** Carrier is taken to be there unless the dump said it isn't while the link was up. */
function upFlags(link: Link): string[] {
  return [...link.flags.filter((flag) => flag !== 'LOWER_UP' && flag !== 'NO-CARRIER'), 'UP', 'LOWER_UP'];
}

/** IPv4 addresses stay on a link that goes down; IPv6 ones go, unless keep_addr_on_down. Routes go with it. */
function down(netns: Netns, link: Link): Netns {
  const flags = link.flags.filter((flag) => !['UP', 'LOWER_UP', 'NO-CARRIER', 'RUNNING'].includes(flag));
  const keeps = ['all', sysctlInterface(link.name)].some(
    (device) => Number(sysctl(netns, `net.ipv6.conf.${device}.keep_addr_on_down`)?.value ?? 0) > 0,
  );
  const addresses = keeps ? link.addresses : link.addresses.filter((entry) => familyOf(entry.address) === 4);
  const next = withLink(netns, link, { ...link, flags, operstate: 'DOWN', addresses });
  return dropRoutes(dropRoutes(next, link.name, 4, false), link.name, 6, true);
}
