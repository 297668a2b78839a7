/**
 * A word as a POSIX shell takes it back unchanged: commands are there to be copied, and the names in them come out of dumps.
 * Also safe from the history expansion of an interactive bash.
 */
export function shellWord(text: string): string {
  if (text === '!' || /^[\w@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The words of one command as typed: quotes are taken off, and what follows `|`, `;`, `&`, `<` or `>` is not its own. */
export function shellWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (char === "'" || char === '"') {
      const close = text.indexOf(char, at + 1);
      const end = close < 0 ? text.length : close;
      word = (word ?? '') + text.slice(at + 1, end);
      at = end;
    } else if (char === '\\') {
      at++;
      word = (word ?? '') + (text[at] ?? '');
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if ('|;&<>'.includes(char)) break;
    else word = (word ?? '') + char;
  }
  if (word !== undefined) words.push(word);
  return words;
}
