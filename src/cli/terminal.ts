import type { TextOptions } from '../report/text/style.ts';
import type { Io, Stream } from './io.ts';

export type ColorChoice = 'auto' | 'always' | 'never';

const DEFAULT_WIDTH = 80;

/** How text for standard output, or the file that `-o` names instead, is laid out. */
export function textOptions(
  io: Io,
  choice: { readonly color: ColorChoice; readonly verbose?: boolean; readonly output?: string },
): TextOptions {
  return {
    width: widthOf(io),
    color: hasColor(io, io.stdout, choice.color, choice.output !== undefined),
    unicode: isUtf8(io.env),
    verbose: choice.verbose ?? false,
  };
}

/** no-color.org: a set NO_COLOR that isn't empty means none; `--color` overrides it. */
export function hasColor(io: Io, stream: Stream, choice: ColorChoice, toFile = false): boolean {
  if (choice !== 'auto') return choice === 'always';
  const { NO_COLOR, TERM } = io.env;
  return !toFile && stream.isTTY === true && (NO_COLOR ?? '') === '' && TERM !== 'dumb';
}

function widthOf(io: Io): number {
  const columns = io.stdout.columns ?? Number(io.env.COLUMNS);
  return Number.isInteger(columns) && columns > 0 ? columns : DEFAULT_WIDTH;
}

/** locale(7): LC_ALL before LC_CTYPE before LANG; none of them is the C locale. */
export function isUtf8({ LC_ALL, LC_CTYPE, LANG }: Io['env']): boolean {
  const locale = [LC_ALL, LC_CTYPE, LANG].find((value) => value !== undefined && value !== '');
  return locale !== undefined && /utf-?8/i.test(locale);
}
