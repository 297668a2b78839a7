/**
 * How `iptables -L` prints a match or target: what its print function writes, as patterns, and the options each stands for. The
 * options then go the way of those of iptables-save.
 */
import { wordTable } from '../base/word-table.ts';
import type { Family } from '../net/ip.ts';

export interface ListedOption {
  readonly name: string;
  readonly invert: boolean;
  readonly words: readonly string[];
}

export interface Listed {
  /** Where in the text it ends. */
  readonly end: number;
  readonly options: readonly ListedOption[];
}

export interface Listing {
  /** Undefined where the text at `at` is not this extension's. */
  read(text: string, at: number, family: Family): Listed | undefined;
  /** What the print function leaves out; the extension's outcome is unknown then. */
  readonly lost?: string;
}

type Groups = Readonly<Record<string, string | undefined>>;
type Meaning = string | ((groups: Groups, family: Family) => readonly ListedOption[]);

/**
 * A pattern of whole words; a blank in it stands for several, `\x20` for just one. With an option's name: group `n` means it is inverted, group `v` is its argument. Otherwise a function
 * of the groups.
 */
export type Part = readonly [pattern: RegExp, meaning: Meaning];

export interface ListingSettings {
  readonly lost?: string;
  /** Parts may come several times; otherwise each once, in any order. */
  readonly repeated?: true;
  /** At least one part must be there: there is no head that tells. */
  readonly headless?: true;
  /** Options that what is *not* printed stands for. */
  readonly finish?: (options: readonly ListedOption[]) => readonly ListedOption[];
}

/** A print function that begins with `head`, with `parts` behind it. */
export function listing(
  head: RegExp | Part,
  parts: readonly Part[] = [],
  settings: ListingSettings = {},
): Listing {
  const [headPattern, headMeaning]: Part = head instanceof RegExp ? [head, () => []] : head;
  const patterns = () => ({
    first: settings.headless ? undefined : whole(headPattern),
    rest: (settings.headless ? [[headPattern, headMeaning] as const, ...parts] : parts).map(
      ([pattern, meaning]) => ({ pattern: whole(pattern), meaning }),
    ),
  });
  let made: ReturnType<typeof patterns> | undefined;
  return {
    ...(settings.lost === undefined ? {} : { lost: settings.lost }),
    read(text, at, family) {
      made ??= patterns();
      const { first, rest } = made;
      const options: ListedOption[] = [];
      let end = at;
      if (first) {
        const found = execAt(first, text, at);
        if (!found) return undefined;
        end = first.lastIndex;
        options.push(...mean(headMeaning, found.groups ?? {}, family));
      }
      const open = new Set(rest);
      for (let again = true; again; ) {
        again = false;
        for (const part of open) {
          const found = execAt(part.pattern, text, end);
          if (!found) continue;
          end = part.pattern.lastIndex;
          options.push(...mean(part.meaning, found.groups ?? {}, family));
          if (!settings.repeated) open.delete(part);
          again = true;
          break;
        }
      }
      if (!first && end === at) return undefined;
      return { end, options: settings.finish ? settings.finish(options) : options };
    },
  };
}

/** A print function that writes nothing but parts that tell themselves. */
export function listedParts(parts: readonly [Part, ...Part[]], settings: ListingSettings = {}): Listing {
  const [head, ...rest] = parts;
  return listing(head, rest, { ...settings, headless: true });
}

/** Prints nothing, or only these parts. */
export function listedBare(parts: readonly Part[] = []): Listing {
  return listing(/(?:)/, parts);
}

export function listedOption(name: string, word?: string, invert = false): ListedOption {
  return { name, invert, words: word === undefined ? [] : [word] };
}

/** Source and destination ports as tcp, udp, sctp and dccp print them: `spt:80`, `dpts:!1:3`. */
export const LISTED_PORTS: readonly Part[] = [
  [/spts?:(?<n>!)?(?<v>\S+)/, 'sport'],
  [/dpts?:(?<n>!)?(?<v>\S+)/, 'dport'],
];

/** Text in double quotes, in which a backslash keeps the next character; older versions: between a backquote and a quote. */
export const QUOTED = '"(?<v>(?:[^"\\\\]|\\\\.)*)"';

export function unquoted(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}

/** Networks that have a name in the /etc/networks of distributions. */
const NETWORKS = wordTable<string>({
  'loopback/8': '127.0.0.0/8',
  'link-local/16': '169.254.0.0/16',
});

/** An address as -L prints it without -n. */
export function listedAddress(word: string, family: Family): string {
  if (word === 'anywhere') return family === 4 ? '0.0.0.0/0' : '::/0';
  return NETWORKS[word] ?? word;
}

/** The words end where a blank or the line does; a blank of the pattern is one or more, since pasting changes their number. */
function whole(pattern: RegExp): RegExp {
  if (pattern.source === '(?:)') return /(?:)/y;
  const source = pattern.source.replaceAll(' ?', '\\s*').replaceAll(' ', '\\s+');
  return new RegExp(`\\s*(?:${source})(?!\\S)`, 'y');
}

function execAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function mean(meaning: Meaning, groups: Groups, family: Family): readonly ListedOption[] {
  if (typeof meaning !== 'string') return meaning(groups, family);
  return [listedOption(meaning, groups.v, groups.n !== undefined)];
}
