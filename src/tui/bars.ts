/** The first and the last line: how the capture is doing, and what keys do. */

import type { Style } from '../report/text/style.ts';
import { clock } from '../report/text/why.ts';
import { displayWidth, padEnd, truncate } from '../report/text/width.ts';
import type { ScreenData } from './data.ts';
import { clip } from './fold.ts';
import { hintsWithin, type Key } from './keys.ts';
import { count } from './panes/flows.ts';
import { reversed } from './screen-style.ts';
import type { Prompt, ScreenState } from './state.ts';

export function headerLine(data: ScreenData, state: ScreenState, style: Style, width: number): string {
  const { points, troubles } = data;
  const sum = (number: (point: ScreenData['points'][number]) => number) =>
    points.reduce((all, point) => all + number(point), 0);
  const lost = sum(({ dropped = 0 }) => dropped);
  const holding = troubles.filter(({ ended }) => ended === undefined).length;
  const ended = points.filter((point) => point.ended !== undefined).length;
  const left = [
    style.bold('nettrace'),
    clock(data.now).slice(0, 8),
    `${points.length - ended} point${points.length - ended === 1 ? '' : 's'}${ended === 0 ? '' : style.bad(`, ${ended} ended`)}`,
    `${count(Math.round(sum(({ packetRate }) => packetRate)))} pkt/s`,
    `${bits(sum(({ byteRate }) => byteRate) * 8)}/s`,
    lost === 0 ? style.dim('0 lost') : style.bad(`${count(lost)} lost`),
  ].join('  ');
  const right = [
    state.isPaused ? reversed(' PAUSED ') : '',
    holding === 0
      ? style.good('✓ nothing wrong')
      : style.bold(style.bad(`✗ ${holding} finding${holding === 1 ? '' : 's'}`)),
  ]
    .filter((text) => text !== '')
    .join(' ');
  const room = width - displayWidth(right) - 1;
  return displayWidth(left) <= room ? `${padEnd(left, room)} ${right}` : `${clip(left, room)} ${right}`;
}

export function bits(number: number): string {
  if (number < 1000) return `${Math.round(number)} bit`;
  if (number < 1e6) return `${(number / 1e3).toFixed(number < 1e4 ? 1 : 0)} kbit`;
  if (number < 1e9) return `${(number / 1e6).toFixed(number < 1e7 ? 1 : 0)} Mbit`;
  return `${(number / 1e9).toFixed(1)} Gbit`;
}

const GAP = '  ';

export function footerLine(data: ScreenData, state: ScreenState, style: Style, width: number): string {
  const { prompt, message } = state;
  if (prompt) return promptLine(prompt, style, width);
  if (message) return (message.isBad ? style.bad : style.good)(truncate(message.text, width));
  const [note] = data.notes;
  if (note !== undefined) return clip(`${style.doubtful(note)}  ${style.command('?')} keys`, width);
  const textOf = ({ label, hint }: Key) => `${label} ${hint}${GAP}`;
  const hints = hintsWithin(width + GAP.length, (key) => displayWidth(textOf(key)));
  return hints.map(({ label, hint }) => `${style.command(label)} ${hint}`).join(GAP);
}

const ASKED: Readonly<Record<Prompt['kind'], string>> = { filter: 'filter: ', 'what-if': 'what if: ' };

/** What is typed, with the cursor in sight. */
function promptLine({ kind, line, fault }: Prompt, style: Style, width: number): string {
  const lead = ASKED[kind];
  const complaint = fault === undefined ? '' : `  ${fault}`;
  const room = Math.max(10, width - lead.length - 1);
  const from = Math.max(0, line.at - room + 1);
  const shown = line.text.slice(from, from + room);
  const at = line.at - from;
  const cursor = reversed(shown[at] ?? ' ');
  return clip(
    `${style.bold(lead)}${shown.slice(0, at)}${cursor}${shown.slice(at + 1)}${style.bad(complaint)}`,
    width,
  );
}
