/** The rules that packets meet, with their counters and how much those moved since the reading before. */
import type { FoundNamespace } from '../collect/namespaces.ts';
import type { NftFamily } from '../nft/ruleset.ts';
import { TABLES } from '../xtables/rule.ts';
import type { HostState } from './host-state.ts';
import { nftCounters, nftForm } from './nft-rules.ts';
import { nftTextCounters, nftTextForm } from './nft-text-rules.ts';
import type { ChainForm, RuleCounters, RuleForm } from './rule-file.ts';
import { inOrder } from './rule-order.ts';
import { saveCounters, saveForm } from './save-rules.ts';

export interface RuleCount {
  readonly packets: number;
  readonly bytes: number;
  /** Since the reading before; undefined: there was none, or of other rules. */
  readonly morePackets?: number;
  readonly moreBytes?: number;
}

/** A chain as it was read last. */
export interface ChainRead {
  readonly namespace: string;
  readonly form: ChainForm;
  /** Of a rule, from 0, or of the policy with the number behind the last rule; undefined: nothing counts there. */
  countOf(rule: number): RuleCount | undefined;
  /** Those whose counters moved since the reading before, numbered likewise. */
  moved(): readonly number[];
}

export interface RulesRead {
  /** In the order in which packets meet them, namespace by namespace. */
  readonly chains: readonly ChainRead[];
  /** Seconds between the last two readings; undefined: there was one. */
  readonly span: number | undefined;
}

interface Reader {
  readonly file: string;
  form(text: string): RuleForm;
  counters(text: string, form: RuleForm): RuleCounters;
}

const READERS: readonly Reader[] = [
  {
    file: 'iptables-legacy-save.txt',
    form: (text) => saveForm(text, 'ip', 'iptables-legacy'),
    counters: saveCounters,
  },
  { file: 'iptables-save.txt', form: (text) => saveForm(text, 'ip', 'iptables-nft'), counters: saveCounters },
  {
    file: 'ip6tables-legacy-save.txt',
    form: (text) => saveForm(text, 'ip6', 'iptables-legacy'),
    counters: saveCounters,
  },
  {
    file: 'ip6tables-save.txt',
    form: (text) => saveForm(text, 'ip6', 'iptables-nft'),
    counters: saveCounters,
  },
  { file: 'nft-ruleset.json', form: nftForm, counters: nftCounters },
  { file: 'nft-ruleset.txt', form: nftTextForm, counters: nftTextCounters },
];

/** A file as it was read last. */
interface Known {
  /** Epoch milliseconds. */
  readonly taken: number;
  readonly essence: string;
  readonly lines: number;
  readonly form: RuleForm;
  readonly counters: RuleCounters;
  readonly before?: { readonly counters: RuleCounters; readonly taken: number };
}

type Files = Pick<HostState, 'file' | 'essence'>;

export class RuleBook {
  /** By path. */
  #known = new Map<string, Known>();
  /** As it was taken last. */
  last: RulesRead = { chains: [], span: undefined };

  /** Takes what was read since, of some namespaces. What it gave before stays as it is. */
  update(state: Files, namespaces: readonly Pick<FoundNamespace, 'name'>[]): RulesRead {
    const known = new Map<string, Known>();
    for (const { name } of namespaces)
      for (const reader of READERS) {
        const path = `namespaces/${name}/${reader.file}`;
        const now = readAgain(path, state, reader, this.#known.get(path));
        if (now) known.set(path, now);
      }
    const isSame =
      known.size === this.#known.size && [...known].every(([path, each]) => this.#known.get(path) === each);
    if (isSame) return this.last;
    this.#known = known;
    this.last = {
      chains: namespaces.flatMap(({ name }) => chainsOf(name, known)),
      span: spanOf([...known.values()]),
    };
    return this.last;
  }
}

function readAgain(
  path: string,
  state: Files,
  { form, counters }: Reader,
  before: Known | undefined,
): Known | undefined {
  const file = state.file(path);
  if (!file) return undefined;
  const { text, taken } = file;
  if (before?.taken === taken) return before;
  const essence = state.essence(path) ?? text;
  const lines = text.split('\n').length;
  // Lines without rules aren't of the essence, but move the others.
  if (before && before.essence === essence && before.lines === lines)
    return {
      ...before,
      taken,
      counters: counters(text, before.form),
      before: { counters: before.counters, taken: before.taken },
    };
  const made = form(text);
  return { taken, essence, lines, form: made, counters: counters(text, made) };
}

function chainsOf(namespace: string, known: ReadonlyMap<string, Known>): ChainRead[] {
  const files = READERS.flatMap(({ file }) => known.get(`namespaces/${namespace}/${file}`) ?? []);
  const saved = new Set(
    files.flatMap(({ form }) =>
      form.chains.flatMap((chain) => (chain.by === 'iptables-nft' ? [tableOf(chain)] : [])),
    ),
  );
  const of = new Map<ChainForm, Known>();
  for (const file of files)
    for (const chain of file.form.chains) {
      // iptables-nft shows its tables in its own words.
      if (chain.by === 'nft' && isName(chain.table) && saved.has(tableOf(chain))) continue;
      of.set(chain, file);
    }
  return inOrder([...of.keys()]).map((form) => {
    const file = of.get(form) as Known;
    let moved: readonly number[] | undefined;
    return {
      namespace,
      form,
      countOf: (rule) => countOf(form, rule, file),
      moved: () => {
        moved ??= movedOf(form, file);
        return moved;
      },
    };
  });
}

function tableOf({ family, table }: { readonly family: NftFamily; readonly table: string }): string {
  return `${family} ${table}`;
}

function isName(table: string): boolean {
  return TABLES.some((name) => name === table);
}

/** Where its counters are; -1: nothing counts there. */
function slotOf({ slots, policySlot = -1 }: ChainForm, rule: number): number {
  return rule === slots.length ? policySlot : (slots[rule] ?? -1);
}

function movedOf(form: ChainForm, { counters, before }: Known): number[] {
  const moved: number[] = [];
  if (!before) return moved;
  for (let rule = 0; rule <= form.slots.length; rule++) {
    const slot = slotOf(form, rule);
    const [now, earlier] = [counters.packets[slot], before.counters.packets[slot]];
    if (now !== undefined && earlier !== undefined && now > earlier) moved.push(rule);
  }
  return moved;
}

function countOf(form: ChainForm, rule: number, file: Known): RuleCount | undefined {
  const slot = slotOf(form, rule);
  if (slot < 0) return undefined;
  const { counters, before } = file;
  const of = ({ packets, bytes }: RuleCounters) => ({ packets: packets[slot] ?? 0, bytes: bytes[slot] ?? 0 });
  const now = of(counters);
  const earlier = before && of(before.counters);
  // Somebody may have set them to nothing meanwhile.
  if (!earlier || earlier.packets > now.packets) return now;
  return { ...now, morePackets: now.packets - earlier.packets, moreBytes: now.bytes - earlier.bytes };
}

/** Of the file that was read last. */
function spanOf(files: readonly Known[]): number | undefined {
  const last = files.reduce<Known | undefined>(
    (latest, file) => (file.before && file.taken > (latest?.taken ?? 0) ? file : latest),
    undefined,
  );
  return last?.before && (last.taken - last.before.taken) / 1000;
}
