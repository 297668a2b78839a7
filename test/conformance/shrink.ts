/** A case that fails made as small as it can be while it still fails: fewer packets, settings, rules. */
import type { Case, Rules, Stimulus } from './case.ts';
import { skbOf } from './frame.ts';
import { unhex } from './kernel/agent.ts';
import type { Recording } from './recording.ts';

/** Tries; each is a run on the kernel. */
const TRIES = 120;

/** The case with every packet that was sent, answers too, as a plain list. */
export function flattened(of: Case, recording: Recording): Case {
  const { answer: _, ...rest } = of;
  return { ...rest, stimuli: recording.stimuli.flatMap(stimulusOf) };
}

export function stimulusOf(recorded: Recording['stimuli'][number]): Stimulus[] {
  const skb = skbOf(unhex(recorded.bytes), recorded);
  return skb ? [{ on: recorded.on, skb }] : [];
}

export async function shrink(failing: Case, fails: (of: Case) => Promise<boolean>): Promise<Case> {
  let best = failing;
  let left = TRIES;
  const attempt = async (smaller: Case): Promise<boolean> => {
    if (left-- <= 0 || !(await fails(smaller))) return false;
    best = smaller;
    return true;
  };
  /** Takes pieces out of a list, halves first. */
  const reduce = async <T>(
    list: () => readonly T[],
    without: (kept: readonly T[]) => Case,
  ): Promise<void> => {
    for (
      let size = Math.ceil(list().length / 2);
      size >= 1 && left > 0;
      size = size === 1 ? 0 : Math.ceil(size / 2)
    ) {
      for (let at = 0; at < list().length && left > 0; ) {
        const kept = list().filter((_, index) => index < at || index >= at + size);
        if (!(await attempt(without(kept)))) at += size;
      }
    }
  };
  await reduce(
    () => best.stimuli,
    (stimuli) => ({ ...best, stimuli }),
  );
  for (const namespace of Object.keys(best.network.namespaces)) {
    await reduce(
      () => best.settings?.[namespace] ?? [],
      (commands) => ({ ...best, settings: { ...best.settings, [namespace]: commands } }),
    );
    for (const kind of ['ip4', 'ip6'] as const) {
      const whole = () => best.rules[namespace]?.[kind] ?? '';
      const put = (text: string): Case =>
        withRules(best, namespace, { ...best.rules[namespace], [kind]: text });
      await reduce(
        () =>
          whole()
            .split('\n')
            .filter((line) => line.startsWith('-A')),
        (kept) => put(withRuleLines(whole(), kept)),
      );
      await reduce(
        () => tablesOf(whole()),
        (kept) => put(kept.join('')),
      );
    }
    const nftRules = () => (best.rules[namespace]?.nftRules ?? '').split('\n').filter((line) => line !== '');
    await reduce(nftRules, (kept) =>
      withRules(best, namespace, { ...best.rules[namespace], nftRules: `${kept.join('\n')}\n` }),
    );
    if (best.rules[namespace]?.nft !== undefined) {
      const { nft: _, nftRules: __, ...others } = best.rules[namespace] ?? {};
      await attempt(withRules(best, namespace, others));
    }
  }
  await reduce(
    () => best.stimuli,
    (stimuli) => ({ ...best, stimuli }),
  );
  return best;
}

function withRules(of: Case, namespace: string, rules: Rules): Case {
  return { ...of, rules: { ...of.rules, [namespace]: rules } };
}

/** The text with only these of its rules; each stands for one line. User chains that nothing names go. */
function withRuleLines(text: string, kept: readonly string[]): string {
  const budget = new Map<string, number>();
  for (const line of kept) budget.set(line, (budget.get(line) ?? 0) + 1);
  const lines = text.split('\n').filter((line) => {
    if (!line.startsWith('-A')) return true;
    const count = budget.get(line) ?? 0;
    budget.set(line, count - 1);
    return count > 0;
  });
  const used = new Set(
    lines.flatMap((line) => [...line.matchAll(/(?:^-A|-[jg]) (\S+)/g)].map(([, chain]) => chain)),
  );
  return lines.filter((line) => !/^:\S+ - /.test(line) || used.has(line.slice(1).split(' ')[0])).join('\n');
}

/** `*table … COMMIT` pieces. */
function tablesOf(text: string): string[] {
  return text.match(/\*[\s\S]*?COMMIT\n?/g) ?? [];
}
