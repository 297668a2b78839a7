/**
 * Large topologies: what is alike is drawn as one box that says how many it stands for. Likeness is taken ever wider until few enough
 * boxes are left; what is marked, or on a path, stays by itself.
 */
import { groupBy } from '../../base/group-by.ts';
import type { Drawing, DrawnDevice, DrawnLine, DrawnLink, DrawnNamespace, DrawnPort } from './drawing.ts';

/** Devices of a namespace, or ports that lead nowhere, beyond which those that are alike are drawn as one. */
const MOST_DEVICES = 24;
const MOST_PORTS = 64;

export function foldDrawing(drawing: Drawing, most: number): Drawing {
  let folded = drawing.namespaces.length > Math.min(most, MOST_BOXES) ? enrolled(drawing, most) : drawing;
  for (const likeness of LIKENESS) {
    if (folded.namespaces.length <= most) break;
    folded = foldNamespaces(folded, likeness);
  }
  return foldNetworks(foldPorts(foldDevices(folded)));
}

/** Boxes beyond which the plain namespaces of a bridge become rows of one box; and how many rows take the place of a box. */
const MOST_BOXES = 24;
const ROWS = 2.5;

/** Namespaces with nothing but one device on the same bridge: each is a row, with all that its box would say. */
function enrolled(drawing: Drawing, most: number): Drawing {
  const { beside } = surroundings(drawing.links);
  const groups = grouped(drawing.namespaces, (namespace) => {
    const [device, ...others] = namespace.devices;
    const [bridge, ...more] = (device && beside.get(device.id)) ?? [];
    const plain = device?.ports.length === 0 && others.length === 0 && more.length === 0 && !namespace.root;
    return plain && bridge !== undefined && !isDistinct(namespace)
      ? JSON.stringify([namespace.machine, bridge])
      : namespace.id;
  });
  const rows = groups.reduce((all, group) => all + (group.length < FEWEST ? 0 : group.length), 0);
  if (rows > ROWS * most) return drawing;
  const bridges = new Map(
    drawing.namespaces.flatMap(({ devices }) => devices.map(({ id, name }) => [id, name] as const)),
  );
  const renamed = new Map<string, string>();
  const namespaces = groups.flatMap((group): DrawnNamespace[] => {
    const [first] = group;
    const [device] = first?.devices ?? [];
    if (!first || !device || group.length < FEWEST) return group;
    const id = `${first.id}d0`;
    const bridge = bridges.get(beside.get(device.id)?.[0] ?? '') ?? '';
    const title = `${group.length} namespaces on ${bridge}`;
    return [
      {
        ...first,
        name: title,
        lines: [{ role: 'title', text: title }],
        look: {},
        tip: [title],
        devices: [
          {
            ...{ id, name: 'namespaces', kind: '', lines: [], look: {}, tip: [title], count: 1 },
            ports: group.map((namespace, index) => {
              const row = `${id}p${index}`;
              for (const own of namespace.devices) renamed.set(own.id, row);
              return rowOf(namespace, row);
            }),
          },
        ],
      },
    ];
  });
  return settled({ ...drawing, namespaces, links: relink(drawing.links, renamed) });
}

function rowOf(namespace: DrawnNamespace, id: string): DrawnPort {
  const [device] = namespace.devices;
  const own = device?.lines ?? [];
  const addresses = own.filter(({ role }) => role === 'address').map(({ text }) => text);
  const notes = own.filter(({ role }) => role === 'note').map(({ text }) => text);
  const captures = [namespace.lines, own].flatMap((lines) => lines.filter(({ role }) => role === 'capture'));
  return {
    id,
    name: namespace.name,
    kind: '',
    lines: [
      { role: 'name', text: namespace.name },
      { role: 'note', text: [`${device?.name ?? ''} ${addresses.join(', ')}`.trim(), ...notes].join(', ') },
      ...captures,
    ],
    look: { ...namespace.look, ...device?.look },
    tip: [...namespace.tip, ...(device?.tip ?? [])],
    count: 1,
    depth: 0,
  };
}

type Likeness = (namespace: DrawnNamespace, around: Surroundings) => string;

interface Surroundings {
  /** Ids of boxes at the other ends of a device's or port's links. */
  readonly beside: ReadonlyMap<string, readonly string[]>;
}

const neighbours = ({ devices }: DrawnNamespace, { beside }: Surroundings): string[] =>
  devices.flatMap(({ id, ports }) =>
    [id, ...ports.map((port) => port.id)].flatMap((end) => beside.get(end) ?? []),
  );

const LIKENESS: readonly Likeness[] = [
  // The same devices in the same state, on the same bridges.
  (namespace, around) =>
    JSON.stringify([
      namespace.machine,
      namespace.look,
      hasCapture(namespace),
      namespace.devices.map(({ name, kind, look, ports, id }) => [
        name,
        kind,
        look,
        ports.length,
        around.beside.get(id)?.toSorted(),
      ]),
    ]),
  (namespace, around) =>
    JSON.stringify([namespace.machine, [...new Set(neighbours(namespace, around))].toSorted()]),
  (namespace, around) =>
    JSON.stringify([
      namespace.machine,
      [...new Set(neighbours(namespace, around).map((id) => id.replace(/d.*/, '')))].toSorted(),
    ]),
  ({ machine, root }) => JSON.stringify([machine, root]),
  ({ root }) => JSON.stringify([root]),
];

function hasCapture({ lines, devices }: DrawnNamespace): boolean {
  return [lines, ...devices.map((device) => device.lines)].some((all) =>
    all.some(({ role }) => role === 'capture'),
  );
}

function isDistinct(
  drawn: Pick<DrawnDevice, 'look'> & { devices?: readonly DrawnDevice[]; ports?: readonly DrawnPort[] },
): boolean {
  const { look, devices = [], ports = [] } = drawn;
  return look.marked === true || look.passed === true || devices.some(isDistinct) || ports.some(isDistinct);
}

/** A group of fewer is drawn as it is. */
const FEWEST = 3;

function foldNamespaces(drawing: Drawing, likeness: Likeness): Drawing {
  const around = surroundings(drawing.links);
  const groups = grouped(drawing.namespaces, (namespace) =>
    isDistinct(namespace) ? namespace.id : likeness(namespace, around),
  );
  const renamed = new Map<string, string>();
  const namespaces = groups.flatMap((group) => {
    const [first, ...others] = group;
    if (!first || group.length < FEWEST) return group;
    const devices = mergeDevices(group, first.id, renamed);
    const names = group.map(({ name }) => name).sort(BY_NUMBERS.compare);
    const count = sum(group);
    const noun = group.every(({ root }) => root) ? 'hosts alike' : 'namespaces alike';
    const machines = new Set(group.map(({ machine }) => machine));
    const captures = group.flatMap(({ lines }) => lines.filter(({ role }) => role === 'capture'));
    const folded: DrawnNamespace = {
      id: first.id,
      name: `${count} ${noun}`,
      ...(machines.size === 1 && first.machine !== undefined && { machine: first.machine }),
      root: false,
      lines: [
        { role: 'title', text: `${count} ${noun}` },
        { role: 'note', text: someOf(names) },
        ...fewCaptures(captures),
      ],
      look: first.look,
      tip: [`${count} ${noun}`, ...names.slice(0, TOLD), ...(names.length > TOLD ? ['…'] : [])],
      count,
      devices,
    };
    return others.length === 0 ? [first] : [folded];
  });
  return settled({ ...drawing, namespaces, links: relink(drawing.links, renamed) });
}

const TOLD = 200;

/** `web-2` before `web-10`. */
const BY_NUMBERS = new Intl.Collator('en', { numeric: true });

/** By name, in the order of the first. */
function mergeDevices(
  group: readonly DrawnNamespace[],
  id: string,
  renamed: Map<string, string>,
): DrawnDevice[] {
  const all = group.flatMap(({ devices }) => devices);
  const alike = grouped(all, ({ name, kind, look }) => JSON.stringify([name, kind, look.down]));
  const merged = alike.length > MOST_DEVICES ? [all] : alike;
  return merged.map((devices, index) => {
    const own = `${id}d${index}`;
    for (const device of devices) for (const end of [device, ...device.ports]) renamed.set(end.id, own);
    return merge(devices, own);
  });
}

function merge(devices: readonly DrawnDevice[], id: string): DrawnDevice {
  const [first] = devices;
  if (!first) throw new Error('a group has members');
  const names = [...new Set(devices.map(({ name }) => name))];
  const addresses = devices.flatMap(({ lines }) =>
    lines.filter(({ role }) => role === 'address').map(({ text }) => text),
  );
  const captures = devices.flatMap(({ lines }) => lines.filter(({ role }) => role === 'capture'));
  const kinds = new Set(devices.map(({ kind }) => kind));
  const count = sum(devices);
  const ports = devices.reduce((all, device) => all + device.ports.length, 0);
  const name = names.length === 1 ? first.name : `${count} devices`;
  return {
    ...first,
    id,
    name,
    kind: kinds.size === 1 ? first.kind : '',
    lines: [
      { role: 'name', text: name },
      ...(kinds.size === 1 ? first.lines.filter(({ role }) => role === 'note') : []),
      ...(names.length === 1 ? [] : [{ role: 'note', text: someOf(names) } as const]),
      ...(addresses.length === 0 ? [] : [{ role: 'address', text: someOf(addresses) } as const]),
      ...(ports === 0 ? [] : [{ role: 'note', text: `${ports} ports` } as const]),
      ...fewCaptures(captures),
    ],
    tip: [
      `${count} ${names.length === 1 ? name : 'devices'}`,
      ...devices.slice(0, TOLD).map(({ tip }) => tip[0] ?? ''),
    ],
    count,
    ports: [],
  };
}

/** Ports of a bridge that lead to the same box, or nowhere. */
function foldPorts(drawing: Drawing): Drawing {
  const { beside } = surroundings(drawing.links);
  const renamed = new Map<string, string>();
  const loose = drawing.namespaces
    .flatMap(({ devices }) => devices.flatMap(({ ports }) => ports))
    .filter(({ id }) => !beside.has(id)).length;
  const devicesOf = (device: DrawnDevice): DrawnDevice => {
    const groups = grouped(device.ports, (port) => {
      const [other, ...others] = new Set(beside.get(port.id));
      const counts =
        other === undefined ? loose > MOST_PORTS : others.length === 0 && isFolded(other, drawing);
      return counts && !isDistinct(port) ? JSON.stringify([other, port.look, port.depth]) : port.id;
    });
    const ports = groups.flatMap((group) => {
      const [first] = group;
      if (!first || group.length < FEWEST) return group;
      for (const { id } of group) renamed.set(id, first.id);
      return [mergePorts(group, first)];
    });
    return { ...device, ports };
  };
  const namespaces = drawing.namespaces.map((namespace) => ({
    ...namespace,
    devices: namespace.devices.map(devicesOf),
  }));
  return settled({ ...drawing, namespaces, links: relink(drawing.links, renamed) });
}

function mergePorts(group: readonly DrawnPort[], first: DrawnPort): DrawnPort {
  const { ports: _ports, ...port } = merge(
    group.map((port) => ({ ...port, ports: [] })),
    first.id,
  );
  const name = `${sum(group)} ports`;
  const lines = port.lines.map(
    (line): DrawnLine => (line.role === 'name' ? { role: 'name', text: name } : line),
  );
  return { ...port, name, lines, depth: first.depth };
}

function isFolded(end: string, { namespaces }: Drawing): boolean {
  return namespaces.some(({ count, devices }) => count > 1 && devices.some(({ id }) => id === end));
}

/** Of a namespace with many devices, those of one kind and state that are joined to the same boxes, or to a network of their own. */
function foldDevices(drawing: Drawing): Drawing {
  const { beside } = surroundings(drawing.links);
  const renamed = new Map<string, string>();
  const namespaces = drawing.namespaces.map((namespace): DrawnNamespace => {
    if (namespace.devices.length <= MOST_DEVICES) return namespace;
    const groups = grouped(namespace.devices, (device) => {
      if (
        isDistinct(device) ||
        device.ports.length > 0 ||
        device.lines.some(({ role }) => role === 'capture')
      )
        return device.id;
      const others = (beside.get(device.id) ?? []).map((id) => id.replace(/^x.*/, 'x')).toSorted();
      return JSON.stringify([wordOf(device), device.look, others]);
    });
    const most = 4 * MOST_DEVICES;
    const kinds = groups.length > most ? grouped(groups.flat(), wide(wordOf)) : groups;
    const few =
      kinds.length > most
        ? grouped(
            kinds.flat(),
            wide(() => ''),
          )
        : kinds;
    return {
      ...namespace,
      devices: few.flatMap((group) => {
        const [first] = group;
        if (!first || group.length < FEWEST) return group;
        for (const device of group)
          for (const end of [device, ...device.ports]) renamed.set(end.id, first.id);
        return [merge(group, first.id)];
      }),
    };
  });
  return settled({ ...drawing, namespaces, links: relink(drawing.links, renamed) });
}

/** Still too many: all of one key that nothing distinguishes. */
function wide(keyOf: (device: DrawnDevice) => string): (device: DrawnDevice) => string {
  return (device) => (isDistinct(device) ? device.id : ` ${keyOf(device)}`);
}

/** `vlan` of `vlan 17`. */
function wordOf({ kind }: DrawnDevice): string {
  return kind.split(' ')[0] ?? '';
}

/** Networks behind one folded device. */
function foldNetworks(drawing: Drawing): Drawing {
  const { beside } = surroundings(drawing.links);
  const renamed = new Map<string, string>();
  const networks = grouped(drawing.networks, ({ id, kind }) => {
    const others = new Set(beside.get(id));
    const passed = drawing.links.some(({ from, passes }) => from === id && passes.length > 0);
    return passed ? id : JSON.stringify([kind, [...others].toSorted()]);
  }).flatMap((group) => {
    const [first] = group;
    if (!first || group.length < FEWEST) return group;
    for (const { id } of group) renamed.set(id, first.id);
    const names = group.map(({ lines }) => lines[0]?.text ?? '');
    return [
      {
        ...first,
        lines: [
          { role: 'name' as const, text: `${group.length} networks` },
          { role: 'note' as const, text: someOf(names) },
        ],
        tip: [`${group.length} networks`, ...names.slice(0, TOLD)],
        count: group.length,
      },
    ];
  });
  return settled({ ...drawing, networks, links: relink(drawing.links, renamed) });
}

function surroundings(links: readonly DrawnLink[]): Surroundings {
  const beside = new Map<string, string[]>();
  const add = (end: string, other: string) => {
    const known = beside.get(end);
    if (known) known.push(other);
    else beside.set(end, [other]);
  };
  // A bridge's port is told by its bridge: each container has one of its own.
  const box = (id: string) => id.replace(/p\d+$/, '');
  for (const { from, to } of links) {
    add(from, box(to));
    add(to, box(from));
  }
  return { beside };
}

/** Links of what became one are one; inside of it there is none. */
function relink(links: readonly DrawnLink[], renamed: ReadonlyMap<string, string>): DrawnLink[] {
  if (renamed.size === 0) return [...links];
  const found = new Map<string, DrawnLink>();
  for (const link of links) {
    const [from, to] = [renamed.get(link.from) ?? link.from, renamed.get(link.to) ?? link.to];
    if (from === to) continue;
    const key = JSON.stringify([from, to, link.kind]);
    const known = found.get(key);
    const count = (known?.count ?? 0) + link.count;
    found.set(key, {
      ...(known ?? link),
      from,
      to,
      count,
      tip: known ? `${count} links` : link.tip,
      passes: [...(known?.passes ?? []), ...link.passes],
    });
  }
  return [...found.values()];
}

/** What nothing is in any more goes, and what was folded is said. */
function settled(drawing: Drawing): Drawing {
  const used = new Set(drawing.links.flatMap(({ from, to }) => [from, to]));
  const homes = new Set(drawing.namespaces.map(({ machine }) => machine));
  const stands = drawing.namespaces.filter(({ count }) => count > 1);
  const folded = stands.reduce((all, { count }) => all + count, 0);
  return {
    ...drawing,
    machines: drawing.machines.filter(({ id }) => homes.has(id)),
    networks: drawing.networks.filter(({ id }) => used.has(id)),
    notes:
      folded === 0
        ? []
        : [
            `${folded} namespaces that are alike are drawn as ${stands.length}; --format text and json have each.`,
          ],
  };
}

function grouped<T>(items: readonly T[], key: (item: T) => string): T[][] {
  return [...groupBy(items, key).values()];
}

function sum(group: readonly { readonly count: number }[]): number {
  return group.reduce((all, { count }) => all + count, 0);
}

function someOf(texts: readonly string[]): string {
  const all = [...new Set(texts)].sort(BY_NUMBERS.compare);
  if (all.length <= 3) return all.join(', ');
  return `${all[0]}, ${all[1]} … ${all.at(-1)}`;
}

function fewCaptures(captures: readonly DrawnLine[]): DrawnLine[] {
  return captures.length <= 2 ? [...captures] : [{ role: 'capture', text: `${captures.length} captures` }];
}
