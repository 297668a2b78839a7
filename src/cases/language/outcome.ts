/** What is expected of a packet: `delivered via eth0 as 172.31.13.55, answered`, `dropped by filter FORWARD policy`. */
import { CLAUSES, type Clauses, printClauses, readClause, unknownWord } from './clauses.ts';
import { faultAt, WordReader } from './words.ts';

/**
 * What becomes of a packet. `delivered`: it gets there, or leaves for where the inputs end. `forwarded`: it leaves by an interface beyond which
 * nothing is known. `refused`: it gets there, and nothing listens.
 */
export type Verdict =
  | 'delivered'
  | 'forwarded'
  | 'bridged'
  | 'dropped'
  | 'rejected'
  | 'refused'
  | 'no route'
  | 'consumed'
  | 'unknown';

export const VERDICTS: readonly Verdict[] = [
  'delivered',
  'forwarded',
  'bridged',
  'dropped',
  'rejected',
  'refused',
  'no route',
  'consumed',
  'unknown',
];

export interface Ending {
  /** Any of them. */
  readonly verdicts: readonly Verdict[];
  readonly clauses: Clauses;
}

export interface PacketOutcome extends Ending {
  /** Not asked, a matter of course either way, or how it ends itself. */
  readonly answer?: 'comes' | 'none' | Ending;
}

const ANSWERS = ['answered', 'unanswered', 'no', 'answer'];
const WORDS = VERDICTS.map((verdict) => verdict.split(' ')[0] as string);

export function readOutcome(line: string): PacketOutcome {
  const words = new WordReader(line);
  const ending = readEnding(words);
  const answer = readAnswer(words);
  const rest = words.peek();
  if (rest) throw unknownWord(rest, answer === undefined ? [...CLAUSES, ...ANSWERS] : CLAUSES);
  return { ...ending, ...(answer !== undefined && { answer }) };
}

function readAnswer(words: WordReader): PacketOutcome['answer'] {
  if (words.take('answered')) return 'comes';
  if (words.take('unanswered') || words.take('no', 'answer')) return 'none';
  if (!words.take('answer')) return undefined;
  if (words.take('comes', 'back') || words.take('comes')) return 'comes';
  return readEnding(words);
}

function readEnding(words: WordReader): Ending {
  const verdicts = [readVerdict(words)];
  while (words.take('or')) verdicts.push(readVerdict(words));
  let clauses: Clauses = {};
  for (let more = readClause(words, clauses); more; more = readClause(words, clauses)) clauses = more;
  return { verdicts, clauses };
}

function readVerdict(words: WordReader): Verdict {
  const word = words.need('what becomes of it', `One of ${VERDICTS.join(', ')}.`);
  if (word.text === 'no' && words.take('route')) return 'no route';
  const verdict = VERDICTS.find((each) => each === word.text.toLowerCase());
  if (verdict && !word.quoted) return verdict;
  if (word.text === 'accepted')
    throw faultAt(
      word,
      '"accepted" is what a rule does; of a packet is said what becomes of it',
      'Write delivered, and by which rule if that matters: `delivered by filter FORWARD 2`.',
    );
  throw unknownWord(word, WORDS);
}

export function printOutcome({ answer, ...ending }: PacketOutcome): string {
  const there = printEnding(ending);
  if (answer === undefined) return there;
  if (answer === 'comes') return `${there}, answered`;
  return answer === 'none' ? `${there}, no answer` : `${there}, answer ${printEnding(answer)}`;
}

function printEnding({ verdicts, clauses }: Ending): string {
  return [verdicts.join(' or '), ...printClauses(clauses)].join(' ');
}
