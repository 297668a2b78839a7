/** What the forms of `ipset save` and `ipset list` share: sets and elements by their words, and what to say of bad ones. */
import type { Issue } from '../base/issue.ts';
import { readEntry } from '../ipset/entry.ts';
import { readHeader } from '../ipset/header.ts';
import type { IpSet, SetEntry } from '../ipset/record.ts';
import { isRefused } from '../ipset/words.ts';
import { quote } from './text.ts';

type Draft = Omit<IpSet, 'entries'> & { entries?: SetEntry[] };

export class SetReader {
  readonly issues: Issue[] = [];
  readonly #path: string;
  readonly #sets = new Map<string, Draft>();

  constructor(path: string) {
    this.#path = path;
  }

  get sets(): IpSet[] {
    return [...this.#sets.values()];
  }

  has(name: string): boolean {
    return this.#sets.has(name);
  }

  /** `words` begin with the type. `listed`: its elements follow; otherwise nothing is known of them. */
  create(name: string, words: readonly string[], line: number, text: string, listed: boolean): void {
    const header = readHeader(words);
    if (name === '' || isRefused(header)) {
      this.flag(line, text, isRefused(header) ? header.refused : 'a set has a name');
      return;
    }
    const set = { name, header, span: { path: this.#path, line } };
    this.#sets.set(name, listed ? { ...set, entries: [] } : set);
  }

  /** `words` begin with the element. */
  add(name: string, words: readonly string[] | undefined, line: number, text: string): void {
    const set = this.#sets.get(name);
    const entry = set && words && readEntry(words, set.header, { path: this.#path, line });
    if (!set) this.flag(line, text, `set ${name} was not created before`);
    else if (!entry || isRefused(entry)) this.flag(line, text, entry?.refused ?? 'a quote is not closed');
    else {
      set.entries ??= [];
      set.entries.push(entry);
    }
  }

  /** Its elements are among what follows, or there are none. */
  listed(name: string): void {
    const set = this.#sets.get(name);
    if (set) set.entries ??= [];
  }

  flag(line: number, text: string, why: string): void {
    this.issues.push({
      severity: 'warning',
      code: 'dump-line',
      text: `${quote(text)}: ${why}`,
      path: this.#path,
      line,
    });
  }
}
