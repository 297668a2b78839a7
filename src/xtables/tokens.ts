/** Quoting of iptables-save lines: add_param_to_argv() and xtables_save_string(), iptables/xshared.c and libxtables/xtables.c. */

/** One word of a rule; a quoted one is never an option or `!`. */
export interface Token {
  readonly text: string;
  readonly quoted: boolean;
}

/**
 * Words of a saved line. A double quote opens a string in which backslash keeps the next character; the closing quote ends the
 * word. Outside quotes a backslash and a single quote are ordinary characters. An unclosed string ends with the line.
 */
export function splitSaved(line: string): Token[] {
  const tokens: Token[] = [];
  let word = '';
  let quoted = false;
  let open = false;
  const end = (): void => {
    if (word !== '' || quoted) tokens.push({ text: word, quoted });
    word = '';
    quoted = false;
  };
  for (let i = 0; i < line.length; i++) {
    const char = line.charAt(i);
    if (open) {
      if (char === '\\' && i + 1 < line.length) word += line.charAt(++i);
      else if (char === '"') {
        open = false;
        end();
      } else word += char;
    } else if (char === '"') {
      open = true;
      quoted = true;
    } else if (char === ' ' || char === '\t' || char === '\r' || char === '\n') end();
    else word += char;
  }
  end();
  return tokens;
}

/** Words of a command as typed to a shell: single and double quotes and backslash; nothing is expanded. */
export function splitShell(line: string): Token[] {
  const tokens: Token[] = [];
  let word = '';
  let quoted = false;
  let open = '';
  for (let i = 0; i < line.length; i++) {
    const char = line.charAt(i);
    if (open !== '') {
      if (char === open) open = '';
      else if (char === '\\' && open === '"' && '"\\$`'.includes(line.charAt(i + 1)))
        word += line.charAt(++i);
      else word += char;
    } else if (char === '"' || char === "'") {
      open = char;
      quoted = true;
    } else if (char === '\\' && i + 1 < line.length) word += line.charAt(++i);
    else if (/\s/.test(char)) {
      if (word !== '' || quoted) tokens.push({ text: word, quoted });
      word = '';
      quoted = false;
    } else word += char;
  }
  if (word !== '' || quoted) tokens.push({ text: word, quoted });
  return tokens;
}

/** A string as iptables-save prints it: bare when it is made of letters, digits, `_` and `-`. */
export function quote(text: string): string {
  return /^[A-Za-z0-9_-]+$/.test(text) ? text : quoteAlways(text);
}

export function quoteAlways(text: string): string {
  return `"${text.replace(/["\\']/g, '\\$&')}"`;
}

/** A name that iptables prints bare; quoted only when it could not be read back otherwise. */
export function bare(text: string): string {
  return text === '' || /[\s"]/.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : text;
}

/** A word such that reading it again gives the same token: quoted when it was and would otherwise be an option. */
export function asFound(token: Token): string {
  const special = token.quoted && (token.text.startsWith('-') || token.text === '!');
  return special ? `"${token.text.replace(/["\\]/g, '\\$&')}"` : bare(token.text);
}
