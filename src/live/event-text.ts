/** What happens on a followed host, for people: a line each, and of a finding all of it. */
import { printable } from '../base/printable.ts';
import { missingLines } from '../collect/bundle.ts';
import type { Analysis } from '../report/analysis.ts';
import { findingLines } from '../report/text/finding.ts';
import { namespaceNames } from '../report/text/namespace-name.ts';
import { finish, styleOf, type TextOptions } from '../report/text/style.ts';
import { momentText } from '../report/text/time.ts';
import { hang } from '../report/text/wrap.ts';
import { type EventPoint, HOW, type LiveEvent } from './events.ts';
import type { Sampling } from './sampler.ts';

/** `analysis`: the one that a finding is of. */
export function eventText(event: LiveEvent, analysis: Analysis | undefined, options: TextOptions): string {
  const style = styleOf(options);
  const said = sentence(event);
  const paint = {
    finding: style.bad,
    end: style.good,
    drops: style.doubtful,
    behind: style.doubtful,
    sampled: style.doubtful,
    warning: style.doubtful,
  };
  const lead = `${style.dim(clock(event.time))} `;
  const lines = said.flatMap((text, index) => {
    const painted =
      index === 0 && event.event in paint ? paint[event.event as keyof typeof paint](text) : text;
    return hang(index === 0 ? lead : ' '.repeat(CLOCK + 1), painted, style.width);
  });
  if (event.event === 'finding' && analysis) {
    const nameOf = namespaceNames(analysis.topology.namespaces);
    const shorten = (path: string) => path.replace(/^live\//, '');
    const view = { analysis, number: event.id, shorten, nameOf, drawnFlows: new Set<number>() };
    lines.push(...findingLines(event.finding, view, style), '');
  }
  return finish(lines, options);
}

function sentence(event: LiveEvent): string[] {
  switch (event.event) {
    case 'begin':
      return [
        `following ${event.points.map(nameOf).join(', ')}`,
        ...(event.metrics === undefined ? [] : [`metrics at http://127.0.0.1:${event.metrics}/metrics`]),
        ...missingLines(event.missing).map((text) => `not seen: ${printable(text)}`),
      ];
    case 'change':
      return [`the host changed: ${printable(event.path)}`];
    case 'finding':
      return [`${event.id} ${printable(event.finding.title)}`];
    case 'end':
      return [`${event.id} over: ${printable(event.title)} (${HOW[event.how]})`];
    case 'drops':
      return [
        `the kernel had no room for ${packets(event.dropped)} on ${nameOf(event)}: what is said of this time may lack something`,
      ];
    case 'behind':
      return [`more packets come than are looked at: of the last ${event.span.toFixed(1)} s only`];
    case 'sampled':
      return [samplingText(event)];
    case 'warning':
      return [printable(event.text)];
    case 'stop':
      return [
        `${event.findings === 0 ? 'nothing wrong found' : `${event.findings} ${event.findings === 1 ? 'finding' : 'findings'}`}; ${event.points
          .map((point) => `${nameOf(point)} ${packets(point.packets)}${lost(point)}`)
          .join(', ')}`,
      ];
  }
}

/** What is looked at while more packets come than are kept. */
export function samplingText({ share, aside }: Sampling): string {
  if (share >= 1) return 'all packets are looked at';
  const large = aside === 0 ? '' : `; ${aside} large ${aside === 1 ? 'flow is' : 'flows are'} only counted`;
  return `more packets come than are looked at: of whole flows ${percent(share)} of what came${large}`;
}

function percent(share: number): string {
  return share < 0.01 ? 'less than 1 %' : `${Math.floor(share * 100)} %`;
}

function nameOf(point: { readonly namespace: string; readonly interface: string }): string {
  return printable(`${point.namespace}:${point.interface}`);
}

function packets(count: number): string {
  return `${count} packet${count === 1 ? '' : 's'}`;
}

function lost({ dropped, ended }: EventPoint): string {
  return `${dropped === undefined || dropped === 0 ? '' : `, ${dropped} lost`}${ended === undefined ? '' : ` (${printable(ended)})`}`;
}

const CLOCK = '13:04:05.123'.length;

/** Of the day, UTC. */
function clock(time: number): string {
  return momentText(time).slice(11, 11 + CLOCK);
}
