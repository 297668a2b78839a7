import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/capture/frame.ts';
import { dissect } from '../../src/packet/dissect.ts';
import { Kernel } from '../../src/scan/kernel.ts';
import { LOOKED_INTO } from '../../src/scan/plain.ts';
import { corpusFiles, corpusPath, hasCorpus, scanFile } from '../packet/corpus.ts';
import { frames } from '../packet/plain-frames.ts';
import { columnsOf, inOneBlock } from './columns.ts';
import { decoded, decoderOf, dissected, rowOf } from './rows.ts';

/** What no flow between two hosts is made of, or needs more than a look. */
function isOdd(frame: Frame): boolean {
  const { ip, inner, error, icmp, dns } = dissect(frame);
  return !ip || inner.length > 0 || error !== undefined || icmp?.quoted !== undefined || dns !== undefined;
}

const other = new Kernel(LOOKED_INTO);

describe('plain packets', () => {
  it('are the same whether they are decoded one by one or together', () => {
    fc.assert(
      fc.property(
        fc.array(frames, { maxLength: 30 }),
        fc.constantFrom(1, 1, 1, 113, 276, 101),
        (list, link) => {
          const block = inOneBlock(list.filter(({ linkType }) => linkType === link));
          const columns = columnsOf(block);
          if (!columns) return;
          const { kernel, decoder: together } = decoderOf(other);
          const alone = decoderOf();
          const { batch } = kernel;
          batch.count = 0;
          kernel.takeIn(columns, 0);
          const odd: number[] = [];
          for (let i = 0; i < columns.count; i++) {
            i = together.decode(kernel, columns, i, columns.count, 5);
            if (i < columns.count) odd.push(i);
          }
          const rows = block.map((frame) => decoded(frame, alone));
          expect(odd).toEqual(rows.flatMap((row, index) => (row ? [] : [index])));
          const plain = rows.filter((row) => row !== undefined);
          expect(batch.count).toBe(plain.length);
          for (const [index, row] of plain.entries()) expect(rowOf(batch, index, together)).toEqual(row);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('are what dissection says they are, or left to it', () => {
    let plain = 0;
    let all = 0;
    fc.assert(
      fc.property(frames, (frame) => {
        const own = decoded(frame);
        all++;
        if (!own) return;
        plain++;
        expect(own).toEqual(dissected(frame));
      }),
      { numRuns: 4000 },
    );
    expect(plain / all).toBeGreaterThan(0.1);
  });

  it.runIf(hasCorpus)('of the corpus too; and few of the others are left', async () => {
    let plain = 0;
    const left = new Map<string, number>();
    for (const { file = '' } of corpusFiles()) {
      const decoder = decoderOf();
      await scanFile(corpusPath(file), (frame) => {
        const own = decoded(frame, decoder);
        const { ip, tcp, udp } = dissect(frame);
        if (own) {
          plain++;
          expect(own, `${file} ${frame.number}`).toEqual(dissected(frame));
        } else if ((tcp ?? udp) && ip?.fragmentOffset === 0 && !ip.moreFragments && !isOdd(frame)) {
          left.set(file, (left.get(file) ?? 0) + 1);
        }
      });
    }
    const odd = [...left.values()].reduce((sum, count) => sum + count, 0);
    expect(plain).toBeGreaterThan(10_000);
    expect(odd / plain).toBeLessThan(0.35);
  });
});
