/** What joins the boxes of a drawing, and which ways of packets go over it. What is further outside is a link's first end. */
import { printable } from '../../base/printable.ts';
import type { AnalysisTopology } from '../analysis.ts';
import type {
  DrawingOptions,
  DrawingPath,
  DrawnLink,
  DrawnNamespace,
  DrawnNetwork,
  DrawnPlace,
} from './drawing.ts';
import { levelsOf } from './levels.ts';
import { placeKey } from './networks.ts';

type Pass = DrawnLink['passes'][number];
type Draft = Omit<DrawnLink, 'passes' | 'id'> & { passes: Pass[] };

export interface LinkContext {
  readonly topology: AnalysisTopology;
  readonly namespaces: readonly DrawnNamespace[];
  readonly networks: readonly DrawnNetwork[];
  /** Of each network. */
  readonly members: readonly (readonly DrawnPlace[])[];
  /** Of devices and ports, by place. */
  readonly ids: ReadonlyMap<string, string>;
  readonly options: DrawingOptions;
}

export function linksOf(context: LinkContext): DrawnLink[] {
  const { options, ids } = context;
  const drafts = [...networkLinks(context), ...wires(context), ...stacks(context)];
  for (const [index, path] of (options.paths ?? []).entries()) walk(path, index, drafts, context);
  const outside = levelsOf(context.namespaces, drafts, new Set(ids.values()));
  return drafts.map(({ from, to, passes, ...rest }, index) => {
    const turned = outside(from) > outside(to);
    return {
      ...rest,
      id: `e${index}`,
      from: turned ? to : from,
      to: turned ? from : to,
      passes: turned ? passes.map((pass) => ({ ...pass, forward: !pass.forward })) : passes,
    };
  });
}

function networkLinks({ networks, members, ids }: LinkContext): Draft[] {
  return networks.flatMap(({ id, kind, lines }, index) =>
    (members[index] ?? []).flatMap((member) => {
      const to = ids.get(placeKey(member));
      if (to === undefined) return [];
      const tip = printable(`${member.namespace}:${member.device} — ${lines[0]?.text ?? ''}`);
      return [{ from: id, to, kind, tip, count: 1, passes: [] }];
    }),
  );
}

function wires({ topology, networks, members, ids }: LinkContext): Draft[] {
  const drawn = new Set(
    networks.flatMap((_, index) => {
      const keys = (members[index] ?? []).map(placeKey);
      return keys.length === 2 ? [keys.toSorted().join('\n')] : [];
    }),
  );
  const down = new Set(
    topology.namespaces.flatMap(({ name, links }) =>
      links.filter(({ up }) => up === false).map((link) => placeKey({ namespace: name, device: link.name })),
    ),
  );
  return topology.namespaces.flatMap(({ name, links }) =>
    links.flatMap((link): Draft[] => {
      if (!link.peer) return [];
      const here = placeKey({ namespace: name, device: link.name });
      const there = placeKey({ namespace: link.peer.namespace, device: link.peer.interface });
      const pair = [here, there].toSorted().join('\n');
      const [from, to] = [ids.get(here), ids.get(there)];
      if (from === undefined || to === undefined || from === to || drawn.has(pair)) return [];
      drawn.add(pair);
      return [
        {
          from,
          to,
          kind: 'veth',
          ...((down.has(here) || down.has(there)) && { down: true }),
          tip: printable(`${name}:${link.name} — ${link.peer.namespace}:${link.peer.interface}`),
          count: 1,
          passes: [],
        },
      ];
    }),
  );
}

function stacks({ topology, ids }: LinkContext): Draft[] {
  return topology.namespaces.flatMap(({ name, links }) =>
    links.flatMap(({ name: device, lower }): Draft[] => {
      if (!lower) return [];
      const from = ids.get(placeKey({ namespace: lower.namespace, device: lower.interface }));
      const to = ids.get(placeKey({ namespace: name, device }));
      if (from === undefined || to === undefined || from === to) return [];
      const tip = printable(`${name}:${device} is on top of ${lower.namespace}:${lower.interface}`);
      return [{ from, to, kind: 'stacked', tip, count: 1, passes: [] }];
    }),
  );
}

/** Notes the path on the links that it goes over; within a namespace these are made for it. */
function walk(path: DrawingPath, index: number, drafts: Draft[], context: LinkContext): void {
  const { ids, namespaces, topology } = context;
  const tone = path.tone ?? 'there';
  const known = path.places.filter((place) => ids.has(placeKey(place)));
  const idOf = (place: DrawnPlace) => ids.get(placeKey(place)) ?? '';
  const pass = (link: Draft, from: string) => {
    const forward = link.from === from;
    if (link.passes.some((other) => other.path === index && other.forward === forward)) return;
    link.passes.push({ path: index, forward, tone });
  };
  const inside = (from: string, to: string) => {
    const known = drafts.find(
      (link) => (link.from === from && link.to === to) || (link.from === to && link.to === from),
    );
    if (known) return pass(known, from);
    const tip = 'the way of the packet';
    drafts.push({ from, to, kind: 'inside', tip, count: 1, passes: [{ path: index, forward: true, tone }] });
  };
  const outer = (place: DrawnPlace, entering: boolean) => {
    const own = idOf(place);
    const link = drafts.find(({ kind, to }) => (kind === 'beyond' || kind === 'segment') && to === own);
    if (link) pass(link, entering ? link.from : own);
  };
  const [first] = known;
  const last = known.at(-1);
  if (!first || !last) return;
  if (path.enters) outer(first, true);
  for (const [at, place] of known.entries()) {
    const next = known[at + 1];
    if (!next) break;
    const [from, to] = [idOf(place), idOf(next)];
    if (place.namespace === next.namespace) {
      if (boxOf(from) !== boxOf(to)) inside(from, to);
      continue;
    }
    const wire = drafts.find((link) => joins(link, from, to));
    if (wire) pass(wire, from);
    else through(from, to, drafts, pass);
  }
  const home = topology.namespaces.findIndex(({ name }) => name === last.namespace);
  const hook = namespaces[home]?.devices.find((device) => device.hook);
  if (hook) inside(idOf(last), hook.id);
  else if (path.leaves) outer(last, false);
}

/** A port stands in the box of its bridge: `n0d2p7` in `n0d2`. */
function boxOf(id: string): string {
  return id.replace(/p\d+$/, '');
}

function joins(link: Draft, one: string, other: string): boolean {
  return (link.from === one && link.to === other) || (link.from === other && link.to === one);
}

/** Over a network that both are on. */
function through(
  from: string,
  to: string,
  drafts: readonly Draft[],
  pass: (link: Draft, from: string) => void,
): void {
  for (const first of drafts) {
    if (first.to !== from || !first.from.startsWith('x')) continue;
    const second = drafts.find((link) => link.from === first.from && link.to === to);
    if (!second) continue;
    pass(first, from);
    pass(second, second.from);
    return;
  }
}
