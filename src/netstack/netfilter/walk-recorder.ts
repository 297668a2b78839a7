/**
 * What a walk asks of its packet, and what comes of it, noted for the tree of walks. Where more is asked than can be noted (what
 * rules remember, what a target does), the note ends before that rule.
 */
import type { NatRange } from '../../xtables/context.ts';
import type { Chain, Rule } from '../../xtables/rule.ts';
import type { Step } from '../hop.ts';
import { marksCompared } from './chain-index.ts';
import type { KnownDoubt, WalkEnd } from './known-walk.ts';
import type { PacketKey } from './packet-key.ts';
import { ASKED, holds, MASKED_KINDS } from './question.ts';
import { type Asks, askWords } from './rule-words.ts';
import { indexOf, type ProgramChain, type TableProgram } from './table-program.ts';
import type { TableVerdict, Undecided } from './verdict.ts';
import type { State } from './walk-state.ts';
import { NEITHER, NO, QUESTION, type WalkTree, YES } from './walk-tree.ts';

type MarkChanges = Pick<State, 'keep' | 'flip'>;

export class WalkRecorder implements Asks {
  /** False: what follows is not noted. */
  isOpen = true;
  readonly #tree: WalkTree;
  /** As the tree takes them. */
  readonly #questions: number[] = [];
  readonly #steps: Step[] = [];
  readonly #rules: number[] = [];
  readonly #doubts: KnownDoubt[] = [];
  /** By field: bits that the answers so far tell. */
  readonly #told: number[] = new Array(MASKED_KINDS).fill(0);
  #end: WalkEnd | undefined;
  #policy: Chain | undefined;
  /** The packet, and the walk or trial that asks about it. */
  #key: PacketKey | undefined;
  #asking: State | undefined;
  /** Where the rule at hand was come to: the walk's place, and the lengths of the lists. */
  readonly #state: State;
  #chain: ProgramChain;
  #index = 0;
  #keep = -1;
  #flip = 0;
  #asked = 0;
  #taken = 0;
  #doubted = 0;

  constructor(tree: WalkTree, state: State) {
    this.#tree = tree;
    this.#state = state;
    this.#chain = state.chain;
  }

  /** The walk comes to a rule, and nothing is only tried out. */
  arrive(): void {
    if (!this.isOpen) return;
    const { chain, index, keep, flip } = this.#state;
    this.#chain = chain;
    this.#index = index;
    this.#keep = keep;
    this.#flip = flip;
    this.#asked = this.#questions.length;
    this.#taken = this.#steps.length;
    this.#doubted = this.#doubts.length;
    if (this.#taken > MOST_STEPS) this.close();
  }

  /** More is asked than can be noted. */
  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#questions.length = this.#asked;
    this.#steps.length = this.#taken;
    this.#rules.length = this.#taken;
    this.#doubts.length = this.#doubted;
    const { stack, jumps } = this.#state;
    const back = stack.map(({ chain, index }) => ({ chain, index }));
    this.#end = { kind: 'open', at: { chain: this.#chain, index: this.#index, stack: back, jumps } };
  }

  /** Are the rule's conditions that are said in words met? It is asked in place of wordsHold(). */
  words({ words }: TableProgram, at: number, key: PacketKey, state: State): boolean {
    this.#key = key;
    this.#asking = state;
    return askWords(words, at, this);
  }

  ask(kind: number, mask: number, value: number): boolean {
    const answer = holds(kind, mask, value, this.#key as PacketKey, this.#tree.names);
    if (kind === ASKED.mark) this.#noteMark(mask, value, answer);
    else this.#note(kind, mask, value, answer);
    return answer;
  }

  /** As interfacesMatch() asks. */
  interfaces(rule: Rule, key: PacketKey): void {
    if (!this.isOpen) return;
    this.#key = key;
    if (rule.in && this.ask(ASKED.in, 0, this.#tree.nameNumber(rule.in)) === rule.in.invert) return;
    if (rule.out) this.ask(ASKED.out, 0, this.#tree.nameNumber(rule.out));
  }

  /** `answer`: whether it holds; of another one than yes or no nothing can follow here. */
  match(id: number, which: number, answer: unknown, { keep, flip }: State): void {
    if (!this.isOpen) return;
    const value = id * 8 + which;
    // The tree asks before the mark is changed.
    if (which > MOST_MATCHES || keep !== -1 || flip !== 0) this.close();
    else if (typeof answer === 'boolean') this.#push(ASKED.match, 0, value, answer ? YES : NO);
    else {
      this.#push(ASKED.match, 0, value, NEITHER);
      // What was asked stays: a packet of which it can be told may go on.
      this.#asked = this.#questions.length;
      this.close();
    }
  }

  evidence(id: number, answer: boolean | undefined): void {
    this.#push(ASKED.evidence, 0, id, answer === undefined ? NEITHER : answer ? YES : NO);
  }

  /** The index of the chain gave that place as the next. */
  next(chain: ProgramChain, from: number, place: number, { keep, flip }: State): void {
    if ((keep !== -1 || flip !== 0) && marksCompared(indexOf(chain))) this.close();
    else this.#push(ASKED.next, chain.number, from, place);
  }

  took(rule: number, step: Step): void {
    if (!this.isOpen) return;
    this.#rules.push(rule);
    this.#steps.push(step);
  }

  decidedBy(step: Step, policy: Chain): void {
    if (!this.isOpen) return;
    this.#steps.push(step);
    this.#policy = policy;
  }

  doubted(of: Undecided): void {
    if (this.isOpen) this.#doubts.push({ behind: this.#steps.length, of });
  }

  mapped(nat: NatRange, refused: TableVerdict): void {
    if (this.isOpen) this.#end = { kind: 'nat', nat, refused };
  }

  finish(verdict: TableVerdict): void {
    const { keep, flip } = this.#state;
    this.#tree.add(this.#questions, {
      steps: this.#steps,
      rules: this.#rules,
      doubts: this.#doubts,
      keep: this.isOpen ? keep : this.#keep,
      flip: this.isOpen ? flip : this.#flip,
      end: this.#end ?? { kind: 'verdict', verdict, policy: this.#policy },
    });
  }

  /** Of two ways that a packet may go: do they leave it with the same mark? */
  marks(one: MarkChanges, other: MarkChanges, answer: boolean): void {
    const mask = one.keep ^ other.keep;
    const flip = one.flip ^ other.flip;
    if ((flip & ~mask) === 0) this.#note(ASKED.mark, mask, flip, answer);
  }

  /** Of the mark as it is now, in terms of the one that the packet came with. */
  #noteMark(mask: number, value: number, answer: boolean): void {
    const { keep, flip } = this.#asking as State;
    const wanted = (value ^ flip) & mask;
    const isCertain = (value & ~mask) !== 0 || (wanted & ~keep) !== 0;
    if (!isCertain) this.#note(ASKED.mark, mask & keep, wanted, answer);
  }

  #note(kind: number, mask: number, value: number, answer: boolean): void {
    if (!this.isOpen || this.#follows(kind, mask, value)) return;
    this.#push(kind, mask, value, answer ? YES : NO);
    if (answer && kind < MASKED_KINDS) this.#told[kind] = (this.#told[kind] as number) | mask;
  }

  /** From what was answered before. */
  #follows(kind: number, mask: number, value: number): boolean {
    if (kind < MASKED_KINDS && ((this.#told[kind] as number) & mask) === mask) return true;
    const questions = this.#questions;
    for (let i = 0; i < questions.length; i += QUESTION) {
      if (questions[i] === kind && questions[i + 1] === mask && questions[i + 2] === value) return true;
    }
    return false;
  }

  #push(kind: number, mask: number, value: number, answer: number): void {
    if (!this.isOpen) return;
    if (this.#questions.length < MOST_QUESTIONS * QUESTION) this.#questions.push(kind, mask, value, answer);
    else this.close();
  }
}

const MOST_QUESTIONS = 128;
const MOST_STEPS = 256;
/** Of a rule, counted from 0: a question has three bits for them. */
const MOST_MATCHES = 7;
