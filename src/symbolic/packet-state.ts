/**
 * What rules have made of packets so far: each bit of a changed field as a function of the packet as it came, and what was done to
 * packets that shows in no field. Every packet takes one way, so that one function serves all ways.
 */
import { NONE, type Node } from './bdd.ts';
import type { Field } from './layout.ts';
import type { Space } from './space.ts';
import { bitAt, type Vector } from './vector.ts';

export class PacketState {
  readonly space: Space;
  /** Bits that are not what they came as, by level. */
  private readonly bits: Map<number, Node>;
  private readonly done: Map<string, Map<string, Node>>;
  private composed = new Map<Node, Node>();

  constructor(space: Space, bits = new Map<number, Node>(), done = new Map<string, Map<string, Node>>()) {
    this.space = space;
    this.bits = bits;
    this.done = done;
  }

  copy(): PacketState {
    const done = new Map([...this.done].map(([group, texts]) => [group, new Map(texts)]));
    return new PacketState(this.space, new Map(this.bits), done);
  }

  /** The field as it is now. */
  field(field: Field): Vector {
    const { layout } = this.space;
    const now = this.space.field(field);
    return layout[field].map((level, i) => this.bits.get(level) ?? (now[i] as Node));
  }

  /** Packets whose fields, as they are now, are in the set. */
  now(set: Node): Node {
    if (this.bits.size === 0) return set;
    const known = this.composed.get(set);
    if (known !== undefined) return known;
    const composed = this.space.bdd.compose(set, this.bits);
    this.composed.set(set, composed);
    return composed;
  }

  /** In the packets of `where` the field has that value from now on. */
  assign(field: Field, where: Node, value: Vector): void {
    if (where === NONE) return;
    const { bdd, layout } = this.space;
    const before = this.field(field);
    for (const [i, level] of layout[field].entries()) {
      const bit = bdd.ite(where, value[i] as Node, before[i] as Node);
      if (bit === this.space.field(field)[i]) this.bits.delete(level);
      else this.bits.set(level, bit);
    }
    this.composed = new Map();
  }

  set(field: Field, where: Node, value: number | bigint): void {
    this.assign(field, where, this.constant(field, value));
  }

  /** field = (field & ~mask) ^ value */
  change(field: Field, where: Node, value: number, mask: number): void {
    const { bdd } = this.space;
    const bits = this.field(field);
    this.assign(
      field,
      where,
      bits.map((bit, i) => {
        const place = bits.length - 1 - i;
        const kept = bitAt(mask, place) ? NONE : bit;
        return bitAt(value, place) ? bdd.not(kept) : kept;
      }),
    );
  }

  constant(field: Field, value: number | bigint): Node[] {
    const { length } = this.space.layout[field];
    return Array.from({ length }, (_, i) => (bitAt(value, length - 1 - i) ? 1 : 0));
  }

  /** Something was done to the packets of `where` that no field shows; of a group with `only`, the last one counts. */
  note(group: string, text: string, where: Node, only = true): void {
    if (where === NONE) return;
    const { bdd } = this.space;
    const texts = this.done.get(group) ?? new Map<string, Node>();
    this.done.set(group, texts);
    if (only) for (const [other, node] of texts) texts.set(other, bdd.diff(node, where));
    texts.set(text, bdd.or(texts.get(text) ?? NONE, where));
  }

  /** To which packets it was done. */
  noted(group: string, text: string): Node {
    return this.done.get(group)?.get(text) ?? NONE;
  }

  get notes(): { readonly group: string; readonly text: string }[] {
    return [...this.done].flatMap(([group, texts]) => [...texts.keys()].map((text) => ({ group, text })));
  }
}
