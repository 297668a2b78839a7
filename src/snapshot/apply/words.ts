/** Splitting a command as a shell would, without one: quotes, `&&`, `;`, and the few redirections that write settings. */

/** Why a command was not applied, worded to stand after its text. */
export interface Problem {
  readonly problem: string;
  /** It names an interface that isn't there. */
  readonly interface?: string;
  /** It names a namespace that isn't there. */
  readonly namespace?: string;
}

/** setns(2) and rtnetlink find namespaces by the files in /var/run/netns. */
export function noNamespace(name: string): Problem {
  return { problem: `there is no namespace ${name}`, namespace: name };
}

/** What the kernel says is "Cannot find device". */
export function noInterface(name: string): Problem {
  return { problem: `there is no interface ${name}`, interface: name };
}

export function problem(text: string): Problem {
  return { problem: text };
}

export function isProblem(value: object): value is Problem {
  return 'problem' in value;
}

interface Token {
  readonly text: string;
  readonly operator: boolean;
}

/** The commands of a line, to be run one after the other. */
export function splitCommands(line: string): readonly (readonly string[])[] | Problem {
  const tokens = tokenise(line);
  if ('problem' in tokens) return tokens;
  const commands: string[][] = [];
  let words: string[] = [];
  let pending: string | undefined;
  const end = (): void => {
    if (words.length > 0) commands.push(words);
    words = [];
  };
  for (const { text, operator } of tokens) {
    if (!operator) words.push(text);
    else if (text === '&&' || text === ';' || text === '\n') end();
    else if (text === '>' || text === '|') {
      // Only `echo VALUE > FILE` and `echo VALUE | tee FILE` mean a setting; who reads them decides on the marker.
      pending = text;
      words.push(text);
    } else return problem(`\`${text}\` is the shell's; only single commands, \`&&\` and \`;\` are applied`);
  }
  end();
  if (commands.length === 0) return problem('no command');
  const isEcho = (command: readonly string[]): boolean =>
    command.includes('echo') || command.includes('printf');
  if (pending !== undefined && !commands.some(isEcho)) return problem(`\`${pending}\` is the shell's`);
  return commands;
}

function tokenise(line: string): Token[] | Problem {
  const tokens: Token[] = [];
  let word: string | undefined;
  const end = (): void => {
    if (word !== undefined) tokens.push({ text: word, operator: false });
    word = undefined;
  };
  for (let i = 0; i < line.length; i++) {
    const char = line[i] ?? '';
    if (char === "'" || char === '"') {
      const close = closing(line, i);
      if (close < 0) return problem(`unclosed ${char}`);
      const inner = line.slice(i + 1, close);
      word = (word ?? '') + (char === '"' ? inner.replace(/\\(["\\$`])/g, '$1') : inner);
      i = close;
    } else if (char === '\\') {
      const next = line[++i];
      if (next !== undefined && next !== '\n') word = (word ?? '') + next;
    } else if (char === '#' && word === undefined) {
      const newline = line.indexOf('\n', i);
      i = newline < 0 ? line.length : newline - 1;
    } else if (char === '\n' || ';&|<>()`$'.includes(char)) {
      if (char === '$' && !/[({A-Za-z_?]/.test(line[i + 1] ?? '')) {
        word = (word ?? '') + char;
        continue;
      }
      end();
      const double = char === line[i + 1] && '&|'.includes(char);
      tokens.push({ text: double ? char + char : char, operator: true });
      if (double) i++;
    } else if (/\s/.test(char)) end();
    else word = (word ?? '') + char;
  }
  end();
  return tokens;
}

function closing(line: string, open: number): number {
  const quote = line[open];
  for (let i = open + 1; i < line.length; i++) {
    if (line[i] === '\\' && quote === '"') i++;
    else if (line[i] === quote) return i;
  }
  return -1;
}

/** The words of a command, taken from the front. */
export class Words {
  private readonly words: readonly string[];
  private at = 0;

  constructor(words: readonly string[]) {
    this.words = words;
  }

  peek(): string | undefined {
    return this.words[this.at];
  }

  take(): string | undefined {
    return this.words[this.at++];
  }

  rest(): readonly string[] {
    return this.words.slice(this.at);
  }

  /** iproute2's matches(): the first of `choices` that the next word begins. */
  takeAction<T extends string>(choices: readonly T[]): T | undefined {
    const word = this.peek();
    const found = word === undefined ? undefined : choices.find((choice) => choice.startsWith(word));
    if (found !== undefined) this.at++;
    return found;
  }
}
