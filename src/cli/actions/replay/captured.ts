/** The inputs' own captures: of each packet its first sighting, sent from where it set out. */
import { FirstSeen } from '../../../correlate/first-seen.ts';
import { packetOrigin } from '../../../correlate/packet-origin.ts';
import type { Point } from '../../../correlate/points.ts';
import { isCapture } from '../../../correlate/points.ts';
import { signatureOf } from '../../../correlate/signature.ts';
import type { Packet } from '../../../packet/packet.ts';
import { UsageError } from '../../io.ts';
import type { Scene } from '../../scene.ts';
import type { Tally } from '../replay.ts';
import { type Feed, feedOf } from './feed.ts';

/** SLL's packet type for what the capturing host sent itself (PACKET_OUTGOING). */
const OUTGOING = 4;

export function capturedFeeds(scene: Scene, tally: Tally, asked?: (packet: Packet) => boolean): Feed[] {
  const { inputs, snapshot, topology, correlation } = scene;
  if (inputs.captures.length === 0) {
    throw new UsageError(
      'there is no capture among the inputs',
      'Name one, or feed packets in with --inject NS:IFACE=FILE.',
    );
  }
  const firstSeen = new FirstSeen();
  return inputs.captures.map((capture, input) =>
    feedOf({
      path: capture.path,
      open: () => capture.open(),
      capture,
      ...(asked && { asked }),
      foreign: () => {
        tally.foreign++;
      },
      place(packet, bytes) {
        const point = pointOf(correlation.points, input, packet);
        // What was inside has been seen by itself before, or is the model's to take out.
        const signature = signatureOf(packet.inner.at(-1) ?? packet, bytes);
        return () => {
          const { ip } = packet;
          if (!point || !ip) return undefined;
          const time = packet.seconds + packet.nanoseconds / 1e9;
          if (!firstSeen.isNew(point.index, time, signature)) return undefined;
          return packetOrigin(snapshot, topology, {
            link: { namespace: point.namespace, name: point.interface },
            source: ip.source,
            destination: ip.destination,
            etherSource: packet.ether?.source,
            crossing: packet.sllType === undefined ? undefined : packet.sllType === OUTGOING ? 'out' : 'in',
          });
        };
      },
    }),
  );
}

function pointOf(points: readonly Point[], input: number, packet: Packet): Point | undefined {
  return points.find(
    (point) =>
      point.input === input &&
      isCapture(point) &&
      point.interfaceName === packet.interfaceName &&
      point.interfaceIndex === packet.interfaceIndex,
  );
}
