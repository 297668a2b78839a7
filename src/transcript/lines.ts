/** A pasted text as lines: without colours, carriage returns, quote marks and Markdown's fences. Line numbers stay. */
import { plainLines } from '../dump/text.ts';

export interface PastedLine {
  /** From 1, as an editor counts. */
  readonly number: number;
  readonly text: string;
  /** Between two Markdown fences. */
  readonly fenced: boolean;
  /** A fence stands here: what was said before it has ended. */
  readonly boundary: boolean;
}

const FENCE = /^\s*(?:```+|~~~+)\s*([\w+.-]*)\s*$/;
/** An opening fence with the first line glued to it. */
const GLUED = /^\s*```+(?=\S)(?!\w*\s*$)/;

export function pastedLines(raw: string): readonly PastedLine[] {
  const lines = plainLines(raw);
  const quoted = lines.map((line) => beginningOf(line) === '>' && /^\s{0,3}> ?/.test(line));
  let fenced = false;
  return lines.map((line, at): PastedLine => {
    const inQuote = quoted[at] && (quoted[at - 1] || quoted[at + 1]);
    const text = inQuote ? line.replace(/^\s{0,3}> ?/, '') : line;
    const number = at + 1;
    const beginning = beginningOf(text);
    const mayFence = beginning === '`' || beginning === '~';
    if (mayFence && FENCE.test(text)) {
      fenced = !fenced;
      return { number, text: '', fenced: false, boundary: true };
    }
    if (mayFence && !fenced && GLUED.test(text)) {
      const inner = text.replace(GLUED, '');
      const closes = /`{3,}\s*$/.test(inner);
      fenced = !closes;
      return { number, text: inner.replace(/`{3,}\s*$/, ''), fenced: true, boundary: true };
    }
    const boundary = beginning === '<' && /^\s*<\/?(?:details|summary|pre|code)\b/i.test(text);
    return { number, text, fenced, boundary };
  });
}

/** Most lines have none of these signs before their first word. */
function beginningOf(line: string): string | undefined {
  return line.trimStart()[0];
}
