/** A session played: what its commands made and its dumps showed, in the order in which they were typed. */
import type { Issue } from '../base/issue.ts';
import { isMisspelling } from '../base/nearest.ts';
import type { Docker } from '../dump/records.ts';
import type { CommandInput, DumpInput, InputSet } from '../input/input.ts';
import type { Problem } from './apply/words.ts';
import { applyCommand } from './apply.ts';
import { buildNetns } from './build-netns.ts';
import { inferredLink } from './links.ts';
import { meantCommand } from './meant.ts';
import { isHostWide } from './order.ts';
import { overlayNetns } from './overlay.ts';
import type { Netns, PlayedCommand, Snapshot } from './snapshot.ts';
import { withUplink } from './uplink.ts';

export interface Played {
  readonly namespaces: ReadonlyMap<string, Netns>;
  readonly steps: readonly PlayedCommand[];
  readonly issues: readonly Issue[];
}

/** Devices that a command took out of a namespace, as `namespace/device`: there is no other one of that name there. */
type Gone = ReadonlySet<string>;

type Event =
  | { readonly step: number; readonly command: CommandInput }
  | { readonly step: number; readonly input: DumpInput };

export function playSession(inputs: InputSet, docker: Docker): Played {
  const issues: Issue[] = [];
  const steps: PlayedCommand[] = [];
  let snapshot: Snapshot = { namespaces: new Map(), docker };
  let gone: Gone = new Set();
  const setsUp = (inputs.commands?.length ?? 0) > 0;
  const makesNamespaces = inputs.commands?.some(({ text }) => /^ip netns a/.test(text)) ?? false;
  for (const event of eventsOf(inputs)) {
    if ('input' in event) snapshot = withDump(snapshot, event.input, setsUp, issues);
    else {
      const played = play(snapshot, event.command, makesNamespaces, gone);
      gone = goneAfter(gone, snapshot, played.snapshot);
      snapshot = played.snapshot;
      if (event.command.text !== '' || played.step.refusal) steps.push(played.step);
      if (played.step.refusal) issues.push(refusalIssue(played.step));
    }
  }
  const namespaces = new Map(snapshot.namespaces);
  const host = namespaces.get('host');
  if (host) namespaces.set('host', withUplink(host, inputs.commands ?? []));
  return { namespaces, steps, issues };
}

/** File by file in the order they were named, within one by line; what a line printed after what it did. */
function eventsOf({ dumps, commands = [] }: InputSet): readonly Event[] {
  const printed = dumps.flatMap((input) =>
    input.step === undefined || isHostWide(input) ? [] : [{ step: input.step, input, path: input.dump.path }],
  );
  const typed = commands.map((command) => ({ step: command.step, command, path: command.path }));
  const paths = [...new Set([...typed, ...printed].map(({ path }) => path))];
  return paths.flatMap((path) =>
    [...typed, ...printed].filter((event) => event.path === path).sort((a, b) => a.step - b.step),
  );
}

/** Where a session changes things, it shows what it needs of a machine that was there before. */
function withDump(snapshot: Snapshot, input: DumpInput, setsUp: boolean, issues: Issue[]): Snapshot {
  const { namespace } = input;
  const known = snapshot.namespaces.has(namespace) || !setsUp ? snapshot : withPartial(snapshot, namespace);
  const base = known.namespaces.get(namespace);
  const netns = overlayNetns(base, buildNetns(namespace, [input], {}, issues));
  return { ...snapshot, namespaces: new Map(snapshot.namespaces).set(namespace, netns) };
}

function play(
  given: Snapshot,
  command: CommandInput,
  makesNamespaces: boolean,
  gone: Gone,
): { readonly snapshot: Snapshot; readonly step: PlayedCommand } {
  const { typed, text, line, path, refused } = command;
  const isThere = (name: string): boolean =>
    given.namespaces.has(name) || name === 'host' || !makesNamespaces;
  // Where the shell could not be opened, what follows is typed in the one before.
  const namespace = isThere(command.namespace) ? command.namespace : (command.outside ?? command.namespace);
  const span = { path, line };
  const step: PlayedCommand = { namespace, typed, span };
  const refuse = (reason: string, meant?: string): { snapshot: Snapshot; step: PlayedCommand } => ({
    snapshot: given,
    step: { ...step, refusal: { reason, ...(meant === undefined ? {} : { meant }) } },
  });
  if (!isThere(namespace)) {
    const others = [...given.namespaces.keys()].filter((name) => name !== 'host');
    return refuse(
      `there is no namespace ${namespace}${others.length > 0 ? `; there are ${others.join(', ')}` : ''}`,
    );
  }
  if (text === '') return { snapshot: given, step };
  const known = given.namespaces.has(namespace);
  let snapshot = known ? given : withPartial(given, namespace);
  if (refused) return refuse(`it printed "${refused.text.trim()}"`, meantCommand(snapshot, namespace, text));
  let applied = applyCommand(snapshot, namespace, text, span);
  // A device that a machine has and nobody listed: as many as a command can name.
  for (let tries = 0; applied.problem && tries < 4; tries++) {
    const wider = withLacking(snapshot, applied.problem, command, makesNamespaces, gone);
    if (!wider) break;
    snapshot = wider;
    applied = applyCommand(snapshot, namespace, text, span);
  }
  if (applied.problem)
    return refuse(applied.problem.problem, meantCommand(snapshot, namespace, text, applied.problem));
  return { snapshot: applied.snapshot, step };
}

/** The machine, or a namespace that was there before: the session makes something in it, and shows no more of it. */
function withPartial(snapshot: Snapshot, name: string): Snapshot {
  const netns: Netns = { name, inferred: false, partial: true, addressesUnknown: true, links: [] };
  return { ...snapshot, namespaces: new Map(snapshot.namespaces).set(name, netns) };
}

/** What the session takes for granted: a device of a namespace that it shows in part, a namespace that it doesn't make. */
function withLacking(
  snapshot: Snapshot,
  lack: Problem,
  { namespace, path, line }: CommandInput,
  makesNamespaces: boolean,
  gone: Gone,
): Snapshot | undefined {
  if (lack.namespace !== undefined && lack.namespace !== '')
    return makesNamespaces ? undefined : withPartial(snapshot, lack.namespace);
  const netns = snapshot.namespaces.get(namespace);
  if (lack.interface === undefined || lack.interface === '' || !netns?.partial) return undefined;
  if (gone.has(`${namespace}/${lack.interface}`) || isMistyped(lack.interface, netns)) return undefined;
  const link = inferredLink(lack.interface, { path, line });
  const links = [...(netns.links ?? []), link];
  return { ...snapshot, namespaces: new Map(snapshot.namespaces).set(namespace, { ...netns, links }) };
}

/** A name of its own in a namespace that the session fills: one letter away from a device there, it is that one misspelt. */
function isMistyped(name: string, { name: namespace, links = [] }: Netns): boolean {
  if (namespace === 'host' || name === 'lo') return false;
  return links.some((link) => link.pair !== undefined && isMisspelling(name, link.name));
}

function goneAfter(gone: Gone, before: Snapshot, after: Snapshot): Gone {
  const changed = [...before.namespaces].filter(([name, netns]) => after.namespaces.get(name) !== netns);
  if (changed.length === 0) return gone;
  const now = new Set(gone);
  for (const [name, { links = [] }] of changed) for (const link of links) now.add(`${name}/${link.name}`);
  for (const [name] of changed)
    for (const link of after.namespaces.get(name)?.links ?? []) now.delete(`${name}/${link.name}`);
  return now;
}

function refusalIssue({ typed, span, refusal }: PlayedCommand): Issue {
  const meant = refusal?.meant === undefined ? '' : `; meant is probably \`${refusal.meant}\``;
  return {
    severity: 'warning',
    code: 'command-refused',
    text: `\`${typed.slice(0, 120)}\` changes nothing: ${refusal?.reason}${meant}`,
    path: span.path,
    line: span.line,
  };
}
