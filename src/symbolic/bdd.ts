/**
 * Sets of packets as reduced ordered binary decision diagrams (Bryant 1986): nodes are numbers, equal sets are the same node, and
 * nodes lie in typed arrays. A node is never freed: who is done with all of them drops the manager.
 */

/** A set of assignments of the variables: 0 is the empty set, 1 is all. */
export type Node = number;

export const NONE: Node = 0;
export const ALL: Node = 1;

/** 18 bytes each, and the caches beside them. */
export const MOST_NODES = 12_000_000;
/** Steps of operations; some ten million take a second. */
export const MOST_STEPS = 400_000_000;
const FIRST_NODES = 1 << 16;
const FIRST_CACHE = 1 << 16;
const MOST_CACHE = 1 << 20;
/** Below every variable. */
const BOTTOM = 0xffff;

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
  private levels: Uint16Array = new Uint16Array(FIRST_NODES);
  private lows: Int32Array = new Int32Array(FIRST_NODES);
  private highs: Int32Array = new Int32Array(FIRST_NODES);
  /** Open addressing; 0 is a free place. Twice as long as the arrays of nodes. */
  private unique: Int32Array = new Int32Array(FIRST_NODES * 2);
  /** By the last visit that came by. */
  private marks: Uint32Array = new Uint32Array(FIRST_NODES);
  private visits = 0;
  /** The last result of each slot. */
  private cache = createCache(FIRST_CACHE);

  /** @param most an operation that needs more throws {@link BddFull} */
  constructor(most: BddLimits = { nodes: MOST_NODES, steps: MOST_STEPS }) {
    this.most = most;
    this.levels[NONE] = BOTTOM;
    this.levels[ALL] = BOTTOM;
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
    return this.levels[node] as number;
  }

  low(node: Node): Node {
    return this.lows[node] as number;
  }

  high(node: Node): Node {
    return this.highs[node] as number;
  }

  /** A node that asks `level`, which must lie above both branches. */
  make(level: number, low: Node, high: Node): Node {
    if (low === high) return low;
    const { unique } = this;
    const mask = unique.length - 1;
    let at = hash3(level, low, high) & mask;
    for (;;) {
      const found = unique[at] as number;
      if (found === 0) break;
      if (this.levels[found] === level && this.lows[found] === low && this.highs[found] === high)
        return found;
      at = (at + 1) & mask;
    }
    if (this.count >= this.most.nodes) throw new BddFull(`${this.most.nodes} nodes`);
    if (this.count === this.levels.length) {
      this.grow();
      return this.make(level, low, high);
    }
    const node = this.count++;
    this.levels[node] = level;
    this.lows[node] = low;
    this.highs[node] = high;
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
    if (values.size === 0) return node;
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

  /** Every node of the set once, until `take` has seen enough. */
  private visit(node: Node, take: (node: Node) => boolean): void {
    if (this.marks.length < this.levels.length) this.marks = new Uint32Array(this.levels.length);
    const { marks } = this;
    const mark = ++this.visits;
    const open = [node];
    for (let each = open.pop(); each !== undefined; each = open.pop()) {
      if (each <= ALL || marks[each] === mark) continue;
      marks[each] = mark;
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

  private apply(operation: Operation, left: Node, right: Node): Node {
    const hash = hash3(operation, left, right);
    const known = this.cache;
    const slot = hash & (known.operations.length - 1);
    if (known.operations[slot] === operation && known.lefts[slot] === left && known.rights[slot] === right)
      return known.results[slot] as number;
    if (++this.steps > this.most.steps) throw new BddFull(`${this.most.steps} steps`);
    const result = this.result(operation, left, right);
    // The cache may have grown meanwhile.
    const { operations, lefts, rights, results } = this.cache;
    const place = hash & (operations.length - 1);
    operations[place] = operation;
    lefts[place] = left;
    rights[place] = right;
    results[place] = result;
    return result;
  }

  private result(operation: Operation, left: Node, right: Node): Node {
    if (operation === EXISTS) return this.quantify(left, right);
    return operation === MEETS ? this.meet(left, right) : this.branch(operation, left, right);
  }

  private meet(left: Node, right: Node): Node {
    const a = this.levels[left] as number;
    const b = this.levels[right] as number;
    const level = Math.min(a, b);
    const isMet =
      this.meets(a === level ? this.low(left) : left, b === level ? this.low(right) : right) ||
      this.meets(a === level ? this.high(left) : left, b === level ? this.high(right) : right);
    return isMet ? ALL : NONE;
  }

  private branch(operation: Operation, left: Node, right: Node): Node {
    const a = this.levels[left] as number;
    const b = this.levels[right] as number;
    const level = Math.min(a, b);
    const low = this.operate(
      operation,
      a === level ? this.low(left) : left,
      b === level ? this.low(right) : right,
    );
    const high = this.operate(
      operation,
      a === level ? this.high(left) : left,
      b === level ? this.high(right) : right,
    );
    return this.make(level, low, high);
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
    const length = this.levels.length * 2;
    this.levels = copied(this.levels, new Uint16Array(length));
    this.lows = copied(this.lows, new Int32Array(length));
    this.highs = copied(this.highs, new Int32Array(length));
    this.unique = new Int32Array(length * 2);
    this.cache = createCache(Math.min(length, MOST_CACHE));
    const mask = this.unique.length - 1;
    for (let node = 2; node < this.count; node++) {
      let at = hash3(this.levelOf(node), this.low(node), this.high(node)) & mask;
      while (this.unique[at] !== 0) at = (at + 1) & mask;
      this.unique[at] = node;
    }
  }
}

function createCache(length: number) {
  return {
    operations: new Uint8Array(length),
    lefts: new Int32Array(length),
    rights: new Int32Array(length),
    results: new Int32Array(length),
  };
}

function copied<T extends Uint16Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function hash3(a: number, b: number, c: number): number {
  let hash = Math.imul(a + 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x165667b1, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 15), 0x27d4eb2f) ^ Math.imul(c + 0x2545f491, 0x9e3779b1);
  return (hash ^ (hash >>> 13)) >>> 0;
}
