/** The order of files: those that take longest begin first, so that the workers end together. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Under test/. Those that wait for a kernel, and those that compute, by turns: then no processor waits with them. */
const LONG = [
  'collect/live',
  'report/incidents',
  'cli/launcher',
  'tui/screen',
  'correlate/sieve',
  'cases/repository',
  'live/following',
  'library/package',
  'cli/annotate',
  'faults/collect',
  'safety/output',
  'report/chromium',
  'faults/live',
  'dump/robust',
  'netstack/bench/live',
  'scenarios/tcpdump',
  'lint/golden',
  'transcript/steps-kernel',
  'diagnose/explain',
  'symbolic/difference',
].map((name) => `/test/${name}.test.ts`);

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files);
    const long = LONG.flatMap((end) => others.filter(({ moduleId }) => moduleId.endsWith(end)));
    return [...new Set([...long, ...others])];
  }
}
