/** Interface names as a finite alphabet: the classes that the rules at hand tell apart, each with a name that stands for it. */
import type { InterfaceMatch, Rule } from '../xtables/rule.ts';

/** A name, or with `wildcard` all that begin with it. */
export interface NamePattern {
  readonly name: string;
  readonly wildcard: boolean;
}

export interface Alphabet {
  /** One name for each class, by its code. The first is none that any rule names; the last, empty, is no interface. */
  readonly names: readonly string[];
  readonly none: number;
  /** Codes of the classes whose names fit the pattern. */
  codesOf(pattern: NamePattern): number[];
  /** Of a class that is more than one name: how it is told (`eth+`, `another`). */
  labelOf(code: number): string;
}

const LONGEST = 15;

export function createAlphabet(patterns: readonly NamePattern[]): Alphabet {
  const exact = new Set(
    patterns.filter(({ name, wildcard }) => !wildcard && name !== '').map(({ name }) => name),
  );
  const prefixes = new Set(patterns.filter(({ wildcard }) => wildcard).map(({ name }) => name));
  const taken = (name: string, prefix: string): boolean =>
    exact.has(name) || [...prefixes].some((other) => other.length > prefix.length && name.startsWith(other));
  const names = [freeName('', taken) ?? '?'];
  const labels = ['another interface'];
  for (const name of [...exact].toSorted()) {
    names.push(name);
    labels.push(name);
  }
  for (const prefix of [...prefixes].toSorted()) {
    const name = prefix === '' ? undefined : freeName(prefix, taken);
    if (name === undefined) continue;
    names.push(name);
    labels.push(`${prefix}+`);
  }
  names.push('');
  labels.push('none');
  const none = names.length - 1;
  return {
    names,
    none,
    codesOf: ({ name, wildcard }) =>
      names.flatMap((each, code) => ((wildcard ? each.startsWith(name) : each === name) ? [code] : [])),
    labelOf: (code) => labels[code] ?? '?',
  };
}

/** A name with that beginning which falls into no narrower class; undefined when there is none. */
function freeName(prefix: string, taken: (name: string, prefix: string) => boolean): string | undefined {
  const endings = prefix === '' ? ['if0', 'other0'] : ['0', '1', ''];
  for (const ending of endings) {
    const name = prefix + ending;
    if (name.length <= LONGEST && !taken(name, prefix)) return name;
  }
  for (let i = 2; i < 100_000; i++) {
    const name = `${prefix === '' ? 'x' : prefix}${i.toString(36)}`;
    if (name.length > LONGEST) return undefined;
    if (!taken(name, prefix)) return name;
  }
  return undefined;
}

export function patternsOf(rules: Iterable<Rule>): {
  iif: NamePattern[];
  oif: NamePattern[];
  ports: NamePattern[];
} {
  const found: Record<'iif' | 'oif' | 'ports', Map<string, NamePattern>> = {
    iif: new Map(),
    oif: new Map(),
    ports: new Map(),
  };
  const add = (where: keyof typeof found, { name, wildcard }: NamePattern): void => {
    found[where].set(`${name}${wildcard ? '+' : ''}`, { name, wildcard });
  };
  for (const rule of rules) {
    if (rule.in) add('iif', rule.in);
    if (rule.out) add('oif', rule.out);
    for (const { name, info } of rule.matches) {
      if (name !== 'physdev') continue;
      const { in: port, out } = info as { readonly in?: PortName; readonly out?: PortName };
      for (const each of [port, out]) if (each) add('ports', portPattern(each.name));
    }
  }
  return {
    iif: [...found.iif.values()],
    oif: [...found.oif.values()],
    ports: [...found.ports.values()],
  };
}

type PortName = Pick<InterfaceMatch, 'name'>;

/** physdev keeps the `+` in the name. */
export function portPattern(name: string): NamePattern {
  return name.endsWith('+') ? { name: name.slice(0, -1), wildcard: true } : { name, wildcard: false };
}
