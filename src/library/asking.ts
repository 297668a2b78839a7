/** A snapshot that is asked about a packet: the texts read, and what isn't understood of them said. */
import { type PacketOutcome, readOutcome } from '../cases/language/outcome.ts';
import { type Question, readQuestion } from '../cases/language/question.ts';
import { LineError } from '../cases/language/words.ts';
import type { RowScene } from '../cases/report/text.ts';
import { placeQuestion } from '../cases/run/place.ts';
import type { CaseState } from '../cases/run/state.ts';
import type { TextOptions } from '../report/text/style.ts';
import { UsageError } from './errors.ts';
import { stateOf } from './snapshot.ts';

/** What names in a text stand for: `{ office: '192.168.30.20', wan: '198.51.100.7 iif eth0' }`. */
export type Names = Readonly<Record<string, string>>;

/** Which packet a text means on this host; a `UsageError` says where in it something is not understood, or not known. */
export function askedPacket(text: string, state: CaseState, names: Names = {}): Question {
  return understood('the flow', text, () => {
    const question = readQuestion(text, new Map(Object.entries(names)));
    placeQuestion(question, state);
    return question;
  });
}

/** What a text says of a packet. */
export function askedOutcome(text: string): PacketOutcome {
  return understood('the outcome', text, () => readOutcome(text));
}

function understood<T>(what: string, text: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    const { fault, hint, at, length } = error.fault;
    const code = what === 'the flow' ? 'flow-not-understood' : 'outcome-not-understood';
    throw new UsageError(`${what} is not understood: ${fault}`, code, {
      ...(hint !== undefined && { advice: hint }),
      part: { text, at, length },
    });
  }
}

/** A host's state, and the names that texts have for its namespaces. */
export interface KnownState extends CaseState {
  readonly scene: RowScene;
}

export function knownState(snapshot: object): KnownState {
  const state = stateOf(snapshot);
  if (state) {
    const namespaces = [...state.topology.namespaces.values()].map(({ name, container }) => ({
      name,
      ...(container !== undefined && { container }),
    }));
    return { ...state, scene: { namespaces } };
  }
  throw new UsageError('this is no snapshot', 'snapshot', {
    advice:
      'Give the snapshot of a bundle that this copy of nettrace has opened: (await openBundle(…)).snapshot.',
  });
}

/** Texts go into messages, which no terminal lays out. */
export const LAYOUT: TextOptions = { width: 80, color: false };
