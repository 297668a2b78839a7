/** The words of one ipset(8) command line: separated by blanks, a quoted one whole. Undefined: a quote never ends. */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  const pattern = /\s*(?:"([^"]*)"|([^\s"]\S*))/y;
  while (pattern.lastIndex < line.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(line);
    if (!match) return line.slice(at).trim() === '' ? words : undefined;
    words.push(match[1] ?? match[2] ?? '');
  }
  return words;
}

/** Why words are no command, worded to stand after them. */
export interface Refused {
  readonly refused: string;
}

export function refused(text: string): Refused {
  return { refused: text };
}

export function isRefused(value: object): value is Refused {
  return 'refused' in value;
}

/** Old scripts write options as `--timeout`. */
export function optionWord(word: string): string {
  return word.replace(/^--?(?=[a-z])/, '');
}
