/** Runs the plan in one namespace. */
import { commandWords, Host } from './host.ts';
import type { FoundNamespace } from './namespaces.ts';
import { COMMAND_SECONDS, type Condition, type Gathering, type Way } from './plan.ts';

/** A file of the bundle. */
export interface GatheredFile {
  /** Name in the namespace's folder. */
  readonly file: string;
  readonly command: string;
  readonly text: string;
  /** Epoch milliseconds when its command began. */
  readonly taken: number;
}

export interface Failure {
  /** In the words of the plan. */
  readonly what: string;
  readonly reason: string;
}

export type Outcome =
  | { readonly kind: 'file'; readonly file: GatheredFile }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'nothing' };

/** One thing to gather in one namespace. */
export interface Job {
  readonly namespace: FoundNamespace;
  readonly gathering: Gathering;
}

/** How many commands run at a time: the host has other things to do. */
const AT_ONCE = 4;

/** All of it, a few at a time; what comes of it in the order of the jobs. */
export async function gatherAll(
  jobs: readonly Job[],
  host: Host,
  now: () => number,
  onBegin: (job: Job, index: number) => void = () => {},
): Promise<(Job & { readonly outcome: Outcome })[]> {
  const done: (Job & { readonly outcome: Outcome })[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < jobs.length; index = next++) {
      const job = jobs[index] as Job;
      onBegin(job, index);
      done[index] = { ...job, outcome: await gatherOne(job.gathering, job.namespace.path, host, now) };
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return done;
}

/** `path`: the nsfs file of the namespace; undefined is the collector's own. */
export async function gatherOne(
  gathering: Gathering,
  path: string | undefined,
  host: Host,
  now: () => number,
): Promise<Outcome> {
  const reasons: string[] = [];
  for (const way of gathering.ways) {
    if (!(await holds(way.when, path, host))) continue;
    const taken = now();
    const result = await runWay(way, path, host);
    if ('reason' in result) {
      reasons.push(result.reason);
      continue;
    }
    if (gathering.dropEmpty && saysNothing(result.text)) return { kind: 'nothing' };
    const command = `${way.env ? `${way.env.join('=')} ` : ''}${way.run.join('; ')}`;
    return { kind: 'file', file: { file: way.file, command, text: result.text, taken } };
  }
  // That a tool is missing counts only where no other one could tell why it has nothing either.
  if (reasons.includes(GONE)) return { kind: 'failed', failure: { what: 'the rest', reason: GONE } };
  const reason = reasons.find((each) => !each.endsWith(MISSING)) ?? reasons[0];
  if (reason !== undefined) return { kind: 'failed', failure: { what: gathering.what, reason } };
  if (gathering.otherwise !== 'none') return { kind: 'nothing' };
  const [{ file, run }] = gathering.ways;
  return { kind: 'file', file: { file, command: run[0], text: '', taken: now() } };
}

const MISSING = ' is not installed';
/** nsenter(1) itself complains: a container that ended, a name that was deleted. */
const GONE = 'it went away meanwhile';

async function holds(when: Condition | undefined, path: string | undefined, host: Host): Promise<boolean> {
  if (!when) return true;
  if (when.modules?.some((name) => !host.hasModule(name))) return false;
  if (when.lacks !== undefined && host.which(when.lacks) !== undefined) return false;
  if (when.listed === undefined) return true;
  if (path === undefined) return (host.read(when.listed) ?? '').trim() !== '';
  const { output } = await host.run([...Host.into(path), 'cat', when.listed], COMMAND_SECONDS);
  return output.trim() !== '';
}

async function runWay(
  way: Way,
  path: string | undefined,
  host: Host,
): Promise<{ text: string } | { reason: string }> {
  let text = '';
  for (const command of way.run) {
    const words = commandWords(command);
    const tool = words[0] ?? '';
    if (host.which(tool) === undefined) return { reason: `${tool}${MISSING}` };
    const env = way.env ? { [way.env[0]]: way.env[1] } : {};
    const once = (): ReturnType<Host['run']> =>
      host.run([...Host.into(path), ...words], COMMAND_SECONDS, env);
    let ran = await once();
    // The kernel's list changed while it was printed.
    if (ran.status !== 0 && /\b(interrupted|terminated)\b/i.test(ran.complaint)) ran = await once();
    if (path !== undefined && ran.status !== 0 && ran.complaint.startsWith('nsenter: '))
      return { reason: GONE };
    if (ran.late) return { reason: `${tool} gave no answer in ${COMMAND_SECONDS} s` };
    if (ran.status !== 0 && !(way.lenient && ran.output !== ''))
      return { reason: complaintOf(tool, ran.complaint, ran.status) };
    text += ran.output;
  }
  if (way.keep === undefined) return { text };
  const pattern = new RegExp(way.keep);
  const kept = text.split('\n').filter((line) => pattern.test(line));
  return kept.length > 0 ? { text: `${kept.join('\n')}\n` } : { reason: `${way.run[0]} printed none of it` };
}

function complaintOf(tool: string, complaint: string, status: number | undefined): string {
  // `iptables-save v1.8.9 (nf_tables): …`
  const own = /^([\w-]+)(?: v[\d.]+)?(?: \(\w+\))?: /.exec(complaint);
  const bare = own?.[1] === tool ? complaint.slice(own[0].length) : complaint;
  if (bare.startsWith('BusyBox ')) return `${tool}: busybox's can't`;
  if (bare !== '') return `${tool}: ${bare}`;
  return status === undefined ? `${tool} was ended by a signal` : `${tool} ended with status ${status}`;
}

/** Nothing, or JSON without a record. */
function saysNothing(text: string): boolean {
  return /^[\s[\]{},]*$/.test(text) || /^\[\{"mdb":\[\],"router":\{\}\}\]\s*$/.test(text);
}
