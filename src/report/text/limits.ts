import { formatLimit, LIMIT_NAMES, LIMITS, limitWord } from '../../base/limits.ts';
import { finish, styleOf, type TextOptions } from './style.ts';
import { hang } from './wrap.ts';

/** `nettrace explain limits` */
export function renderLimits(options: TextOptions): string {
  const style = styleOf(options);
  const lines: string[] = [];
  for (const name of LIMIT_NAMES) {
    const { most, of, beyond, why } = LIMITS[name];
    lines.push(`${style.name(limitWord(name))}  ${style.dim(formatLimit(name, most))}`);
    lines.push(...hang('  ', `${of}; beyond it ${beyond} (${why})`, style.width));
  }
  const text =
    'What goes beyond a limit is passed over, and said; --limit NAME=VALUE sets another, --limit NAME=none takes it away.';
  lines.push('', ...hang('', text, style.width).map(style.dim));
  return finish(lines, options);
}
