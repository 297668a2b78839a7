/** The parts of an expectation that say where and as what a packet ended: the same for packets, their answers and flows. */
import { nearest } from '../../base/nearest.ts';
import { type By, printBy, readBy } from './by.ts';
import { type Address, addressText, readAddress, readMark } from './end.ts';
import { faultAt, quote, type Word, type WordReader } from './words.ts';

export interface Clauses {
  readonly by?: By;
  /** Namespace where it ended. */
  readonly in?: string;
  /** `eth0`: the last interface it left by; `red:eth0`: one on its way. */
  readonly via?: readonly string[];
  /** Its source at the end, behind source NAT. */
  readonly as?: Address;
  /** Its destination at the end, behind destination NAT. */
  readonly to?: Address;
  readonly mark?: { readonly value: number; readonly mask: number };
  /** What conntrack made of it, where it ended. */
  readonly state?: ConntrackState;
  /** What a rejected packet is answered with: `tcp-reset`. */
  readonly with?: string;
}

export type ClauseName = keyof Clauses;

export const STATES = ['new', 'established', 'related', 'invalid', 'untracked'] as const;
export type ConntrackState = (typeof STATES)[number];

export const CLAUSES: readonly ClauseName[] = ['by', 'in', 'via', 'as', 'to', 'mark', 'state', 'with'];

/** Takes one part, if the next word begins one. */
export function readClause(words: WordReader, known: Clauses): Clauses | undefined {
  const word = words.peek();
  if (!word || word.quoted || !CLAUSES.some((name) => name === word.text)) return undefined;
  words.next();
  const name = word.text as ClauseName;
  if (known[name] !== undefined && name !== 'via')
    throw faultAt(word, `\`${name}\` is said twice`, 'Say it once.');
  switch (name) {
    case 'by':
      return { ...known, by: readBy(words) };
    case 'in':
      return { ...known, in: words.need('the namespace').text };
    case 'via':
      return { ...known, via: [...(known.via ?? []), words.need('the interface').text] };
    case 'as':
    case 'to':
      return { ...known, [name]: readAddress(words.need('an address')) };
    case 'mark':
      return { ...known, mark: readMark(words.need('the mark')) };
    case 'state':
      return { ...known, state: readState(words.need('the state')) };
    case 'with':
      return { ...known, with: words.need('the answer, such as tcp-reset').text };
  }
}

export function readState(word: Word): ConntrackState {
  const state = STATES.find((each) => each === word.text.toLowerCase());
  if (state) return state;
  throw faultAt(word, `${quote(word.text)} is no state of a connection`, `One of ${STATES.join(', ')}.`);
}

const MOST_LISTED = 20;

/** A word that can't stand there, with the one that was probably meant. */
export function unknownWord(word: Word, known: readonly string[]) {
  const near = nearest(word.text, known);
  const guess = near === undefined ? '' : `Did you mean ${near}? `;
  const list = known.length > MOST_LISTED ? 'See nettrace explain.' : `Expected: ${known.join(', ')}.`;
  return faultAt(word, `${quote(word.text)} can’t stand here`, `${guess}${list}`);
}

export function printClauses(clauses: Clauses): string[] {
  const { by, via, as, to, mark, state } = clauses;
  return [
    ...(by ? [`by ${printBy(by)}`] : []),
    ...(clauses.in === undefined ? [] : [`in ${clauses.in}`]),
    ...(via ?? []).map((device) => `via ${device}`),
    ...(as ? [`as ${addressText(as)}`] : []),
    ...(to ? [`to ${addressText(to)}`] : []),
    ...(mark ? [`mark ${markText(mark)}`] : []),
    ...(state ? [`state ${state}`] : []),
    ...(clauses.with === undefined ? [] : [`with ${clauses.with}`]),
  ];
}

function markText({ value, mask }: NonNullable<Clauses['mark']>): string {
  const text = `0x${value.toString(16)}`;
  return mask === 0xffffffff ? text : `${text}/0x${mask.toString(16)}`;
}
