/**
 * Sets of packets as reduced ordered binary decision diagrams (Bryant 1986): nodes are numbers, equal sets are the same node, and
 * nodes lie in typed arrays. A node is never freed: who is done with all of them drops the manager.
 */

/** A set of assignments of the variables: 0 is the empty set, 1 is all. */
export type Node = number;

export const NONE: Node = 0;
export const ALL: Node = 1;

/** 24 bytes each, and the cache beside them. */
export const MOST_NODES = 12_000_000;
/** Steps of operations; some ten million take a second. */
export const MOST_STEPS = 400_000_000;
const FIRST_NODES = 1 << 16;
const FIRST_CACHE = 1 << 16;
/** Of four megabytes: a larger one is waited for longer than what it has forgotten takes. */
const MOST_CACHE = 1 << 18;
/** Below every variable. */
const BOTTOM = 0xffff;

/** Words of a node, and where they are. */
const NODE = 4;
const LOW = 1;
const HIGH = 2;
const MARK = 3;
/** Words of an entry of the cache. */
const ENTRY = 4;

const AND = 1;
const OR = 2;
const DIFF = 3;
const XOR = 4;
const EXISTS = 5;
const MEETS = 6;
type Operation = typeof AND | typeof OR | typeof DIFF | typeof XOR | typeof EXISTS | typeof MEETS;

/** More nodes or steps would be needed than there may be: the question stays undecided. */
export class BddFull extends Error {
  constructor(what: string) {
    super(`more than ${what} are needed`);
    this.name = 'BddFull';
  }
}

export interface BddLimits {
  readonly nodes: number;
  readonly steps: number;
}

export class Bdd {
  private readonly most: BddLimits;
  private count = 2;
  private steps = 0;
  /** Side by side, since to look at a node is to wait for memory: its level, both branches, the last visit that came by. */
  private nodes: Int32Array = new Int32Array(FIRST_NODES * NODE);
  private room = FIRST_NODES;
  /** Open addressing; 0 is a free place. Twice as many as nodes. */
  private unique: Int32Array = new Int32Array(FIRST_NODES * 2);
  private visits = 0;
  /** The last result of each slot: operation, left, right, result. */
  private cache: Int32Array = new Int32Array(FIRST_CACHE * ENTRY);

  /** @param most an operation that needs more throws {@link BddFull} */
  constructor(most: BddLimits = { nodes: MOST_NODES, steps: MOST_STEPS }) {
    this.most = most;
    this.nodes[NONE * NODE] = BOTTOM;
    this.nodes[ALL * NODE] = BOTTOM;
  }

  /** Nodes made so far, with the two constants. */
  get size(): number {
    return this.count;
  }

  /** Where the variable `level` is 1. Smaller levels are asked first; 65534 is the last. */
  variable(level: number): Node {
    return this.make(level, NONE, ALL);
  }

  /** The variable that a node asks, above its branches; past all variables for the constants. */
  levelOf(node: Node): number {
    return this.nodes[node * NODE] as number;
  }

  low(node: Node): Node {
    return this.nodes[node * NODE + LOW] as number;
  }

  high(node: Node): Node {
    return this.nodes[node * NODE + HIGH] as number;
  }

  /** A node that asks `level`, which must lie above both branches. */
  make(level: number, low: Node, high: Node): Node {
    if (low === high) return low;
    const { unique, nodes } = this;
    const mask = unique.length - 1;
    let at = placeOf(level, low, high) & mask;
    for (;;) {
      const found = unique[at] as number;
      if (found === 0) break;
      const start = found * NODE;
      if (nodes[start + LOW] === low && nodes[start + HIGH] === high && nodes[start] === level) return found;
      at = (at + 1) & mask;
    }
    if (this.count >= this.most.nodes) throw new BddFull(`${this.most.nodes} nodes`);
    if (this.count === this.room) {
      this.grow();
      return this.make(level, low, high);
    }
    const node = this.count++;
    const start = node * NODE;
    nodes[start] = level;
    nodes[start + LOW] = low;
    nodes[start + HIGH] = high;
    unique[at] = node;
    return node;
  }

  and(left: Node, right: Node): Node {
    if (left === right || right === ALL) return left;
    if (left === ALL) return right;
    if (left === NONE || right === NONE) return NONE;
    return left < right ? this.apply(AND, left, right) : this.apply(AND, right, left);
  }

  or(left: Node, right: Node): Node {
    if (left === right || right === NONE) return left;
    if (left === NONE) return right;
    if (left === ALL || right === ALL) return ALL;
    return left < right ? this.apply(OR, left, right) : this.apply(OR, right, left);
  }

  /** What is in the left set and not in the right one. */
  diff(left: Node, right: Node): Node {
    if (left === right || left === NONE || right === ALL) return NONE;
    return right === NONE ? left : this.apply(DIFF, left, right);
  }

  /** Have the sets an assignment in common? Makes no nodes. */
  meets(left: Node, right: Node): boolean {
    if (left === NONE || right === NONE) return false;
    if (left === ALL || right === ALL || left === right) return true;
    return (left < right ? this.apply(MEETS, left, right) : this.apply(MEETS, right, left)) === ALL;
  }

  xor(left: Node, right: Node): Node {
    if (left === right) return NONE;
    if (left === NONE) return right;
    if (right === NONE) return left;
    return left < right ? this.apply(XOR, left, right) : this.apply(XOR, right, left);
  }

  not(node: Node): Node {
    return this.diff(ALL, node);
  }

  /** `then` where the condition holds, `otherwise` elsewhere. */
  ite(condition: Node, then: Node, otherwise: Node): Node {
    return this.or(this.and(condition, then), this.diff(otherwise, condition));
  }

  /** Assignments that some value of the variables brings into the set; `cube` is the conjunction of the variables. */
  exists(node: Node, cube: Node): Node {
    if (node <= ALL) return node;
    const level = this.levelOf(node);
    let rest = cube;
    while (rest !== ALL && this.levelOf(rest) < level) rest = this.high(rest);
    return rest === ALL ? node : this.apply(EXISTS, node, rest);
  }

  /** The conjunction of variables, for {@link exists}. */
  cube(levels: Iterable<number>): Node {
    return [...levels].toSorted((a, b) => b - a).reduce((below, level) => this.make(level, NONE, below), ALL);
  }

  /** The set in which every variable of `values` stands for that function of the variables. */
  compose(node: Node, values: ReadonlyMap<number, Node>): Node {
    if (!this.asks(node, values)) return node;
    const last = Math.max(...values.keys());
    const known = new Map<Node, Node>();
    const go = (each: Node): Node => {
      const level = this.levelOf(each);
      if (level > last) return each;
      const found = known.get(each);
      if (found !== undefined) return found;
      const low = go(this.low(each));
      const high = go(this.high(each));
      const value = values.get(level);
      let composed: Node;
      if (value === undefined && level < this.levelOf(low) && level < this.levelOf(high))
        composed = this.make(level, low, high);
      else composed = low === high ? low : this.ite(value ?? this.variable(level), high, low);
      known.set(each, composed);
      return composed;
    };
    return go(node);
  }

  /** The union of sets, in pairs: no long list is gone through by every one of them. */
  union(sets: readonly Node[]): Node {
    let level = sets;
    while (level.length > 1) {
      const next: Node[] = [];
      for (let i = 0; i < level.length; i += 2) next.push(this.or(level[i] as Node, level[i + 1] ?? NONE));
      level = next;
    }
    return level[0] ?? NONE;
  }

  /** Nodes of a set, counted as far as `most`. */
  sizeOf(node: Node, most = Number.POSITIVE_INFINITY): number {
    let size = 0;
    this.visit(node, () => ++size < most);
    return size;
  }

  /** Variables that the set depends on, ascending. */
  support(node: Node): number[] {
    const asked: boolean[] = [];
    let last = -1;
    this.visit(node, (each) => {
      const level = this.levelOf(each);
      asked[level] = true;
      if (level > last) last = level;
      return true;
    });
    const levels: number[] = [];
    for (let level = 0; level <= last; level++) if (asked[level]) levels.push(level);
    return levels;
  }

  private asks(node: Node, values: ReadonlyMap<number, Node>): boolean {
    let found = false;
    this.visit(node, (each) => {
      found = values.has(this.levelOf(each));
      return !found;
    });
    return found;
  }

  /** Every node of the set once, until `take` has seen enough. */
  private visit(node: Node, take: (node: Node) => boolean): void {
    const { nodes } = this;
    const mark = ++this.visits;
    const open = [node];
    for (let each = open.pop(); each !== undefined; each = open.pop()) {
      if (each <= ALL || nodes[each * NODE + MARK] === mark) continue;
      nodes[each * NODE + MARK] = mark;
      if (!take(each)) return;
      open.push(this.low(each), this.high(each));
    }
  }

  /** Is the assignment in the set? */
  holds(node: Node, value: (level: number) => boolean): boolean {
    let each = node;
    while (each > ALL) each = value(this.levelOf(each)) ? this.high(each) : this.low(each);
    return each === ALL;
  }

  /**
   * One assignment of the set: the variables that it fixes; all others may be anything. Undefined for the empty set.
   * @param prefers the value to take where both lead into the set; 0 without it
   */
  pick(node: Node, prefers: (level: number) => boolean = () => false): Map<number, boolean> | undefined {
    if (node === NONE) return undefined;
    const values = new Map<number, boolean>();
    let each = node;
    while (each > ALL) {
      const level = this.levelOf(each);
      const wanted = prefers(level);
      const value = (wanted ? this.high(each) : this.low(each)) !== NONE ? wanted : !wanted;
      values.set(level, value);
      each = value ? this.high(each) : this.low(each);
    }
    return values;
  }

  /** The share of all assignments that are in the set, 0..1. */
  share(node: Node): number {
    const known = new Map<Node, number>([
      [NONE, 0],
      [ALL, 1],
    ]);
    const go = (each: Node): number => {
      const found = known.get(each);
      if (found !== undefined) return found;
      const share = (go(this.low(each)) + go(this.high(each))) / 2;
      known.set(each, share);
      return share;
    };
    return go(node);
  }

  /** Steps beside it that belong to the same question. */
  spend(steps: number): void {
    this.steps += steps;
    if (this.steps > this.most.steps) throw new BddFull(`${this.most.steps} steps`);
  }

  private apply(operation: Operation, left: Node, right: Node): Node {
    const hash = entryOf(operation, left, right);
    const known = this.cache;
    const slot = (hash & (known.length / ENTRY - 1)) * ENTRY;
    if (known[slot + 1] === left && known[slot + 2] === right && known[slot] === operation)
      return known[slot + 3] as number;
    if (++this.steps > this.most.steps) throw new BddFull(`${this.most.steps} steps`);
    const result = this.result(operation, left, right);
    // It may have grown meanwhile.
    const { cache } = this;
    const place = (hash & (cache.length / ENTRY - 1)) * ENTRY;
    cache[place] = operation;
    cache[place + 1] = left;
    cache[place + 2] = right;
    cache[place + 3] = result;
    return result;
  }

  private result(operation: Operation, left: Node, right: Node): Node {
    if (operation === EXISTS) return this.quantify(left, right);
    return operation === MEETS ? this.meet(left, right) : this.branch(operation, left, right);
  }

  private meet(left: Node, right: Node): Node {
    const { nodes } = this;
    const a = nodes[left * NODE] as number;
    const b = nodes[right * NODE] as number;
    const isMet =
      this.meets(a <= b ? this.low(left) : left, b <= a ? this.low(right) : right) ||
      this.meets(a <= b ? this.high(left) : left, b <= a ? this.high(right) : right);
    return isMet ? ALL : NONE;
  }

  private branch(operation: Operation, left: Node, right: Node): Node {
    const { nodes } = this;
    const a = nodes[left * NODE] as number;
    const b = nodes[right * NODE] as number;
    // Both branches are read while the node is at hand.
    const lowLeft = a <= b ? this.low(left) : left;
    const highLeft = a <= b ? this.high(left) : left;
    const lowRight = b <= a ? this.low(right) : right;
    const highRight = b <= a ? this.high(right) : right;
    const low = this.operate(operation, lowLeft, lowRight);
    return this.make(Math.min(a, b), low, this.operate(operation, highLeft, highRight));
  }

  private operate(operation: Operation, left: Node, right: Node): Node {
    switch (operation) {
      case AND:
        return this.and(left, right);
      case OR:
        return this.or(left, right);
      case DIFF:
        return this.diff(left, right);
      default:
        return this.xor(left, right);
    }
  }

  private quantify(node: Node, cube: Node): Node {
    const level = this.levelOf(node);
    if (this.levelOf(cube) !== level)
      return this.make(level, this.exists(this.low(node), cube), this.exists(this.high(node), cube));
    const rest = this.high(cube);
    const low = this.exists(this.low(node), rest);
    return low === ALL ? ALL : this.or(low, this.exists(this.high(node), rest));
  }

  private grow(): void {
    this.room *= 4;
    const nodes = new Int32Array(this.room * NODE);
    nodes.set(this.nodes);
    this.nodes = nodes;
    this.unique = new Int32Array(this.room * 2);
    if (this.cache.length < MOST_CACHE * ENTRY)
      this.cache = new Int32Array(Math.min(this.room, MOST_CACHE) * ENTRY);
    const { unique } = this;
    const mask = unique.length - 1;
    for (let node = 2; node < this.count; node++) {
      let at = placeOf(this.levelOf(node), this.low(node), this.high(node)) & mask;
      while (unique[at] !== 0) at = (at + 1) & mask;
      unique[at] = node;
    }
  }
}

/**
 * Where a node is looked for: sixteen that are made one after the other, each above the one before, are in one line of the processor's
 * cache.
 */
function placeOf(level: number, low: Node, high: Node): number {
  const last = low > high ? low : high;
  if (last <= ALL) return mix(level, low, high);
  return (mix(last >>> 4, low > high ? 1 : 0, low > high ? high : low) << 4) | (last & 15);
}

function entryOf(operation: Operation, left: Node, right: Node): number {
  return (mix(left >>> 4, right >>> 4, operation) << 4) | ((left + 2 * right) & 15);
}

function mix(a: number, b: number, c: number): number {
  let hash = Math.imul(a, 0x85ebca6b) ^ Math.imul(b + 0x165667b1, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 15), 0x27d4eb2f) ^ Math.imul(c + 0x2545f491, 0x9e3779b1);
  return (hash ^ (hash >>> 13)) >>> 0;
}
