/** What captures alone show of a place that no dump describes: its networks, its stations, who routes. */
import { printable } from '../../base/printable.ts';
import type { ObservedPlace } from '../../topology/describe.ts';
import type { Style } from './style.ts';
import { columns } from './wrap.ts';

type ObservedStation = ObservedPlace['stations'][number];

const SHOWN = 8;

export function observedLines(places: readonly ObservedPlace[], style: Style): string[] {
  const telling = places.filter((place) => place.stations.length > 0);
  if (telling.length === 0) return [];
  return [
    '',
    style.bold('Seen in the captures, where no dump says more'),
    ...telling.flatMap((place) => placeLines(place, style)),
  ];
}

function placeLines(place: ObservedPlace, style: Style): string[] {
  const stations = style.verbose ? place.stations : place.stations.filter(isTelling).slice(0, SHOWN);
  const rows = stations.map((station) => [
    style.dim(station.mac),
    addressText(station, style),
    style.doubtful(roleText(station)),
  ]);
  const left = place.stations.length - stations.length;
  const more = left > 0 ? style.dim(`, ${left} more ${left === 1 ? 'station' : 'stations'}`) : '';
  const networks = place.subnets.length === 0 ? '' : `  ${place.subnets.join(', ')}`;
  return [
    `  ${style.name(`${printable(place.namespace)}:${printable(place.interface)}`)}${networks}${more}`,
    ...columns(rows, { width: style.width, indent: 4, limit: 44 }),
  ];
}

function isTelling(station: ObservedStation): boolean {
  return station.roles.length > 0 || station.addresses.some((address) => !address.startsWith('fe80:'));
}

function addressText(station: ObservedStation, style: Style): string {
  const shown = station.addresses.filter((address) => style.verbose || !address.startsWith('fe80:'));
  const own = shown.length > 0 ? shown : station.addresses;
  return own.length > 4 ? `${own.slice(0, 4).join(', ')} and ${own.length - 4} more` : own.join(', ');
}

function roleText({ roles, forwards }: ObservedStation): string {
  const parts: string[] = [];
  if (roles.includes('self')) parts.push('probably the capturing interface');
  if (roles.includes('router')) parts.push('routes');
  if (roles.includes('translates')) parts.push('translates sources');
  if (forwards.length > 0) {
    const named = forwards
      .slice(0, 3)
      .map(({ address, hops }) => `${address}${hops > 1 ? ` (${hops} routers away)` : ''}`);
    const more = forwards.length > 3 ? ` and ${forwards.length - 3} more` : '';
    parts.push(`passes on ${named.join(', ')}${more}`);
  }
  return parts.join('; ');
}
