/** Two ways to the number of a packet give the same one: by its headers in place, and dissected. */
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/capture/frame.ts';
import { scanCapture } from '../../src/capture/scan.ts';
import { resolveInputs } from '../../src/input/resolve.ts';
import { dissect } from '../../src/packet/dissect.ts';
import { PlainPacket } from '../../src/packet/plain/packet.ts';
import { PacketIds } from '../../src/report/annotate/packet-ids.ts';

async function eachFrame(bundle: string, visit: (frame: Frame) => void): Promise<void> {
  const { captures } = await resolveInputs([bundle]);
  for (const capture of captures) await scanCapture(capture.open(), visit);
}

describe('epb_packetid', () => {
  it.each(['healthy-udp-dnat', 'healthy-six-taps', 'healthy-ipv6-routed', 'healthy-rough-path'])(
    'is the same by both ways: %s',
    async (name) => {
      const plain = new PlainPacket();
      const [one, other] = [new PacketIds(), new PacketIds()];
      let count = 0;
      await eachFrame(`captures/${name}/bundle`, (frame) => {
        if (!plain.read(frame) || plain.upper === 'arp') return;
        count++;
        expect(one.ofPlain(3, plain, frame.seconds, 7)).toBe(true);
        expect(other.of(3, dissect(frame), frame.bytes, frame.seconds, 7)).toBe(true);
        expect([one.high, one.low]).toEqual([other.high, other.low]);
      });
      expect(count).toBeGreaterThan(5);
    },
  );

  it('is the retransmission’s at other points, where the first one was lost', async () => {
    const plain = new PlainPacket();
    let number = 0;
    await eachFrame('captures/healthy-ipv6-routed/bundle', (frame) => {
      // Numbered by nobody.
      if (number > 0 || !plain.read(frame) || plain.upper === 'arp' || plain.family === 4) return;
      const ids = new PacketIds();
      const at = (point: number, time: number) => {
        ids.ofPlain(point, plain, time, 1);
        return `${ids.high} ${ids.low}`;
      };
      const [first, second, beyond] = [at(0, 10), at(0, 10.3), at(1, 10.301)];
      expect(first).not.toBe(second);
      expect(beyond).toBe(second);
      expect(at(2, 10.302)).toBe(second);
      number++;
    });
    expect(number).toBe(1);
  });
});
