import type { BridgeVlan, FdbEntry, Link, MdbEntry, Neighbour, RouterPort } from '../../../dump/records.ts';
import { formatIp } from '../../../net/ip.ts';
import { formatMac } from '../../../net/mac.ts';
import { type Table, words } from './table.ts';

export function linkTable(links: readonly Link[]): Table {
  return {
    header: ['', 'interface', 'kind', 'state', 'mac', 'mtu', 'addresses'],
    right: [0, 5],
    rows: links.map((link) => [
      link.index === undefined ? '' : String(link.index),
      words(link.name, link.master !== undefined && `(port of ${link.master})`),
      link.kind ?? '',
      stateOf(link),
      link.mac === undefined ? '' : formatMac(link.mac),
      link.mtu === undefined ? '' : String(link.mtu),
      words(...link.addresses.map(({ address, length }) => `${formatIp(address)}/${length}`)),
    ]),
  };
}

function stateOf(link: Link): string {
  if (link.inferred) return 'inferred';
  const up = link.flags.includes('UP') ? 'up' : 'down';
  return link.flags.includes('NO-CARRIER') ? `${up}, no carrier` : up;
}

export function portTable(ports: readonly Link[]): Table {
  return {
    header: ['', 'port', 'bridge', 'state', 'attributes'],
    right: [0],
    rows: ports.map((link) => [
      link.index === undefined ? '' : String(link.index),
      link.name,
      link.master ?? '',
      link.port?.state ?? stateOf(link),
      words(
        link.port?.hairpin && 'hairpin',
        link.port?.isolated && 'isolated',
        link.port?.learning === false && 'no learning',
        link.port?.flood === false && 'no flooding',
        link.port?.mcastFlood === false && 'no multicast flooding',
        link.port?.bcastFlood === false && 'no broadcast flooding',
        link.port?.locked && 'locked',
        link.port?.neighSuppress && 'neighbour suppression',
        link.port?.backupPort !== undefined && `backup ${link.port.backupPort}`,
      ),
    ]),
  };
}

export function neighbourTable(neighbours: readonly Neighbour[]): Table {
  return {
    header: ['address', 'interface', 'mac', 'state'],
    rows: neighbours.map(({ address, dev, mac, states, proxy }) => [
      formatIp(address),
      dev,
      mac === undefined ? '' : formatMac(mac),
      words(...states, proxy && 'proxy'),
    ]),
  };
}

export function fdbTable(entries: readonly FdbEntry[]): Table {
  return {
    header: ['mac', 'port', 'bridge', 'vlan', ''],
    rows: entries.map((entry) => [
      formatMac(entry.mac),
      entry.dev,
      entry.master ?? '',
      entry.vlan === undefined ? '' : String(entry.vlan),
      words(
        entry.permanent && 'permanent',
        entry.fixed && 'static',
        entry.sticky && 'sticky',
        entry.locked && 'locked',
        entry.self && 'self',
        entry.remote !== undefined && `to ${formatIp(entry.remote)}`,
      ),
    ]),
  };
}

export function mdbTable(entries: readonly MdbEntry[], routers: readonly RouterPort[] = []): Table {
  return {
    header: ['bridge', 'port', 'group', 'vlan', ''],
    rows: [
      ...entries.map((entry) => [
        entry.bridge,
        entry.port,
        entry.link && typeof entry.group === 'number' ? formatMac(entry.group) : formatIp(entry.group),
        entry.vlan === undefined ? '' : String(entry.vlan),
        words(
          entry.permanent && 'permanent',
          entry.source !== undefined && `from ${formatIp(entry.source)}`,
          entry.blocked && 'blocked',
        ),
      ]),
      ...routers.map(({ bridge, port, permanent }) => [
        bridge,
        port,
        'router port',
        '',
        permanent ? 'permanent' : '',
      ]),
    ],
  };
}

export function bridgeVlanTable(vlans: readonly BridgeVlan[]): Table {
  return {
    header: ['port', 'vlan', ''],
    right: [1],
    rows: vlans.map(({ dev, vid, pvid, untagged }) => [
      dev,
      String(vid),
      words(pvid && 'PVID', untagged && 'untagged'),
    ]),
  };
}
