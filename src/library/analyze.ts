import { totalmem } from 'node:os';
import { analyze as analyzeInputs } from '../diagnose/analyze.ts';
import { type WhatIf, whatIf } from '../diagnose/what-if.ts';
import type { InputSet } from '../input/input.ts';
import type { Analysis } from '../report/analysis.ts';
import { assemble } from '../report/assemble.ts';
import { countedFlows } from '../report/counted.ts';
import { type Bundle, inputsOf } from './bundle.ts';
import { UsageError } from './errors.ts';
import { flowFilter } from './flow-filter.ts';
import { type Inputs, type ReadingOptions, Run, readInputs } from './given.ts';

/** Options of `analyze`. */
export interface AnalyzeOptions extends ReadingOptions {
  /**
   * Flows that are asked for, as tcpdump, Wireshark, conntrack or ss would name them, or `A > B`: only those are explained. `tcp and port 443`,
   * `tcp 10.0.0.2 > web:80`, `host red and not icmp`. Names of containers and namespaces are those of the dumps.
   */
  readonly filter?: string | undefined;
  /** Commands that are tried on the model after the analysis: what they would change is in `whatIf` of the result. */
  readonly whatIf?: readonly string[] | undefined;
  /** Bytes that all is to fit in; of conversations that don't, only the number is told. At least 256 MiB; default: a quarter of the machine's memory. */
  readonly maxMemory?: number | undefined;
  /** Threads that read large captures at once, from 1 to 64; default: as many as there are processors, 8 at most. */
  readonly threads?: number | undefined;
  /**
   * Of more than a thousand flows most are only counted, since others like them are looked at. `true` lists each of those in `flows`, too, as the JSON of
   * `nettrace analyze` does; they take a kilobyte each. Default: `counted` has their sums.
   */
  readonly allFlows?: boolean | undefined;
}

export async function analyze(given: Inputs | Bundle, options: AnalyzeOptions = {}): Promise<Analysis> {
  return await analyzed(given, options, false);
}

/** `everyFlow`: of captures that aren't large no flow is only counted, however many there are. */
export async function analyzed(
  given: Inputs | Bundle,
  options: AnalyzeOptions,
  everyFlow: boolean,
): Promise<Analysis> {
  checkOptions(options);
  const run = new Run(options);
  const inputs = opened(given) ?? (await readInputs(given as Inputs, options, run));
  const filter = options.filter === undefined ? undefined : flowFilter(options.filter, inputs);
  run.enter('clocks');
  const result = await analyzeInputs(run.watching(inputs), {
    maxMemory: options.maxMemory ?? totalmem() / 4,
    threads: options.threads,
    filter,
    everyFlow,
    pace: run.pace,
    onReading: () => run.enter('captures'),
    onSecond: () => run.enter('again'),
    onStep: ({ done, total }) => {
      run.enter('explaining');
      run.steps(done, total);
    },
  });
  const analysis = assemble(result, hypothesis(result.scene, options.whatIf));
  if (options.allFlows) for (const flow of countedFlows(result)) analysis.flows.push(flow);
  return analysis;
}

function opened(given: Inputs | Bundle): InputSet | undefined {
  return typeof given === 'object' ? inputsOf(given) : undefined;
}

const LEAST_MEMORY = 256 * 2 ** 20;
const MOST_THREADS = 64;

function checkOptions({ maxMemory, threads }: AnalyzeOptions): void {
  if (maxMemory !== undefined && !(maxMemory >= LEAST_MEMORY))
    throw new UsageError(`maxMemory: ${maxMemory} bytes are too few`, 'max-memory', {
      advice: `At least ${LEAST_MEMORY}, 256 MiB, are needed.`,
    });
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS))
    throw new UsageError(`threads: ${threads} is no number from 1 to ${MOST_THREADS}`, 'threads');
}

function hypothesis(
  scene: Parameters<typeof whatIf>[0],
  commands: readonly string[] = [],
): WhatIf | undefined {
  if (commands.length === 0) return undefined;
  const result = whatIf(scene, commands);
  if (typeof result === 'string') throw new UsageError(`whatIf: ${result}`, 'command');
  return result;
}
