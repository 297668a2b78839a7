import { colorsOf, type Paint } from '../../base/colors.ts';

/** How text is laid out. */
export interface TextOptions {
  /** Columns of the terminal. */
  readonly width: number;
  readonly color: boolean;
  /** False where the locale has no UTF-8: drawings and typographic signs become ASCII. Default: true. */
  readonly unicode?: boolean;
  /** Everything there is, where the report otherwise keeps to what matters. */
  readonly verbose?: boolean;
}

/** Lines of prose and drawings are no wider than this, however wide the terminal is. */
export const MAX_WIDTH = 110;

/** What the renderers share: the columns they may use, and colours by meaning. */
export interface Style {
  readonly width: number;
  readonly verbose: boolean;
  readonly bold: Paint;
  readonly dim: Paint;
  readonly good: Paint;
  readonly bad: Paint;
  readonly doubtful: Paint;
  readonly command: Paint;
  readonly name: Paint;
}

export function styleOf(options: TextOptions): Style {
  const colors = colorsOf(options.color);
  return {
    width: Math.max(40, Math.min(options.width, MAX_WIDTH)),
    verbose: options.verbose ?? false,
    bold: colors.bold,
    dim: colors.dim,
    good: colors.green,
    bad: (text) => colors.bold(colors.red(text)),
    doubtful: colors.yellow,
    command: colors.cyan,
    name: (text) => colors.bold(colors.blue(text)),
  };
}

/** One ASCII character for each sign that the renderers draw with, so that what was aligned stays aligned. */
const ASCII: Readonly<Record<string, string>> = {
  '→': '>',
  '←': '<',
  '↓': 'v',
  '↩': '<',
  '⇄': '=',
  '✓': '+',
  '✗': 'X',
  '·': '.',
  '•': '*',
  '●': '*',
  '◉': '@',
  '×': 'x',
  '─': '-',
  '━': '=',
  '│': '|',
  '┊': ':',
  '├': '|',
  '└': '`',
  '┌': ',',
  '╶': '-',
  '…': '~',
  '–': '-',
  '—': '-',
  '’': "'",
  '‘': "'",
  '“': '"',
  '”': '"',
  '≥': '>',
  '≤': '<',
};

/** The finished text as the terminal can show it. */
export function finish(lines: readonly string[], options: TextOptions): string {
  const text = `${lines.map((line) => line.replaceAll('\u00a0', ' ').trimEnd()).join('\n')}\n`;
  return options.unicode === false ? toAscii(text) : text;
}

/** Each sign that the renderers draw with as one character of ASCII, and any other as an escape. */
export function toAscii(text: string): string {
  return text.replace(/[^\x00-\x7f]/gu, (sign) => ASCII[sign] ?? `\\u{${sign.codePointAt(0)?.toString(16)}}`);
}
