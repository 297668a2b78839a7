/** Which flows of large captures are worth a second reading, packet by packet, by what the first one found. */
import type { CaptureInput } from '../../input/input.ts';
import { BUDGET, type Budget, type Choice, choose, EVERYTHING } from './choose.ts';
import { Conversations } from './conversations.ts';
import type { FirstReading } from './first-reading.ts';
import { SeenFlows } from './flows.ts';
import { Links } from './links.ts';
import { GroupLog, QuotedLog } from './quoted.ts';
import { type ReadersOptions, readCaptures } from './readers.ts';

export interface SieveOptions extends ReadersOptions {
  readonly budget?: Budget | undefined;
}

export interface Sieve {
  readonly captures: readonly FirstReading[];
  readonly flows: SeenFlows;
  readonly choice: Choice;
}

/** Of so many packets all are looked at. */
const FEW = 100_000;

export async function sieve(captures: readonly CaptureInput[], options: SieveOptions): Promise<Sieve> {
  const readings = await readCaptures(captures, options);
  const quoted = new QuotedLog();
  const groups = new GroupLog();
  for (const reading of readings) {
    quoted.join(reading.quoted);
    groups.join(reading.groups);
  }
  const flowsOf = readings.map(({ flows }) => flows);
  const conversations = new Conversations(flowsOf);
  const links = new Links(flowsOf, conversations);
  const flows = new SeenFlows(flowsOf, conversations, links, quoted.among(conversations), groups);
  const packets = readings.reduce((sum, { summary }) => sum + summary.packets, 0);
  const choice = choose(flows, packets <= FEW && !options.budget ? EVERYTHING : (options.budget ?? BUDGET));
  for (let flow = 0; flow < flows.count; flow++) {
    if (choice.wanted[flow] === 0) continue;
    for (const { capture, record } of flows.legs(flow)) flowsOf[capture]?.table.want(record);
  }
  return { captures: readings, flows, choice };
}
