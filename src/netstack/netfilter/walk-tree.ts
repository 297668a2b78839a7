/**
 * The walks that packets took through a hook's chain of a table, as a tree of what was asked on them: a packet that answers as an
 * earlier one did goes the same way. What follows from answers given before isn't asked again, so that few questions lie
 * between a packet and its walk. The tree grows while packets come, up to a size that goes by the number of rules.
 */
import type { InterfaceMatch, Rule } from '../../xtables/rule.ts';
import { nextPlace } from './chain-index.ts';
import type { KnownWalk } from './known-walk.ts';
import type { PacketKey } from './packet-key.ts';
import { ASKED, holds } from './question.ts';
import { indexOf, type ProgramChain, type RuleTest, type TableProgram } from './table-program.ts';
import type { Walk } from './verdict.ts';
import { contextOf } from './walk-state.ts';

/** An answer: no, yes, or neither. Of `next` it is a place. */
export const NO = 0;
export const YES = 1;
export const NEITHER = 2;

/** Numbers of a question in a list: kind, mask, value, answer. */
export const QUESTION = 4;

/**
 * Words of a node: kind, mask, value, and what comes of no, yes and neither: the node at that word, -1 - the number of a walk, or 0
 * where no packet went yet. A node that asks for the next rule has the number of a list in place of `no`: by place.
 */
const NODE = 6;
const MASK = 1;
const VALUE = 2;
const ANSWERS = 3;
const IN_NODES = -1;

export class WalkTree {
  readonly program: TableProgram;
  readonly names: InterfaceMatch[] = [];
  /** Word 0 is what comes first, and no node's. */
  #nodes = new Int32Array(64);
  #length = 1;
  readonly #lists: Int32Array[] = [];
  readonly #walks: KnownWalk[] = [];
  /** Words that may still be taken, for walks as well. */
  #left: number;

  constructor(program: TableProgram) {
    this.program = program;
    this.#left = LEAST_WORDS + program.rules.length * WORDS_PER_RULE;
  }

  get hasRoom(): boolean {
    return this.#left > 0;
  }

  /** Number of that interface, for questions. */
  nameNumber(match: InterfaceMatch): number {
    const known = this.names.findIndex(
      ({ name, wildcard }) => name === match.name && wildcard === match.wildcard,
    );
    return known < 0 ? this.names.push(match) - 1 : known;
  }

  find(key: PacketKey, walk: Walk): KnownWalk | undefined {
    const nodes = this.#nodes;
    const { names, program } = this;
    let at = nodes[0] as number;
    while (at > 0) {
      const kind = nodes[at] as number;
      const mask = nodes[at + MASK] as number;
      const value = nodes[at + VALUE] as number;
      if (kind < ASKED.match) {
        at = nodes[at + ANSWERS + (holds(kind, mask, value, key, names) ? YES : NO)] as number;
      } else if (kind === ASKED.next) {
        const chain = program.numbered[mask] as ProgramChain;
        const place = nextPlace(indexOf(chain), key, value, chain.length);
        at = (this.#lists[nodes[at + ANSWERS] as number] as Int32Array)[place - value] as number;
      } else {
        const answer =
          kind === ASKED.match
            ? askMatch(program, value, walk)
            : walk.hooks.decide(program.rules[value] as Rule);
        at = nodes[at + ANSWERS + (answer === undefined ? NEITHER : answer ? YES : NO)] as number;
      }
    }
    return at === 0 ? undefined : this.#walks[-1 - at];
  }

  /**
   * `questions`, each QUESTION numbers. Nothing is added where the tree asks something else: worlds may go through chains with an
   * index and without.
   */
  add(questions: readonly number[], walk: KnownWalk): void {
    let list = IN_NODES;
    let slot = 0;
    for (let i = 0; i < questions.length; i += QUESTION) {
      const kind = questions[i] as number;
      const mask = questions[i + 1] as number;
      const value = questions[i + 2] as number;
      const answer = questions[i + 3] as number;
      let at = this.#words(list)[slot] as number;
      if (at < 0) return;
      if (at === 0) {
        at = this.#newNode(kind, mask, value);
        this.#words(list)[slot] = at;
      }
      const nodes = this.#nodes;
      if (nodes[at] !== kind || nodes[at + MASK] !== mask || nodes[at + VALUE] !== value) return;
      list = kind === ASKED.next ? (nodes[at + ANSWERS] as number) : IN_NODES;
      slot = kind === ASKED.next ? answer - value : at + ANSWERS + answer;
    }
    if (this.#words(list)[slot] !== 0) return;
    this.#words(list)[slot] = -this.#walks.push(walk);
    this.#left -= WALK_WORDS + 2 * (walk.steps.length + walk.rules.length + walk.doubts.length);
  }

  #words(list: number): Int32Array {
    return list === IN_NODES ? this.#nodes : (this.#lists[list] as Int32Array);
  }

  #newNode(kind: number, mask: number, value: number): number {
    const at = this.#length;
    this.#length += NODE;
    this.#left -= NODE;
    if (this.#length > this.#nodes.length) {
      const grown = new Int32Array(this.#nodes.length * 2);
      grown.set(this.#nodes);
      this.#nodes = grown;
    }
    const nodes = this.#nodes;
    nodes[at] = kind;
    nodes[at + MASK] = mask;
    nodes[at + VALUE] = value;
    if (kind === ASKED.next) {
      const places = (this.program.numbered[mask] as ProgramChain).length + 1 - value;
      nodes[at + ANSWERS] = this.#lists.push(new Int32Array(places)) - 1;
      this.#left -= places;
    }
    return at;
  }
}

const LEAST_WORDS = 1 << 14;
const WORDS_PER_RULE = 64;
/** About what the objects of a walk take. */
const WALK_WORDS = 48;

/** Undefined: it can't be told, or drops the packet on the spot. */
function askMatch(program: TableProgram, value: number, walk: Walk): boolean | undefined {
  const id = value >>> 3;
  const tests = program.rests[id] as readonly RuleTest[];
  const { match, info } = tests[value & 7] as RuleTest;
  const context = contextOf(walk, walk.skb, walk.tables.state);
  context.rule = program.rules[id] as Rule;
  const answer = match(info, context);
  return typeof answer === 'boolean' && !context.hotdrop ? answer : undefined;
}
