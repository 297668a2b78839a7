/** Machines that the prompts of pasted sessions name: what was typed on several must not become one state. */
import type { Issue } from '../base/issue.ts';
import type { Bundle, Recognised } from './fleet.ts';

export interface SpokenHosts {
  /** Two or more, or none: one machine needs no name. */
  readonly hosts: readonly string[];
  /** Each with the machine it is of, where that is one of `hosts` or has a bundle. */
  readonly recognised: Recognised;
  readonly issues: readonly Issue[];
}

interface Spoken {
  readonly host?: string;
  readonly path: string;
  readonly line: number;
  /** It says something of a state. */
  readonly counts: boolean;
}

export function bySpokenHosts(recognised: Recognised, bundles: readonly Bundle[]): SpokenHosts {
  const items = spokenOf(recognised);
  const bundled = new Set(bundles.flatMap(({ host }) => host ?? []));
  const named = items.filter(({ host, counts }) => counts && host !== undefined && !bundled.has(host));
  const spoken = [...new Set(named.flatMap(({ host }) => host ?? []))];
  // Beside the bundle of one machine, a session is of that one, whatever its prompt calls it.
  const hosts = spoken.length + bundled.size > 1 && (spoken.length > 1 || bundled.size === 0) ? spoken : [];
  const known = new Set([...bundled, ...hosts]);
  const only = bundled.size === 1 && hosts.length === 0 ? [...bundled][0] : undefined;
  // What no prompt stands above is taken to be of the machine that most is known of.
  const rest = hosts.length > 0 && bundled.size === 0 ? busiest(named) : only;
  const settle = <T extends { readonly host?: string }>(item: T): T => {
    if (item.host !== undefined && known.has(item.host)) return item;
    const { host: _unknown, ...without } = item;
    return (rest === undefined ? without : { ...without, host: rest }) as T;
  };
  return {
    hosts,
    recognised: {
      captures: recognised.captures.map((capture) => {
        if (capture.host === undefined || known.has(capture.host)) return capture;
        const { host: _unknown, ...without } = capture;
        return without;
      }),
      dumps: recognised.dumps.map((dump) => (isPlaced(dump, known) ? dump : settle(dump))),
      commands: recognised.commands.map((command) => settle(command)),
    },
    issues: hosts.length > 0 ? [...apart(named), ...assumed(recognised, known, rest)] : [],
  };
}

function spokenOf({ captures, dumps, commands }: Recognised): Spoken[] {
  return [
    // Of those only a session's tcpdump has a machine that is no bundle's.
    ...captures.map(({ host, path }) => ({
      ...(host === undefined ? {} : { host }),
      path,
      line: 1,
      counts: true,
    })),
    ...dumps.map(({ host, dump, step = 1 }) => ({
      ...(host === undefined ? {} : { host }),
      path: dump.path,
      line: step,
      counts: dump.content.kind !== 'unused',
    })),
    ...commands.map(({ host, path, line }) => ({
      ...(host === undefined ? {} : { host }),
      path,
      line,
      counts: true,
    })),
  ];
}

function busiest(items: readonly Spoken[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { host = '' } of items) counts.set(host, (counts.get(host) ?? 0) + 1);
  return [...counts].toSorted(([, left], [, right]) => right - left)[0]?.[0];
}

/** The argument says it (`node-1/red:=FILE`), or its path does. */
function isPlaced(
  { namespace = '', by, dump }: Recognised['dumps'][number],
  known: ReadonlySet<string>,
): boolean {
  const parts = [...dump.path.split(/[/\\]/), ...(by === 'argument' ? namespace.split('/') : [])];
  return parts.some((part) => [...known].some((host) => part === host || part.startsWith(`${host}-`)));
}

/** In each file, where another machine begins. */
function apart(items: readonly Spoken[]): Issue[] {
  const issues: Issue[] = [];
  for (const path of new Set(items.map((item) => item.path))) {
    const own = items.filter((item) => item.path === path).toSorted((left, right) => left.line - right.line);
    const firsts = own.filter((item, at) => own.findIndex(({ host }) => host === item.host) === at);
    const [, second] = firsts;
    if (!second) continue;
    const list = firsts.map(({ host, line }) => `${host} (from line ${line})`).join(', ');
    issues.push({
      severity: 'warning',
      code: 'several-machines',
      text: `its prompts are of several machines: ${list}; what was typed on one says nothing of the others, and their namespaces are told apart by name (${second.host}/host)`,
      path,
      line: second.line,
    });
  }
  return issues;
}

function assumed({ dumps }: Recognised, known: ReadonlySet<string>, host: string | undefined): Issue[] {
  const without = dumps.filter(
    (item) => item.host === undefined && item.dump.content.kind !== 'unused' && !isPlaced(item, known),
  );
  return [...new Map(without.map((item) => [item.dump.path, item])).values()].map(({ dump, step }) => ({
    severity: 'warning',
    code: 'host-assumed',
    text: `no prompt says of which machine this is: taken for ${host}'s, of which most is known. Say it with ${host}/NS:=${dump.path}`,
    path: dump.path,
    ...(step === undefined ? {} : { line: step }),
  }));
}
