/** The states of a machine while a session's captures ran: what was typed and printed until then. */
import type { CaptureInput, InputSet } from '../input/input.ts';

export interface SessionState {
  /** As if the session had ended then; dumps that stand for themselves are of the time after it all. */
  readonly inputs: InputSet;
  /** Epoch seconds of the first and last packet that was captured in it. */
  readonly taken: { readonly first: number; readonly last: number };
}

/** From when until when a capture has packets, by its index; undefined: it has none. */
export type SpanOf = (capture: number) => { readonly first: number; readonly last: number } | undefined;

/**
 * One for each stretch of the session, between two commands that change something, in which packets were captured. None where only
 * one is, with nothing typed behind it, or where the packets' times contradict the order in which things were typed.
 */
export function sessionStates(inputs: InputSet, spanOf: SpanOf): SessionState[] {
  const { captures, commands = [] } = inputs;
  const states: SessionState[] = [];
  let before: number | undefined;
  for (const [index, capture] of captures.entries()) {
    const { step } = capture;
    const taken = spanOf(index);
    if (step === undefined || !taken) continue;
    const end = nextChange(inputs, capture, step);
    const typed = commands.filter((command) => isTyped(inputs, capture.path, command, end));
    const last = states.at(-1);
    if (last && taken.first < last.taken.last) return [];
    if (last && before === typed.length) {
      states[states.length - 1] = { ...last, taken: { first: last.taken.first, last: taken.last } };
      continue;
    }
    before = typed.length;
    const dumps = inputs.dumps.filter(
      (dump) =>
        dump.step !== undefined &&
        isTyped(inputs, capture.path, { path: dump.dump.path, step: dump.step }, end),
    );
    states.push({ inputs: { ...inputs, commands: typed, dumps }, taken });
  }
  return before === commands.length && states.length === 1 ? [] : states;
}

/** The step at which something is changed next in its file. */
function nextChange({ commands = [] }: InputSet, { path }: CaptureInput, step: number): number {
  const next = commands.find((command) => command.path === path && command.step > step);
  return next?.step ?? Number.POSITIVE_INFINITY;
}

/** Of files before it in the order they were named, everything. */
function isTyped(
  { commands = [], captures }: InputSet,
  path: string,
  what: { readonly path: string; readonly step: number },
  end: number,
): boolean {
  if (what.path === path) return what.step < end;
  const paths = [...new Set([...commands, ...captures].map((each) => each.path))];
  return paths.indexOf(what.path) < paths.indexOf(path);
}
