import { describe, expect, it } from 'vitest';
import { CAUSES } from '../../src/diagnose/causes.ts';
import { catalogue } from '../../src/report/catalogue.ts';
import { run } from './harness.ts';

describe('explain', () => {
  it('lists every cause once, by group', async () => {
    const { status, stdout } = await run(['explain']);
    expect(status).toBe(0);
    for (const { id } of CAUSES) expect(stdout.match(new RegExp(`^ {2}${id} `, 'gm')), id).toHaveLength(1);
    expect(stdout.split('\n').every((line) => line.length <= 80)).toBe(true);
  });

  it.each(CAUSES.map(({ id }) => id))('%s: its page has all its parts', async (id) => {
    const { status, stdout } = await run(['explain', id]);
    expect(status).toBe(0);
    const headings = [
      ...['What one sees', 'What happens', 'How to see it', 'What proves it'],
      ...['What speaks against it', 'What settles it', 'What repairs it', 'References'],
    ];
    for (const heading of headings) expect(stdout).toMatch(new RegExp(`\n  ${heading}\n {4}\\S`));
  });

  it.each(CAUSES.map(({ id, page }) => [id, page().references] as const))(
    '%s: its reports can be looked up',
    (_, references) => {
      for (const reference of references.filter((text) => /#\d/.test(text)))
        expect(reference).toMatch(/^[\w.-]+\/[\w.-]+#\d+( \(.+\))?$/);
    },
  );

  it('finds pages by a word', async () => {
    const { stdout } = await run(['explain', 'Hairpin']);
    expect(stdout).toContain('nat-self-hairpin');
    expect(stdout).not.toContain('link-lo-down');
  });

  it('prints Markdown and JSON', async () => {
    const markdown = await run(['explain', 'ttl-expired', '--format', 'markdown']);
    expect(markdown.stdout).toMatch(/^## ttl-expired: .*\n\n### What one sees\n/);
    const json = await run(['explain', '--format', 'json']);
    expect(JSON.parse(json.stdout)).toEqual({ schema: 'nettrace-causes/1', causes: catalogue() });
  });

  it.each([
    ['fwd-ipforward-off', 'Did you mean fwd-ip-forward-off?'],
    ['\u001b[31mred', 'nettrace explain lists them all.'],
  ])('%j is no cause', async (word, hint) => {
    const { status, stdout, stderr } = await run(['explain', word]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(hint);
    expect(stderr).not.toContain('\u001b');
  });
});
