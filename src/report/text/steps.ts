/** One step of a packet's path as a row: short, or as the kernel's TRACE target writes it (`filter:FORWARD:rule:3`). */
import { printable } from '../../base/printable.ts';
import type { Step } from '../../netstack/hop.ts';
import { headerText } from './header.ts';
import type { RailRow } from './rail.ts';
import { type RouteStep, routeText } from './route.ts';
import { type Places, rowsOfTraversals } from './traversal.ts';

export type Notation = 'short' | 'trace';

export function rowsOfSteps(steps: readonly Step[], notation: Notation, places: Places): RailRow[] {
  if (notation === 'trace') return steps.map((step) => rowOf(step, places));
  return rowsOfTraversals(steps).flatMap((part, index, parts) => {
    if ('label' in part) return [part];
    return isNews(part, parts[index + 1]) ? [rowOf(part, places)] : [];
  });
}

/** A first packet is NEW, of course; and what a route's refusal means is said by the drop that follows. */
function isNews(step: Step, next: RailRow | Step | undefined): boolean {
  if (step.kind === 'conntrack') return step.state !== 'NEW';
  const drops = next !== undefined && 'kind' in next && next.kind === 'drop';
  return !(step.kind === 'route' && step.decision === 'none' && drops);
}

function rowOf(step: Step, places: Places): RailRow {
  switch (step.kind) {
    case 'rule':
      return within(
        `${step.table}:${printable(step.chain)}:rule:${step.number}`,
        `${printable(step.text)}${places(step)}`,
      );
    case 'policy':
      return {
        mark: 'within',
        label: `${step.table}:${printable(step.chain)}:policy`,
        text: `${step.verdict}${places(step)}`,
        ...(step.verdict === 'DROP' && { tone: 'bad' }),
      };
    case 'nft-rule':
      return within(
        `${step.family} ${printable(step.table)}:${printable(step.chain)}:rule:${step.number}`,
        `${printable(step.text)}${places(step)}`,
      );
    case 'nft-policy':
      return {
        mark: 'within',
        label: `${step.family} ${printable(step.table)}:${printable(step.chain)}:policy`,
        text: `${step.verdict}${places(step)}`,
        ...(step.verdict === 'drop' && { tone: 'bad' }),
      };
    case 'conntrack':
      return {
        mark: 'within',
        label: 'conntrack',
        text: `${step.state}, ${step.direction} direction`,
        ...(step.state === 'INVALID' && { tone: 'doubtful' }),
      };
    case 'nat':
      return within(
        step.manip === 'src' ? 'source NAT' : 'destination NAT',
        `${printable(step.from)} → ${printable(step.to)}`,
      );
    case 'route':
      return routeRow(step, places);
    case 'bridge':
      return bridgeRow(step);
    case 'tunnel':
      return within(
        step.action === 'encapsulate' ? 'wrapped' : 'unwrapped',
        `by ${printable(step.device)}: ${printable(step.text)}`,
      );
    case 'drop':
      return {
        mark: 'death',
        label: 'dropped',
        text: `${printable(step.text)}${step.reason === undefined ? '' : ` (kernel: ${printable(step.reason)})`}`,
        tone: 'bad',
      };
    case 'emit':
      return within('answers with', `${headerText(step.packet)}  ${printable(step.text)}`);
    case 'unknown':
      return {
        mark: 'within',
        label: '? assumed',
        text: `${printable(step.text)}: ${printable(step.why)}`,
        tone: 'doubtful',
      };
    case 'given-up':
      return { mark: 'end', label: '? unknown', text: printable(step.text), tone: 'doubtful' };
  }
}

function routeRow(step: RouteStep, places: Places): RailRow {
  const text = `${routeText(step)}${places(step)}`;
  switch (step.decision) {
    case 'local':
      return within('route', `to this namespace itself${places(step)}`);
    case 'forward':
      return within('route', text);
    case 'broadcast':
    case 'multicast':
      return within('route', `${step.decision}${places(step)}`);
    case 'none':
      return { ...within('route', 'none'), tone: 'bad' };
    case 'martian':
      return { ...within('route', 'martian: the source is not plausible here'), tone: 'bad' };
    case 'unreachable':
    case 'prohibit':
    case 'blackhole':
      return { ...within('route', text), tone: 'bad' };
  }
}

function bridgeRow(step: Extract<Step, { kind: 'bridge' }>): RailRow {
  const label = `bridge ${printable(step.bridge)}`;
  const port = step.port === undefined ? '' : printable(step.port);
  switch (step.action) {
    case 'forward':
      return within(label, `out by port ${port}`);
    case 'flood':
      return within(label, port === '' ? 'flooded to its ports' : `flooded, to port ${port} too`);
    case 'deliver':
      return within(label, 'up to the host');
    case 'drop':
      return { ...within(label, 'not passed on'), tone: 'bad' };
  }
}

function within(label: string, text: string): RailRow {
  return { mark: 'within', label, text };
}
