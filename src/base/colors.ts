/** Colours of a terminal (ECMA-48, SGR). */

export type Paint = (text: string) => string;

export interface Colors {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly blue: Paint;
  readonly cyan: Paint;
}

const INTENSITY = '\x1b[22m';
const FOREGROUND = '\x1b[39m';

export function colorsOf(enabled: boolean): Colors {
  const paint = (open: string, close: string, again: string): Paint =>
    enabled ? (text) => `${open}${text.replaceAll(close, again)}${close}` : (text) => text;
  const color = (number: number) => paint(`\x1b[${number}m`, FOREGROUND, `\x1b[${number}m`);
  // Bold and dim end with the same sequence: who contains the other begins again behind it.
  const intensity = (number: number) => paint(`\x1b[${number}m`, INTENSITY, `${INTENSITY}\x1b[${number}m`);
  return {
    bold: intensity(1),
    dim: intensity(2),
    red: color(31),
    green: color(32),
    yellow: color(33),
    blue: color(34),
    cyan: color(36),
  };
}
