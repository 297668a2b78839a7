/** Several dumps of one kind of one namespace, taken one after the other, are states of the host in time. */
import type { DumpContent } from '../dump/dump.ts';
import type { DumpInput } from '../input/input.ts';

/** The dumps that stood at one time. */
export interface DumpedState {
  /** What to build the snapshot of: of each kind the dump that stood then, and all that were taken once. */
  readonly dumps: readonly DumpInput[];
  /** Those of `dumps` that other states have in another version. */
  readonly own: readonly DumpInput[];
  /** Epoch seconds of its first and last own dump; undefined: only their order is known. */
  readonly taken?: { readonly first: number; readonly last: number };
  /** What the order rests on: times, the files' names, or when the files were last written, which copying changes. */
  readonly orderBy: 'time' | 'name' | 'modified';
}

type OrderBy = DumpedState['orderBy'];

interface Sequence {
  readonly versions: readonly DumpInput[];
  readonly orderBy: OrderBy;
}

/** Files that were written within this many seconds were copied, or saved, together. */
const TOGETHER = 2;
/** More states than these are not told apart: the last ones count. */
const MOST = 16;

/** One state where no kind was dumped twice. In the order of time; the last is the host as it was left. */
export function dumpedStates(dumps: readonly DumpInput[]): [DumpedState, ...DumpedState[]] {
  const sequences = sequencesOf(dumps);
  const rounds = roundsOf(sequences).slice(-MOST);
  const changing = new Set(sequences.flatMap(({ versions }) => versions));
  const constant = dumps.filter((input) => !changing.has(input));
  const states = rounds.map((round, index): DumpedState => {
    const own: DumpInput[] = [];
    const filling: DumpInput[] = [];
    for (const sequence of sequences) {
      const current = versionAt(sequence, rounds, index);
      own.push(current);
      // Of settings and counters a later dump may show more; what it shows and this one doesn't is taken from there.
      if (isPartial(current)) {
        const others = sequence.versions.filter((version) => version !== current).toReversed();
        filling.push(...others.map((other) => timeless(withoutKnown(other, current))));
      }
    }
    const times = round.flatMap((input) => exactTime(input) ?? []);
    const orderBy = weakest(
      sequences.filter(({ versions }) => versions.some((each) => round.includes(each))),
    );
    return {
      dumps: [...constant, ...filling, ...own.map(timeless)],
      own,
      ...(times.length === round.length && {
        taken: { first: Math.min(...times), last: Math.max(...times) },
      }),
      orderBy,
    };
  });
  const [first, ...rest] = states;
  return first ? [first, ...rest] : [{ dumps, own: [], orderBy: 'time' }];
}

/** In the state it stands behind what it is to win against; its time must not put it before. */
function timeless({ dump, namespace, by }: DumpInput): DumpInput {
  return { dump, namespace, by };
}

/** What a dump shows that another of its kind doesn't. */
function withoutKnown(input: DumpInput, { dump: known }: DumpInput): DumpInput {
  const { content } = input.dump;
  const rest = (own: DumpContent): DumpInput => ({ ...input, dump: { ...input.dump, content: own } });
  if (content.kind === 'sysctls' && known.content.kind === 'sysctls')
    return rest({ ...content, sysctls: lacking(content.sysctls, known.content.sysctls) });
  if (content.kind === 'counters' && known.content.kind === 'counters')
    return rest({ ...content, counters: lacking(content.counters, known.content.counters) });
  const ids = new Set(
    known.content.kind === 'containers'
      ? known.content.containers.map(({ id }) => id)
      : known.content.kind === 'docker-networks'
        ? known.content.networks.map(({ id }) => id)
        : [],
  );
  if (content.kind === 'containers')
    return rest({ ...content, containers: content.containers.filter(({ id }) => !ids.has(id)) });
  if (content.kind === 'docker-networks')
    return rest({ ...content, networks: content.networks.filter(({ id }) => !ids.has(id)) });
  return input;
}

function lacking<T>(all: ReadonlyMap<string, T>, known: ReadonlyMap<string, T>): Map<string, T> {
  return new Map([...all].filter(([name]) => !known.has(name)));
}

function isPartial({ dump }: DumpInput): boolean {
  return ['sysctls', 'counters', 'containers', 'docker-networks'].includes(dump.content.kind);
}

function weakest(sequences: readonly Sequence[]): OrderBy {
  for (const by of ['modified', 'name'] as const)
    if (sequences.some(({ orderBy }) => orderBy === by)) return by;
  return 'time';
}

/** Its version of this round, else the last one before, else its first. */
function versionAt(
  { versions }: Sequence,
  rounds: readonly (readonly DumpInput[])[],
  index: number,
): DumpInput {
  for (let at = index; at >= 0; at--) {
    const found = versions.find((version) => rounds[at]?.includes(version));
    if (found) return found;
  }
  return versions[0] as DumpInput;
}

function sequencesOf(dumps: readonly DumpInput[]): Sequence[] {
  const slots = new Map<string, DumpInput[]>();
  for (const input of dumps) {
    const slot = slotOf(input);
    if (slot === undefined) continue;
    const known = slots.get(slot);
    if (known) known.push(input);
    else slots.set(slot, [input]);
  }
  return [...slots.values()].flatMap((group) => (group.length < 2 ? [] : (ordered(group) ?? [])));
}

/** What replaces what: the same command's output of the same thing. A trace or a rules file somebody wrote is no state. */
function slotOf({ dump, namespace, step }: DumpInput): string | undefined {
  // A session's dumps are put in order with its commands.
  if (step !== undefined) return undefined;
  const { content } = dump;
  if (content.kind === 'trace' || content.kind === 'resolver') return undefined;
  return [namespace, content.kind, dump.format, variantOf(content)].join(' ');
}

function variantOf(content: DumpContent): string {
  if (content.kind === 'ruleset') return `${content.ruleset.family} ${content.ruleset.backend}`;
  if (content.kind === 'routes' || content.kind === 'ip-rules') return `${content.family}`;
  return content.kind === 'frame-filter' ? content.filter.tool : '';
}

/** Undefined where two of them can't be told apart in time, or speak of different things (`-t nat` and `-t filter`). */
function ordered(group: readonly DumpInput[]): Sequence | undefined {
  const by: OrderBy[] = [];
  for (const [index, left] of group.entries()) {
    for (const right of group.slice(index + 1)) {
      const order = compare(left, right, group);
      if (!order || !overlaps(left.dump.content, right.dump.content)) return undefined;
      by.push(order.by);
    }
  }
  const versions = group.toSorted((left, right) => compare(left, right, group)?.sign ?? 0);
  const orderBy = by.includes('modified') ? 'modified' : by.includes('name') ? 'name' : 'time';
  return { versions, orderBy };
}

function compare(
  left: DumpInput,
  right: DumpInput,
  group: readonly DumpInput[],
): { sign: number; by: OrderBy } | undefined {
  const times = [exactTime(left), exactTime(right)] as const;
  if (times[0] !== undefined && times[1] !== undefined && times[0] !== times[1])
    return { sign: times[0] - times[1], by: 'time' };
  const stages = [left.stage, right.stage] as const;
  if (stages[0] && stages[1] && stages[0].stem === stages[1].stem && stages[0].order !== stages[1].order)
    return { sign: stages[0].order - stages[1].order, by: 'name' };
  if (left.time !== undefined && right.time !== undefined && left.time !== right.time)
    return { sign: left.time - right.time, by: 'time' };
  // Parts of one transcript stand in the order in which they were typed.
  if (left.dump.path === right.dump.path)
    return { sign: group.indexOf(left) - group.indexOf(right), by: 'name' };
  const written = (left.modified ?? Number.NaN) - (right.modified ?? Number.NaN);
  return Math.abs(written) >= TOGETHER ? { sign: written, by: 'modified' } : undefined;
}

/** Its own, not that of its whole bundle. */
function exactTime({ time, timeBy }: DumpInput): number | undefined {
  return timeBy === 'bundle' ? undefined : time;
}

function overlaps(left: DumpContent, right: DumpContent): boolean {
  const [one, other] = [subjectsOf(left), subjectsOf(right)];
  // Nothing there at all is a state too: no rules, no neighbours.
  if (one.size === 0 || other.size === 0) return true;
  return [...one].some((subject) => other.has(subject));
}

/** What a dump speaks of: tables, settings, devices with their families. */
function subjectsOf(content: DumpContent): Set<string> {
  switch (content.kind) {
    case 'ruleset':
      return new Set(content.ruleset.tables.keys());
    case 'nft':
      return new Set(content.ruleset.tables.map(({ family, name }) => `${family} ${name}`));
    case 'sysctls':
      return new Set(content.sysctls.keys());
    case 'counters':
      return new Set(content.counters.keys());
    case 'ipsets':
      return new Set(content.sets.map(({ name }) => name));
    case 'links':
      return new Set(
        content.links.flatMap(({ name, addresses }) =>
          addresses.length === 0
            ? content.withAddresses
              ? []
              : [name]
            : addresses.map(({ address }) => `${name} ${typeof address}`),
        ),
      );
    case 'routes':
      return new Set(
        [content.dump4, content.dump6].flatMap((dump) =>
          (dump?.routes ?? []).map((route) => `${route.family} ${route.table}`),
        ),
      );
    case 'neighbours':
      return new Set(content.neighbours.map(({ address }) => typeof address));
    case 'conntrack':
      return new Set(content.entries.map(({ entry }) => `${entry.original.family}`));
    case 'sockets':
      return new Set(content.sockets.map(({ protocol }) => protocol));
    case 'fdb':
      return new Set(content.entries.map(({ master, dev }) => master ?? dev));
    case 'containers':
      return new Set(content.containers.map(({ id }) => id));
    case 'docker-networks':
      return new Set(content.networks.map(({ id }) => id));
    default:
      return new Set();
  }
}

/** Dumps that were taken one after the other, each kind at most once a round. */
function roundsOf(sequences: readonly Sequence[]): DumpInput[][] {
  const timed = sequences.filter(({ versions }) =>
    versions.every((version) => exactTime(version) !== undefined),
  );
  const items = timed
    .flatMap((sequence) =>
      sequence.versions.map((input) => ({ input, sequence, time: exactTime(input) ?? 0 })),
    )
    .toSorted((left, right) => left.time - right.time);
  const rounds: DumpInput[][] = [];
  let here = new Set<Sequence>();
  for (const { input, sequence } of items) {
    if (rounds.length === 0 || here.has(sequence)) {
      rounds.push([]);
      here = new Set();
    }
    here.add(sequence);
    rounds.at(-1)?.push(input);
  }
  const untimed = sequences.filter((sequence) => !timed.includes(sequence));
  const count = Math.max(rounds.length, ...untimed.map(({ versions }) => versions.length));
  while (untimed.length > 0 && rounds.length < count) rounds.push([]);
  for (const { versions } of untimed) {
    // The last of each kind is how things were left.
    for (const [index, version] of versions.entries())
      rounds[index === versions.length - 1 ? rounds.length - 1 : index]?.push(version);
  }
  return rounds;
}
