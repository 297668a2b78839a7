import type { Issue } from '../../base/issue.ts';
import { isCapture, MAGIC_LENGTH } from '../../capture/magic.ts';
import { type ByteSource, peek } from '../../capture/source.ts';
import type { CaptureInput, InputSet } from '../../input/input.ts';
import type { ShowOptions } from '../commands/show.ts';
import { filterFor, parseFilterOptions } from '../filter.ts';
import type { Io, Status } from '../io.ts';
import { textOptions } from '../terminal.ts';
import { askedFrames } from './show/asked.ts';
import { needCapture, type ShowJob, showing } from './show/showing.ts';

/** Every form, each loaded when it is asked for; `count` only of the packets that a filter asks for. */
export async function showAction(words: readonly string[], options: ShowOptions, io: Io): Promise<Status> {
  const wanted = parseFilterOptions(options);
  const ask = async (inputs: InputSet) => {
    const filter = filterFor(wanted, inputs);
    return filter && askedFrames(filter, inputs.captures);
  };
  const form = async (job: ShowJob): Promise<Issue[]> => {
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
      case 'count': {
        const { showCount } = await import('./show/count.ts');
        return showCount(needCapture(job, 'count'));
      }
    }
  };
  return showing(words, options, io, form, ask);
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
