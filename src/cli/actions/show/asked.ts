import type { Frame } from '../../../capture/frame.ts';
import { scanCapture } from '../../../capture/scan.ts';
import type { Filter } from '../../../filter/filter.ts';
import { frameTest } from '../../../filter/frame.ts';
import { compileFilter, needsBegin } from '../../../filter/match.ts';
import { printFilter } from '../../../filter/print.ts';
import type { CaptureInput } from '../../../input/input.ts';

/** Which packets a filter asks for. */
export interface AskedFrames {
  readonly expression: string;
  isAsked(frame: Frame): boolean;
}

export async function askedFrames(filter: Filter, captures: readonly CaptureInput[]): Promise<AskedFrames> {
  const begin = needsBegin(filter) ? await beginOf(captures) : 0;
  let test: ((frame: Frame) => boolean) | undefined;
  return {
    expression: printFilter(filter),
    isAsked(frame) {
      test ??= frameTest(compileFilter(filter, begin ?? timeOf(frame)));
      return test(frame);
    },
  };
}

/** The first packet's time, by the beginnings of the files; undefined where one can be read only once: then it is that of the first that comes. */
async function beginOf(captures: readonly CaptureInput[]): Promise<number | undefined> {
  if (captures.some(({ once }) => once)) return undefined;
  let begin = Number.POSITIVE_INFINITY;
  for (const capture of captures) {
    const note = (frame: Frame) => {
      begin = Math.min(begin, timeOf(frame));
    };
    await scanCapture(capture.open(), note, {
      path: capture.path,
      limits: capture.limits,
      isPrompt: true,
      onProgress: () => false,
    });
  }
  return begin;
}

const timeOf = ({ seconds, nanoseconds }: Frame) => seconds + nanoseconds / 1e9;
