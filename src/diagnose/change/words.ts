import { PROTOCOL } from '../../net/protocol.ts';
import type { Behaviour } from './change.ts';
import type { Moment, Turn } from './moments.ts';

/** `02:30:12.402`, UTC; the report says so once. */
export function clockTime(seconds: number): string {
  const date = new Date(Math.floor(seconds * 1000));
  return Number.isNaN(date.getTime()) ? `${seconds}` : date.toISOString().slice(11, 23);
}

const WAS: Readonly<Record<Behaviour, string>> = {
  silent: 'unanswered',
  refused: 'refused',
  answered: 'answered',
};

const BECAME: Readonly<Record<Behaviour, string>> = {
  silent: 'no longer',
  refused: 'refused',
  answered: 'answered',
};

/** `icmp 10.0.0.2 → 8.8.8.8 unanswered until 02:30:12.402, answered from then on`. */
export function titleOf(moment: Moment): string {
  const [{ kind, was, became }, ...others] = moment.turns;
  const more =
    others.length === 0
      ? ''
      : others.length === 1
        ? ` (and ${others[0]?.kind.name})`
        : ` (and ${others.length} more)`;
  const then =
    became === 'silent'
      ? was === 'answered'
        ? 'not any more'
        : 'without any answer from then on'
      : `${BECAME[became]} from then on`;
  return `${kind.name}${more}: ${WAS[was]} until ${clockTime(moment.until)}, ${then}`;
}

function question({ kind }: Turn): string {
  const protocol = kind.flows[0]?.protocol;
  if (protocol === PROTOCOL.tcp) return 'SYN';
  return protocol === PROTOCOL.icmp || protocol === PROTOCOL['ipv6-icmp'] ? 'echo request' : 'datagram';
}

const FATE: Readonly<Record<Behaviour, readonly [one: string, many: string]>> = {
  silent: ['stays without an answer', 'stay without an answer'],
  refused: ['is refused', 'are refused'],
  answered: ['is answered', 'are answered'],
};

/** `the last of 9 echo requests that stay without an answer`. */
export function beforeText(turn: Turn): string {
  return oneOf('last', turn.before, question(turn), turn.was);
}

export function afterText(turn: Turn): string {
  // A stalled connection turns at a segment, not at its SYN.
  const { first } = turn;
  const stalled = first.tcpFlags !== undefined && (first.tcpFlags & 2) === 0;
  return oneOf('first', turn.after, stalled ? 'segment' : question(turn), turn.became);
}

function oneOf(which: string, count: number, noun: string, behaviour: Behaviour): string {
  const [one, many] = FATE[behaviour];
  return count > 1 ? `the ${which} of ${count} ${noun}s that ${many}` : `the ${noun} that ${one}`;
}
