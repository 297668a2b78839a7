/** All keys, in as many columns as there is room for. */
import { padEnd } from '../../report/text/width.ts';
import { hang } from '../../report/text/wrap.ts';
import { SECTIONS } from '../keys.ts';
import { type Pane, type PaneRoom, textPane } from '../pane.ts';

const LABEL = 13;

export function helpPane({ width, style }: PaneRoom): Pane {
  const lines = SECTIONS.flatMap(({ title, keys }, index) => [
    ...(index === 0 ? [] : ['']),
    style.bold(title),
    ...keys.flatMap(({ label, help }) =>
      hang(`  ${style.command(padEnd(label, LABEL))} `, help, Math.min(width, 100)),
    ),
  ]);
  const mouse = [
    '',
    style.bold('Mouse'),
    ...hang(
      '  ',
      'A click chooses a row or a pane, a second one opens it, the wheel scrolls.',
      Math.min(width, 100),
    ),
    '',
    style.bold('Signs'),
    ...hang(
      '  ',
      '✓ answered   ✗ dropped, rejected or not answered   ? not known, or degraded   · turned away as somebody wants it',
      Math.min(width, 100),
    ),
  ];
  return textPane('keys', [...lines, ...mouse]);
}
