/** What the hosts behind the far ends answer to frames that reached them. */
import { answerTo } from '../../../src/netstack/probe.ts';
import { fieldsOf } from '../../../src/skb/fields.ts';
import type { Frame, Stimulus } from '../case.ts';
import { readFrame, skbOf } from '../frame.ts';

const RST = 4;

/** SYN+ACK to a SYN, an echo reply to a request, a datagram back …: as a healthy peer would. Groups are not answered, nor resets. */
export function answersOf(frames: readonly Frame[], chosen: () => boolean = () => true): Stimulus[] {
  return frames.flatMap(({ end, bytes }): Stimulus[] => {
    const frame = readFrame(bytes);
    const skb = frame && skbOf(frame.payload);
    const toGroup = ((bytes[0] ?? 0) & 1) === 1;
    if (!frame || !skb || toGroup || !chosen()) return [];
    const { ttl, tcpFlags } = fieldsOf(skb);
    // What nobody routes: neighbour discovery.
    if (ttl === 255 || ((tcpFlags ?? 0) & RST) !== 0) return [];
    const answer = answerTo(skb);
    if (!answer) return [];
    return [
      {
        on: end,
        skb: {
          ...answer,
          etherSource: frame.destination,
          etherDestination: frame.source,
          vlans: frame.vlans,
        },
      },
    ];
  });
}

/** At most so many answers in all. */
export function limited(
  most: number,
  answer: (frames: readonly Frame[]) => readonly Stimulus[],
): (frames: readonly Frame[]) => readonly Stimulus[] {
  let left = most;
  return (frames) => {
    const made = answer(frames).slice(0, left);
    left -= made.length;
    return made;
  };
}
