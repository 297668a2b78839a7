/** What is expected of a flow that captures show: `dropped by fwd-ip-forward-off in host, last seen at host:br0`. */
import { type FlowStatus, STATUSES } from '../../correlate/status.ts';
import { CAUSES } from '../../diagnose/causes.ts';
import { type Clauses, printClauses, readClause, unknownWord } from './clauses.ts';
import { faultAt, quote, WordReader } from './words.ts';

export interface FlowOutcome {
  /** Any of them. */
  readonly statuses: readonly FlowStatus[];
  /** Delivered, and no finding above mere information is about it. */
  readonly healthy: boolean;
  /** `by`, `in`, `as` and `to`. */
  readonly clauses: Clauses;
  /** Causes that are right as well. */
  readonly orBy: readonly string[];
  readonly seen: readonly string[];
  readonly notSeen: readonly string[];
  readonly lastSeen?: string;
  /** A part of the commands that repair it. */
  readonly fix?: string;
}

const WORDS = ['by', 'in', 'as', 'to', 'seen at', 'last seen at', 'not seen at', 'fix'];

export function readFlowOutcome(line: string): FlowOutcome {
  const words = new WordReader(line);
  const healthy = words.take('healthy');
  const statuses: FlowStatus[] = healthy ? ['delivered'] : [readStatus(words)];
  while (!healthy && words.take('or')) statuses.push(readStatus(words));
  let outcome: FlowOutcome = { statuses, healthy, clauses: {}, orBy: [], seen: [], notSeen: [] };
  while (words.peek()) outcome = readPart(words, outcome);
  return outcome;
}

function readPart(words: WordReader, outcome: FlowOutcome): FlowOutcome {
  if (words.take('last', 'seen')) return { ...outcome, lastSeen: place(words) };
  if (words.take('not', 'seen')) return { ...outcome, notSeen: [...outcome.notSeen, place(words)] };
  if (words.take('seen')) return { ...outcome, seen: [...outcome.seen, place(words)] };
  if (words.take('fix')) return { ...outcome, fix: words.need('a part of the command, in quotes').text };
  const next = words.peek();
  const isOfFlows = next !== undefined && WORDS.includes(next.text);
  const clauses = isOfFlows ? readClause(words, outcome.clauses) : undefined;
  if (!clauses) throw unknownWord(words.need('nothing'), WORDS);
  const orBy = [...outcome.orBy];
  while (next?.text === 'by' && words.take('or')) orBy.push(readCause(words));
  return { ...outcome, clauses, orBy };
}

function place(words: WordReader): string {
  words.take('at');
  const word = words.need('a place, such as host:eth0');
  if (/.:./.test(word.text)) return word.text;
  throw faultAt(word, `${quote(word.text)} is no place`, 'Such as host:eth0: a namespace and its interface.');
}

function readCause(words: WordReader): string {
  const word = words.need('another cause');
  if (CAUSES.some(({ id }) => id === word.text)) return word.text;
  throw unknownWord(
    word,
    CAUSES.map(({ id }) => id),
  );
}

function readStatus(words: WordReader): FlowStatus {
  const word = words.need('what became of it', `One of healthy, ${STATUSES.join(', ')}.`);
  const status = STATUSES.find((each) => each === word.text.toLowerCase());
  if (status && !word.quoted) return status;
  throw unknownWord(word, ['healthy', ...STATUSES]);
}

export function printFlowOutcome(outcome: FlowOutcome): string {
  const { statuses, healthy, clauses, orBy, seen, notSeen, lastSeen, fix } = outcome;
  const { by, ...rest } = clauses;
  const causes = by ? [[...printClauses({ by }), ...orBy].join(' or ')] : [];
  const parts = [
    [healthy ? 'healthy' : statuses.join(' or '), ...causes, ...printClauses(rest)].join(' '),
    ...seen.map((at) => `seen at ${at}`),
    ...notSeen.map((at) => `not seen at ${at}`),
    ...(lastSeen === undefined ? [] : [`last seen at ${lastSeen}`]),
    ...(fix === undefined ? [] : [`fix "${fix}"`]),
  ];
  return parts.join(', ');
}
