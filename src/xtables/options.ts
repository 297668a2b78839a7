/** Options of one loaded extension, and their checks: xtables_option_parse() and xtables_option_fcheck(), libxtables/xtoptions.c. */
import type { Arg, Args, ExtensionBase, OptionDefinition, Options, ReadContext } from './extension.ts';
import { isRefusal } from './extension.ts';
import type { Token } from './tokens.ts';
import { bare } from './tokens.ts';

export interface GivenOption {
  readonly name: string;
  readonly invert: boolean;
  readonly words: readonly Token[];
}

/** What went wrong with an extension's options, or its info. */
export type Built = { readonly info: unknown } | { readonly problem: string };

const tables = new WeakMap<Options, ReadonlyMap<string, string>>();

/** Every name an option can be given by, to its name in the table. */
export function optionNames(options: Options): ReadonlyMap<string, string> {
  const known = tables.get(options);
  if (known) return known;
  const names = new Map<string, string>();
  for (const [name, definition] of Object.entries(options)) {
    for (const each of [name, ...(definition.aliases ?? [])]) names.set(each, name);
  }
  tables.set(options, names);
  return names;
}

export function buildInfo(
  extension: ExtensionBase<unknown, Options>,
  given: readonly GivenOption[],
  context: ReadContext,
): Built {
  const args: Record<string, Arg<unknown> | Arg<unknown>[] | undefined> = {};
  const seen = new Set<string>();
  for (const [position, { name, invert, words }] of given.entries()) {
    const definition = extension.options[name] as OptionDefinition;
    if (seen.has(name) && !definition.multiple) return { problem: `--${name} is given twice` };
    seen.add(name);
    if (invert && !definition.invert) return { problem: `--${name} cannot be inverted with !` };
    const texts = words.map((word) => word.text);
    const value = definition.value.read(texts, context);
    if (value === undefined) {
      const shown = [`--${name}`, ...texts.map(bare)].join(' ');
      return { problem: `${shown}: expected ${definition.value.expected}` };
    }
    const arg = { invert, value, position };
    const list = args[name];
    if (!definition.multiple) args[name] = arg;
    else if (Array.isArray(list)) list.push(arg);
    else args[name] = [arg];
  }
  const problem = missing(extension, seen);
  if (problem !== undefined) return { problem };
  for (const [name, definition] of Object.entries(extension.options)) {
    if (definition.multiple && args[name] === undefined) args[name] = [];
  }
  const info = extension.build(args as Args<Options>, context);
  return isRefusal(info) ? { problem: info.refuse } : { info };
}

function missing(extension: ExtensionBase<unknown, Options>, seen: ReadonlySet<string>): string | undefined {
  for (const [name, { required, excludes, needs }] of Object.entries(extension.options)) {
    if (!seen.has(name)) {
      if (required) return `--${name} must be given`;
      continue;
    }
    const other = excludes?.find((each) => seen.has(each));
    if (other !== undefined) return `--${name} and --${other} cannot be combined`;
    if (needs && !needs.some((each) => seen.has(each))) {
      return `--${name} also needs ${needs.map((each) => `--${each}`).join(' or ')}`;
    }
  }
  const lacking = extension.oneOf?.find((names) => !names.some((each) => seen.has(each)));
  if (lacking) return `one of ${lacking.map((each) => `--${each}`).join(', ')} must be given`;
  return undefined;
}
