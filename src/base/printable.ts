/**
 * Text out of a capture or a dump is untrusted: it may hold escape sequences that drive a terminal, line breaks that fake a
 * line of the report, and bidirectional or invisible characters that make it read as something else. Everything that is
 * neither a visible character nor a plain space comes out as an escape that says what it was: `\x1b`, `\n`, `\u{202e}`. A
 * tab becomes a space: it is common in what commands print, and only moves what follows.
 */

const PLAIN_ASCII = /^[\x20-\x7e]*$/;

const SHORT: Readonly<Record<string, string>> = { '\t': ' ', '\n': '\\n', '\r': '\\r' };

/** The text on one line, with nothing in it that a terminal acts on. */
export function printable(text: string): string {
  return PLAIN_ASCII.test(text) ? text : replaceInvisible(text, escapeOf);
}

/**
 * Unicode's category other (controls; format: bidi, zero width, tags; lone surrogates; what nobody assigned, or only somebody for himself),
 * separators but spaces that a line has (our own may be unbreakable), and letters and marks that are shown as nothing (fillers, variation selectors, the empty braille pattern).
 * A literal of the function: of properties V8 makes lists of characters as soon as the expression is made, which few runs need.
 */
export function replaceInvisible(text: string, by: (character: string) => string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?![ \u00a0])\p{Zs}/gu, by);
}

/** The same for text of several lines: its line breaks and tabs stay. */
export function printableText(text: string): string {
  return text.replace(/[^\t\n]+/g, printable);
}

function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return (
    SHORT[character] ??
    (code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`)
  );
}
