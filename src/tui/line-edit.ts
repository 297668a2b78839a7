/** A line that is being typed, with the keys of readline(3). */

export interface Line {
  readonly text: string;
  /** Characters before the cursor. */
  readonly at: number;
}

export function lineOf(text: string): Line {
  return { text, at: text.length };
}

/** A key as blessed names it, or what it typed; undefined: the key does nothing to a line. */
export function edit({ text, at }: Line, key: string, typed: string | undefined): Line | undefined {
  const before = text.slice(0, at);
  const after = text.slice(at);
  switch (key) {
    case 'left':
    case 'C-b':
      return { text, at: Math.max(0, at - 1) };
    case 'right':
    case 'C-f':
      return { text, at: Math.min(text.length, at + 1) };
    case 'home':
    case 'C-a':
      return { text, at: 0 };
    case 'end':
    case 'C-e':
      return { text, at: text.length };
    case 'backspace':
    case 'C-h':
      return { text: before.slice(0, -1) + after, at: Math.max(0, at - 1) };
    case 'delete':
    case 'C-d':
      return { text: before + after.slice(1), at };
    case 'C-u':
      return { text: after, at: 0 };
    case 'C-k':
      return { text: before, at };
    case 'C-w': {
      const kept = before.replace(/\S+\s*$/, '');
      return { text: kept + after, at: kept.length };
    }
  }
  if (typed === undefined || !/^[\p{L}\p{N}\p{P}\p{S} ]+$/u.test(typed)) return undefined;
  return { text: before + typed + after, at: at + typed.length };
}
