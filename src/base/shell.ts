/**
 * A word as a POSIX shell takes it back unchanged: commands are there to be copied, and the names in them come out of dumps.
 * Also safe from the history expansion of an interactive bash.
 */
export function shellWord(text: string): string {
  if (text === '!' || /^[\w@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
