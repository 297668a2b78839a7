/** The packets of one capture, in its order, read block by block as they are asked for. */
import type { Issue } from '../../../base/issue.ts';
import type { InputLimits } from '../../../base/limits.ts';
import { CaptureReader } from '../../../capture/scan.ts';
import type { ByteSource } from '../../../capture/source.ts';
import { setClock } from '../../../correlate/clocks.ts';
import type { PacketOrigin } from '../../../correlate/packet-origin.ts';
import type { CaptureInput } from '../../../input/input.ts';
import { dissect } from '../../../packet/dissect.ts';
import type { Packet } from '../../../packet/packet.ts';
import { skbFromFrame } from '../../../skb/from-packet.ts';
import type { Skb } from '../../../skb/skb.ts';

export interface Fed {
  readonly skb: Skb;
  readonly origin: PacketOrigin;
}

export interface Feed {
  packets(): AsyncGenerator<Candidate>;
  /** What there was to say of the capture; once all is read. */
  issues(): Issue[];
}

/** A packet and where it would be fed; asked for only once it is the next in time, since whether it is new depends on the ones before. */
export interface Candidate {
  readonly skb: Skb;
  /** Nanoseconds since the epoch: `skb.time` can't tell packets apart that are closer than 240. */
  readonly time: bigint;
  place(): PacketOrigin | undefined;
}

export interface FeedSource {
  readonly path: string;
  open(): ByteSource;
  /** What is known of the capture that it is, where it is one of the inputs. */
  readonly capture?: CaptureInput;
  /** Of what is no input. */
  readonly limits?: InputLimits | undefined;
  /** Others are passed over; default: all are fed. */
  readonly asked?: (packet: Packet) => boolean;
  /** Where this packet is fed; undefined leaves it out. */
  place(packet: Packet, bytes: Uint8Array): () => PacketOrigin | undefined;
  /** A frame without an IP packet. */
  foreign(): void;
}

export function feedOf(source: FeedSource): Feed {
  let issues: Issue[] = [];
  return {
    issues: () => issues,
    async *packets() {
      let queue: Candidate[] = [];
      const reader = new CaptureReader(
        (frame) => {
          if (source.capture) setClock(frame, source.capture);
          const packet = dissect(frame);
          if (source.asked && !source.asked(packet)) return;
          const skb = skbFromFrame(frame.bytes, packet, { file: source.path, number: frame.number });
          if (skb) queue.push({ skb, time: timeOf(packet), place: source.place(packet, frame.bytes) });
          else source.foreign();
        },
        { path: source.path, limits: source.limits ?? source.capture?.limits },
      );
      const bytes = source.open();
      try {
        for (;;) {
          const block = await bytes.read();
          if (!block) break;
          const more = reader.push(block);
          yield* queue;
          queue = [];
          if (!more) break;
        }
        issues = reader.end(bytes.issue).issues;
        // The last one waited for what might come behind it.
        yield* queue;
      } finally {
        bytes.close();
      }
    },
  };
}

function timeOf({ seconds, nanoseconds }: Packet): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
}
