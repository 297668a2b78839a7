/** A set of packets as a few products of values, one for each field: what can be said in words. */
import { ALL, NONE, type Node } from '../symbolic/bdd.ts';
import { FIELDS, type Field } from '../symbolic/layout.ts';
import { sampleOf, usualBits } from '../symbolic/sample.ts';
import type { Opaque, Space } from '../symbolic/space.ts';

/** Packets whose every field has one of the values; fields that may be anything are absent. */
export interface Box {
  readonly fields: ReadonlyMap<Field, Node>;
  /** Conditions that no header decides, and must hold or not. */
  readonly opaques: readonly { readonly opaque: Opaque; readonly holds: boolean }[];
  /** All of its packets. */
  readonly node: Node;
}

/** From the one that is said last, so that a box grows first where it matters least. */
const GROW: readonly Field[] = FIELDS.toReversed();

/**
 * Boxes that together are the set, the first ones largest where the usual packet is; `rest` is what `most` of them leave out.
 * They may overlap.
 */
export function boxesOf(space: Space, set: Node, most: number): { boxes: Box[]; rest: Node } {
  const { bdd, domain } = space;
  const boxes: Box[] = [];
  let rest = bdd.and(set, domain);
  const whole = rest;
  const large = bdd.sizeOf(rest, LARGE) >= LARGE;
  const parts = partsOf(space, whole);
  while (rest !== NONE && boxes.length < (large ? Math.min(most, MOST_OF_LARGE) : most)) {
    const box = (large ? undefined : productOf(space, rest, whole)) ?? grown(space, rest, whole, parts);
    boxes.push(box);
    rest = bdd.diff(rest, box.node);
  }
  return { boxes, rest };
}

interface Parts {
  readonly fields: readonly Field[];
  readonly opaques: readonly Opaque[];
}

function partsOf(space: Space, set: Node): Parts {
  const levels = new Set(space.bdd.support(set));
  return {
    fields: FIELDS.filter((field) => space.layout[field].some((level) => levels.has(level))),
    opaques: space.opaquesIn(set),
  };
}

/** Of the values of one field: what some packet of the set has there. */
export function projection(space: Space, set: Node, levels: readonly number[]): Node {
  const own = new Set(levels);
  return space.bdd.exists(set, space.bdd.cube(space.bdd.support(set).filter((level) => !own.has(level))));
}

/** The smallest product around the set. */
export function hullOf(space: Space, set: Node): Node {
  const { bdd, layout } = space;
  return partsOf(space, set).fields.reduce(
    (hull, field) => bdd.and(hull, projection(space, set, layout[field])),
    ALL,
  );
}

/** Nodes of a set of which it would take long to find out whether it is a product, and how many boxes it is told by. */
const LARGE = 20_000;
const MOST_OF_LARGE = 2;

/** The set itself, where every field has its values whatever the others have. */
function productOf(space: Space, rest: Node, whole: Node): Box | undefined {
  const { bdd, domain } = space;
  const { fields, opaques } = partsOf(space, rest);
  const values = new Map(fields.map((field) => [field, projection(space, rest, space.layout[field])]));
  const conditions = opaques.map((opaque) => ({ opaque, node: projection(space, rest, [opaque.level]) }));
  let product = domain;
  for (const node of [...values.values(), ...conditions.map(({ node }) => node)])
    product = bdd.and(product, node);
  if (bdd.diff(product, whole) !== NONE) return undefined;
  return boxOf(space, values, conditions, product);
}

/** Around one packet: each field in turn takes all values with which every packet of the box is in the set. */
function grown(space: Space, rest: Node, whole: Node, { fields, opaques }: Parts): Box {
  const { bdd, domain } = space;
  const sample = sampleOf(space, rest, usualBits(space));
  const at = (levels: readonly number[]): Node =>
    levels.toReversed().reduce((node, level) => {
      const variable = bdd.variable(level);
      return sample?.bit(level) ? bdd.and(variable, node) : bdd.diff(node, variable);
    }, ALL);
  const parts: { key: Field | Opaque; levels: readonly number[]; node: Node }[] = [
    ...opaques.map((opaque) => ({ key: opaque, levels: [opaque.level], node: at([opaque.level]) })),
    ...GROW.filter((field) => fields.includes(field)).map((field) => ({
      key: field,
      levels: space.layout[field],
      node: at(space.layout[field]),
    })),
  ];
  for (const part of parts) {
    const others = parts.reduce((set, other) => (other === part ? set : bdd.and(set, other.node)), ALL);
    part.node = bdd.not(projection(space, bdd.diff(bdd.and(others, domain), whole), part.levels));
  }
  let product = domain;
  for (const { node } of parts) product = bdd.and(product, node);
  const values = new Map(
    parts.flatMap(({ key, node }) => (typeof key === 'string' ? [[key, node] as const] : [])),
  );
  const conditions = parts.flatMap(({ key, node }) =>
    typeof key === 'string' ? [] : [{ opaque: key, node }],
  );
  return boxOf(space, values, conditions, product);
}

/** Without what says nothing: fields that have all values which the others leave them. */
function boxOf(
  space: Space,
  values: ReadonlyMap<Field, Node>,
  conditions: readonly { readonly opaque: Opaque; readonly node: Node }[],
  node: Node,
): Box {
  const { bdd, domain, layout } = space;
  const said = new Map(values);
  for (const field of GROW) {
    const own = said.get(field);
    if (own === undefined) continue;
    let others = domain;
    for (const [other, set] of said) if (other !== field) others = bdd.and(others, set);
    if (bdd.diff(others, own) === NONE) said.delete(field);
    else said.set(field, bdd.and(own, projection(space, domain, layout[field])));
  }
  const fields = new Map(
    FIELDS.flatMap((field) => (said.has(field) ? [[field, said.get(field) as Node]] : [])),
  );
  const opaques = conditions
    .filter((condition) => condition.node !== ALL)
    .map(({ opaque, node: own }) => ({ opaque, holds: own === bdd.variable(opaque.level) }));
  return { fields, opaques, node };
}
