/** From the words of a command line to captures and dumps, recognised by content and placed (contract sections 1 and 2). */
import type { Issue } from '../base/issue.ts';
import { DEFAULT_LIMITS, type InputLimits } from '../base/limits.ts';
import type { Pace } from '../base/pace.ts';
import { UNKNOWN_INPUT } from './classified.ts';
import { classify } from './classify.ts';
import { fleetOf, mergeManifests, placeFleet } from './fleet.ts';
import { type Gathered, gather, gatherFiles } from './gather.ts';
import type { CaptureInput, CommandInput, InputSet } from './input.ts';
import { placeDumps } from './place-dumps.ts';
import type { RecognisedDump } from './placed.ts';
import { bySpokenHosts } from './spoken-hosts.ts';
import type { TextCaptureInput } from './text-capture.ts';

export interface ResolveOptions {
  /** A file that nothing recognises, or an empty one, is a warning, not an error. */
  readonly ignoreUnknown?: boolean;
  /** What `-` reads; without it, naming `-` is an error. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** Files that are in memory, beside those that the words name. */
  readonly texts?: readonly { readonly path: string; readonly bytes: Uint8Array }[];
  readonly limits?: Partial<InputLimits> | undefined;
  /** Lets others have their turn between two files, and ends it all by rejecting. */
  readonly pace?: Pace | undefined;
  /** Called before each file is looked into. */
  readonly onFile?: ((path: string, done: number, total: number) => void) | undefined;
}

/** Never throws for what a user may name: what can't be used is an issue, the rest is returned. */
export async function resolveInputs(
  words: readonly string[],
  options: ResolveOptions = {},
): Promise<InputSet> {
  const limits = limitsOf(options);
  const gathered = await gather(words, limits, options);
  const inputs = await resolveGathered(gathered, limits, options);
  const { captures, dumps, commands = [], issues } = inputs;
  const isAsked = words.length > 0 || (options.texts ?? []).length > 0;
  if (!isAsked || captures.length + dumps.length + commands.length > 0) return inputs;
  const text = 'none of the inputs holds a capture or a dump that could be used';
  return { ...inputs, issues: [...issues, { severity: 'error', code: 'nothing-usable', text }] };
}

/** The same of a bundle whose files are in memory; `path`: what it is called. */
export async function resolveFiles(
  path: string,
  files: readonly { readonly name: string; readonly bytes: Uint8Array }[],
  options: ResolveOptions = { ignoreUnknown: true },
): Promise<InputSet> {
  const limits = limitsOf(options);
  return await resolveGathered(await gatherFiles(path, files, limits), limits, options);
}

async function resolveGathered(
  gathered: Gathered,
  limits: InputLimits,
  { ignoreUnknown = false, pace, onFile }: ResolveOptions,
): Promise<InputSet> {
  const issues = gathered.issues.map((issue) => soften(issue, ignoreUnknown));
  const seen: (CaptureInput & Of)[] = [];
  const recognised: (RecognisedDump & Of)[] = [];
  const typed: (CommandInput & Of)[] = [];
  const texts: TextCaptureInput[] = [];
  const containers = new Map<string, boolean>();
  for (const [index, entry] of gathered.entries.entries()) {
    onFile?.(entry.entry.path, index, gathered.entries.length);
    if (pace) await pace.turn();
    const result = await classify(entry, limits);
    if (entry.container !== undefined) {
      containers.set(entry.container, containers.get(entry.container) || result.kind !== 'nothing');
    }
    issues.push(...result.issues.map((issue) => soften(issue, ignoreUnknown)));
    const of: Of = entry.host === undefined ? {} : { host: entry.host };
    if (result.kind === 'capture') seen.push({ ...result.capture, ...of });
    else if (result.kind === 'text') texts.push(ofHost(result.text, of));
    else if (result.kind === 'dump') {
      const { host } = result.dump.dump;
      recognised.push({ ...result.dump, ...(host === undefined ? {} : { host }), ...of });
    } else if (result.kind === 'transcript') {
      recognised.push(...result.transcript.dumps.map((dump) => ({ ...dump, ...of })));
      texts.push(...result.transcript.captures.map((text) => ofHost(text, of)));
      typed.push(...result.transcript.commands.map((command) => ({ ...command, ...of })));
    }
  }
  for (const [path, usable] of containers) {
    if (usable) continue;
    const text = 'nothing in it is a capture or a dump that could be used';
    issues.push(soften({ severity: 'error', code: 'container-unusable', text, path }, ignoreUnknown));
  }
  if (texts.length > 0) {
    const { openedTexts } = await import('./text-capture.ts');
    seen.push(...(await openedTexts(texts, seen, recognised)));
  }
  const placements = gathered.entries.flatMap(({ place }) =>
    place?.by === 'argument' && place.namespace !== undefined ? [place.namespace] : [],
  );
  const told = bySpokenHosts({ captures: seen, dumps: recognised, commands: typed }, gathered.bundles);
  issues.push(...told.issues);
  const hosts = fleetOf([...gathered.bundles, ...told.hosts.map((host) => ({ host }))], placements);
  const fleet = hosts.length > 0 ? placeFleet(told.recognised, hosts) : undefined;
  issues.push(...(fleet?.issues ?? []));
  const manifest = fleet
    ? undefined
    : mergeManifests(gathered.bundles.flatMap((bundle) => bundle.manifest ?? []));
  const captures = fleet?.captures ?? seen.map(withoutHost);
  const dumps = fleet?.dumps ?? placeDumps(recognised.map(withoutHost), captures, manifest);
  const commands = fleet?.commands ?? typed.map(withoutHost);
  return {
    captures,
    dumps,
    ...(commands.length > 0 ? { commands } : {}),
    ...(manifest ? { manifest } : {}),
    ...(fleet && { hosts }),
    ...(limits !== DEFAULT_LIMITS && { limits }),
    issues,
  };
}

/** The same object where none is set, so that who has it knows. */
function limitsOf({ limits = {} }: ResolveOptions): InputLimits {
  return Object.keys(limits).length === 0 ? DEFAULT_LIMITS : { ...DEFAULT_LIMITS, ...limits };
}

function ofHost(text: TextCaptureInput, of: Of): TextCaptureInput {
  return { ...text, capture: { ...text.capture, ...of } };
}

const SOFTENED = new Set([
  UNKNOWN_INPUT,
  'input-empty',
  'container-unusable',
  'directory-empty',
  'archive-empty',
]);

function soften(issue: Issue, ignoreUnknown: boolean): Issue {
  return ignoreUnknown && SOFTENED.has(issue.code) ? { ...issue, severity: 'warning' } : issue;
}

/** Whose bundle a file was in. */
interface Of {
  readonly host?: string;
}

/** One machine needs no name. */
function withoutHost<T extends Of>({ host: _of, ...rest }: T): Omit<T, 'host'> {
  return rest;
}
