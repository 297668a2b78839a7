/** The body of an interface description block: draft-ietf-opsawg-pcapng section 4.2. */
import type { Issue } from '../base/issue.ts';
import { OPTION, walkOptions } from './pcapng-blocks.ts';
import type { PcapngLimits } from './pcapng-limits.ts';
import { offsetIssue } from './pcapng-time.ts';
import type { CaptureInterface } from './summary.ts';

type Described = Pick<
  CaptureInterface,
  'linkType' | 'snaplen' | 'resolution' | 'offset' | 'name' | 'description' | 'filter'
>;

/** What of it isn't as usual: a clock of microseconds since the epoch. `issue`: an offset that no time has, and is left out. */
export function readDescription(
  view: DataView,
  start: number,
  end: number,
  little: boolean,
  limits: PcapngLimits,
): Described & { readonly issue?: Issue } {
  let name: string | undefined;
  let description: string | undefined;
  let filter: string | undefined;
  let resolution = 6;
  let offset = 0;
  walkOptions(view, little, start + 8, end, (code, at, length) => {
    if (code === OPTION.ifName) name ??= limits.text(view, at, length);
    else if (code === OPTION.ifDescription) description ??= limits.text(view, at, length);
    // A filter that begins with 0 is text, any other is a BPF program.
    else if (code === OPTION.ifFilter && length > 1)
      filter ??= view.getUint8(at) === 0 ? limits.text(view, at + 1, length - 1) : 'a BPF program';
    else if (code === OPTION.ifTsresol && length >= 1) resolution = view.getUint8(at);
    else if (code === OPTION.ifTsoffset && length >= 8) offset = Number(view.getBigInt64(at, little));
  });
  const issue = offsetIssue(offset);
  return {
    linkType: view.getUint16(start, little),
    snaplen: view.getUint32(start + 4, little),
    ...(resolution !== 6 && { resolution }),
    ...(!issue && offset !== 0 && { offset }),
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(filter !== undefined && { filter }),
    ...(issue && { issue }),
  };
}
