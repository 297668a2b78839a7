/** Readers that are gone and streams that are closed: every command ends quietly, with the status that it would have had. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUNDLE, CAPTURE, namesIn, nettrace, RULES, scratch, shell } from './program.ts';

const COMMANDS: readonly (readonly [number, string])[] = [
  [1, `analyze ${BUNDLE}`],
  [1, `analyze ${BUNDLE} --format json`],
  [1, `analyze ${BUNDLE} --format html`],
  [1, `analyze ${BUNDLE} --format junit`],
  [1, `why ${BUNDLE}`],
  [0, `topology ${BUNDLE}`],
  [0, `trace ${BUNDLE} --from host --to 192.0.2.1`],
  [0, `replay ${BUNDLE} -q`],
  [0, `diff ${BUNDLE} ${BUNDLE}`],
  [0, `annotate ${BUNDLE} -q`],
  [0, `show ${RULES}`],
  [0, `show ${CAPTURE} --format jsonl`],
  [0, 'report analysis.json'],
  [0, 'explain'],
  [1, `lint ${BUNDLE}`],
  [0, 'lint --list'],
  [0, `test ${join(process.cwd(), 'rulesets')}`],
  [0, 'collect --print-script'],
  [0, '--help'],
];

let place: ReturnType<typeof scratch>;
beforeAll(() => {
  place = scratch();
  writeFileSync(
    join(place.folder, 'analysis.json'),
    nettrace(['analyze', BUNDLE, '-q', '--format', 'json']).stdout,
  );
});
afterAll(() => place.remove());

describe('a reader that is gone, and standard streams that are closed', () => {
  it.each(COMMANDS)('are nothing to complain of: %i %s', (status, words) => {
    const { stderr } = shell(
      `$NETTRACE ${words} | true; echo $PIPESTATUS >&2
       $NETTRACE ${words} <&- >&-; echo $? >&2
       $NETTRACE ${words} 2>&1 >/dev/null | true; echo $PIPESTATUS >&2`,
      { cwd: place.folder },
    );
    expect(stderr).toBe(`${status}\n${status}\n${status}\n`);
    expect(namesIn(place.folder)).toEqual(['analysis.json']);
  });

  it('leave the status of what nobody hears', () => {
    const { stdout } = shell('$NETTRACE explain no-such-cause 2>&1 >/dev/null | true; echo $PIPESTATUS');
    expect(stdout).toBe('2\n');
  });
});
