import { isCapture, MAGIC_LENGTH } from '../../capture/magic.ts';
import { type ByteSource, peek } from '../../capture/source.ts';
import type { CaptureInput } from '../../input/input.ts';
import type { ShowOptions } from '../commands/show.ts';
import type { Io, Status } from '../io.ts';
import { textOptions } from '../terminal.ts';
import { needCapture, showing } from './show/showing.ts';

type FormOptions = ShowOptions & { readonly format: Exclude<ShowOptions['format'], 'count'> };

/** Every form but `count`, each loaded when it is asked for. */
export function showAction(words: readonly string[], options: FormOptions, io: Io): Promise<Status> {
  return showing(words, options, io, async (job) => {
    switch (options.format) {
      case 'text': {
        const { showText } = await import('./show/text.ts');
        return showText(job, textOptions(io, options));
      }
      case 'json': {
        const { showJson } = await import('./show/json.ts');
        return showJson(job);
      }
      case 'jsonl': {
        const { showLines } = await import('./show/lines.ts');
        return showLines(needCapture(job, 'jsonl'));
      }
      case 'canonical': {
        const { showCanonical } = await import('./show/canonical.ts');
        return showCanonical(job);
      }
    }
  });
}

/** A capture's bytes, and what its first ones say it is. */
export async function openCapture(
  capture: CaptureInput,
): Promise<{ source: ByteSource; kind: string; why: string }> {
  const { head, source } = await peek(capture.open(), MAGIC_LENGTH);
  const format = isCapture(head);
  const magic = [...head.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return {
    source,
    kind: format ?? 'capture',
    why: capture.why ?? `it begins with ${magic}, the magic number of ${format ?? 'a capture'}`,
  };
}
