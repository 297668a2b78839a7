import { fenced } from './escape.ts';

/** Mermaid draws no text of more than 50,000 characters, nor more than 500 links (`maxTextSize`, `maxEdges`); an issue holds little more in all. */
const MOST_CHARACTERS = 20_000;
const MOST_LINKS = 400;

/** Undefined: the diagram is larger than the forges draw, or than there is room for. */
export function mermaidBlock(diagram: string): string | undefined {
  const links = diagram.match(/--|==|-\./g)?.length ?? 0;
  if (diagram.length > MOST_CHARACTERS || links > MOST_LINKS) return undefined;
  return fenced('mermaid', diagram.trimEnd().split('\n'));
}
