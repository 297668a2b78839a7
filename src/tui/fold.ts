/** Painted lines in a pane's width. */
import { displayWidth } from '../report/text/width.ts';

const PIECES = /(\x1b\[[0-9;]*m)|([^\x1b])/gu;

/** What doesn't fit goes on in the next line, as a command that is longer than the pane. */
export function fold(line: string, width: number): string[] {
  if (displayWidth(line) <= width) return [line];
  const lines: string[] = [];
  let now = '';
  let used = 0;
  // What is switched on: it ends with the line, and begins again with the next.
  let paint = '';
  for (const [piece, code] of line.matchAll(PIECES)) {
    if (code !== undefined) {
      now += code;
      paint = /\[(?:22|24|27|39)m$/.test(code) ? without(paint, code) : paint + code;
      continue;
    }
    const size = displayWidth(piece);
    if (used + size > width) {
      lines.push(now + endOf(paint));
      now = paint;
      used = 0;
    }
    now += piece;
    used += size;
  }
  return [...lines, now];
}

/** The first columns of it, and `…` where more would follow. */
export function clip(line: string, width: number): string {
  if (displayWidth(line) <= width) return line;
  const [first = ''] = fold(line, Math.max(0, width - 1));
  return `${first}…`;
}

/** Without the codes that this one ends. */
function without(paint: string, code: string): string {
  const ended = { '22': /\x1b\[[12]m/g, '24': /\x1b\[4m/g, '27': /\x1b\[7m/g, '39': /\x1b\[3[0-8][0-9;]*m/g };
  const which = /\[(\d+)m$/.exec(code)?.[1] as keyof typeof ended;
  return paint.replace(ended[which], '');
}

function endOf(paint: string): string {
  return [
    /\x1b\[3[0-8]/.test(paint) ? '\x1b[39m' : '',
    /\x1b\[[12]m/.test(paint) ? '\x1b[22m' : '',
    /\x1b\[4m/.test(paint) ? '\x1b[24m' : '',
    /\x1b\[7m/.test(paint) ? '\x1b[27m' : '',
  ].join('');
}
