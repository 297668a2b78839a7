/** What the limits leave of a pcapng file, told once for each; of blocks, which may be damage, each time. */
import type { Issue } from '../base/issue.ts';
import { formatBytes, type LimitName, limitIssue } from '../base/limits.ts';
import type { CaptureLimits, ParserContext } from './parser.ts';
import { textOf } from './pcapng-blocks.ts';

export class PcapngLimits {
  readonly #context: ParserContext;
  readonly #told = new Set<LimitName>();

  constructor(context: ParserContext) {
    this.#context = context;
  }

  get of(): CaptureLimits {
    return this.#context.limits;
  }

  tell(
    name: keyof CaptureLimits,
    found: string,
    skipped: string,
    severity: Issue['severity'] = 'warning',
  ): void {
    if (this.#told.has(name) && name !== 'pcapngBlock') return;
    this.#told.add(name);
    this.#context.issues.add(limitIssue(name, this.of, found, skipped, { severity }));
  }

  block(at: number, type: number, length: number): void {
    const found = `at byte ${this.#context.base + at} stands a block of type ${type} with ${formatBytes(length)}`;
    this.tell('pcapngBlock', found, 'it is passed over', 'error');
  }

  /** Of an option, as far as it is kept. */
  text(view: DataView, at: number, length: number): string {
    const most = this.of.pcapngText;
    if (length > most)
      this.tell('pcapngText', `a text has ${formatBytes(length)}`, 'what is beyond is cut off');
    return textOf(view, at, Math.min(length, most));
  }

  comment(view: DataView, at: number, length: number): void {
    const { comments } = this.#context.summary;
    if (comments.length < this.of.pcapngComments) comments.push(this.text(view, at, length));
    else this.tell('pcapngComments', `${comments.length} comments stand before this one`, 'no more are kept');
  }
}
