/** Colours of the screen: such that red-green blindness tells them apart, and never the only sign of anything. */
import type { Paint } from '../base/colors.ts';
import type { Style } from '../report/text/style.ts';

const RESET = '\x1b[39m';
const PLAIN: Paint = (text) => text;

/** Of 256 colours vermillion, blue, ochre: Okabe and Ito's, as near as the cube has them, readable on black and on white. */
const MANY = {
  good: '38;5;32',
  bad: '38;5;166',
  doubtful: '38;5;136',
  command: '38;5;37',
  name: '38;5;68',
  dim: '38;5;243',
};
/** Of the first eight, which every palette has. Nothing is dim there: black on black would be. */
const FEW = { good: '36', bad: '31', doubtful: '33', command: '36', name: '34', dim: undefined };

/** `colors`: how many the terminal has; 0: none are wanted. */
export function screenStyle(colors: number, width: number): Style {
  const codes = colors >= 256 ? MANY : FEW;
  const paint = (code: string | undefined): Paint =>
    colors < 8 || code === undefined
      ? PLAIN
      : (text) => (text === '' ? '' : `\x1b[${code}m${text.replaceAll(RESET, `\x1b[${code}m`)}${RESET}`);
  const bold: Paint = (text) => (text === '' ? '' : `\x1b[1m${text}\x1b[22m`);
  return {
    width,
    verbose: false,
    bold,
    dim: paint(codes.dim),
    good: paint(codes.good),
    bad: paint(codes.bad),
    doubtful: paint(codes.doubtful),
    command: paint(codes.command),
    name: (text) => bold(paint(codes.name)(text)),
  };
}

const SGR = /\x1b\[[0-9;]*m/g;

/** Reversed, over its whole width: a row that is chosen. */
export function reversed(text: string): string {
  return `\x1b[7m${text.replace(SGR, '')}\x1b[27m`;
}

export function underlined(text: string): string {
  return `\x1b[4m${text}\x1b[24m`;
}

export function unpainted(text: string): string {
  return text.replace(SGR, '');
}
