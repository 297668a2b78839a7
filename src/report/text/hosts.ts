/** Of several machines: how their clocks differ, and what joins them. */
import { printable } from '../../base/printable.ts';
import { hostOf } from '../../input/host.ts';
import type { AnalysisTopology } from '../analysis.ts';
import type { Style } from './style.ts';
import { columns, hang } from './wrap.ts';

const KNOWN_BY: Readonly<Record<string, string>> = {
  mac: 'by neighbour or forwarding entries',
  capture: 'by frames captured',
  docker: 'by Docker',
  subnet: 'only by one subnet: an assumption',
  tunnel: 'by their remotes',
};

export function hostLines(topology: AnalysisTopology, style: Style): string[] {
  const { hosts } = topology;
  if (!hosts) return [];
  const clocks = hosts.flatMap(({ name, clock }) => (clock ? [clockText(name, clock)] : []));
  const links = linksBetween(topology);
  const names = hosts.map(({ name }) => printable(name)).join(', ');
  return [
    '',
    style.bold(`${hosts.length} hosts: ${names}`),
    ...clocks.flatMap((text) => hang('  ', text, style.width)),
    ...(links.length === 0
      ? hang('  ', 'nothing in the dumps or captures joins them', style.width)
      : columns(links, { width: style.width, indent: 2, limit: 44 })),
  ];
}

type Clock = NonNullable<NonNullable<AnalysisTopology['hosts']>[number]['clock']>;

/** `clock of node-2 is 3.412 s ahead of node-1 (± 0.2 ms, by 18 packets seen on both)` */
export function clockText(name: string, { reference, ahead, error = 0, packets = 0, oneWay }: Clock): string {
  const [host, other] = [printable(name), printable(reference)];
  if (ahead === undefined)
    return `how the clock of ${host} differs from that of ${other} is not known: no packet was captured on both; they are taken to agree`;
  const by = `by ${packets} packet${packets === 1 ? '' : 's'} seen on both${oneWay ? ', one way only' : ''}`;
  const most = Math.abs(ahead);
  const certain = `± ${duration(Math.max(error, 1e-6))}`;
  if (most <= Math.max(error, 0.0005)) return `the clocks of ${host} and ${other} agree (${certain}, ${by})`;
  return `clock of ${host} is ${duration(most)} ${ahead < 0 ? 'behind' : 'ahead of'} ${other} (${certain}, ${by})`;
}

function duration(seconds: number): string {
  if (seconds < 0.001) return `${round(seconds * 1e6, 0)} µs`;
  if (seconds < 0.1) return `${round(seconds * 1e3, 1)} ms`;
  if (seconds < 120) return `${round(seconds, 3)} s`;
  const whole = Math.floor(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  const rest = round(seconds - hours * 3600 - minutes * 60, 3);
  return `${hours > 0 ? `${hours} h ` : ''}${minutes} min ${rest} s`;
}

function round(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}

function linksBetween({ namespaces, segments = [], tunnels = [] }: AnalysisTopology): string[][] {
  const ref = ({ namespace, interface: name }: { namespace: string; interface: string }) =>
    `${printable(namespace)}:${printable(name)}`;
  const wires = namespaces.flatMap(({ name, links }) =>
    links.flatMap((link) => {
      const { peer } = link;
      if (!peer || peer.by === 'tunnel' || hostOf(peer.namespace) === hostOf(name)) return [];
      if (name > peer.namespace) return [];
      return [
        [`${ref({ namespace: name, interface: link.name })} — ${ref(peer)}`, KNOWN_BY[peer.by ?? ''] ?? ''],
      ];
    }),
  );
  const shared = segments
    .filter(({ members }) => new Set(members.map(({ namespace }) => hostOf(namespace))).size > 1)
    .map(({ members, by }) => [members.map(ref).join(' — '), KNOWN_BY[by] ?? '']);
  const through = tunnels
    .filter(({ ends }) => new Set(ends.map(({ namespace }) => hostOf(namespace))).size > 1)
    .map(({ ends, kind, id }) => [
      ends.map(ref).join(' — '),
      `tunnel, ${kind}${id === undefined ? '' : ` ${id}`}`,
    ]);
  return [...wires, ...shared, ...through];
}
