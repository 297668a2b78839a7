const LONGEST = 120;

/**
 * Text within a Mermaid diagram. What Mermaid, its Markdown or HTML could take for its own is one of Mermaid's entities: `#` and a number,
 * up to a semicolon. Letters, digits and what addresses and names consist of stay.
 */
export function mermaidText(words: string, longest = LONGEST): string {
  // An empty string is none to Mermaid.
  if (words === '') return '#160;';
  const shown = words.length > longest ? `${Array.from(words).slice(0, longest).join('')}…` : words;
  return shown.replace(/[^\p{L}\p{N}\p{M} .,:/_()…-]/gu, (sign) => `#${sign.codePointAt(0)};`);
}
