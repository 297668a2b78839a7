/** The whole screen of recorded incidents, at all sizes. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { analyze } from '../../src/diagnose/analyze.ts';
import { resolveInputs } from '../../src/input/resolve.ts';
import { FlowBook, type LiveFlow } from '../../src/live/flow-book.ts';
import { Tally } from '../../src/live/tally.ts';
import { Troubles } from '../../src/live/troubles.ts';
import type { Analysis } from '../../src/report/analysis.ts';
import { assemble } from '../../src/report/assemble.ts';
import { displayWidth } from '../../src/report/text/width.ts';
import type { ScreenData } from '../../src/tui/data.ts';
import { type Drawn, draw } from '../../src/tui/draw.ts';
import { unpainted } from '../../src/tui/screen-style.ts';
import { INITIAL, LISTS, type ScreenState } from '../../src/tui/state.ts';
import { packetsAt, point, screenData } from './screen-data.ts';

async function dataOf(bundle: string): Promise<ScreenData> {
  const analysis: Analysis = assemble(await analyze(await resolveInputs([bundle]), { threads: 1 }));
  const now = Math.max(...analysis.flows.map(({ end }) => end)) + 1;
  const book = new FlowBook(new Tally());
  book.update(analysis, now);
  const troubles = new Troubles();
  troubles.update(analysis, now, undefined);
  const captures = analysis.topology.captures;
  return screenData({
    now,
    analysis,
    flows: book.list(),
    troubles: troubles.list(),
    points: captures.map(({ namespace, interface: device }) =>
      point(`${namespace}:${device}`, { packets: 10, packetRate: 12.3, byteRate: 4500 }),
    ),
    packets: packetsAt([['host:eth0', 5, new Uint8Array(60)]]),
  });
}

const nothing = () => [];

/** What inputs say, of an analysis. */
const TEXTS = new Set(
  'name namespace container title text explanation path capture interface in out tuple address cause effect rule route'.split(
    ' ',
  ),
);

const at = (width: number, height: number, colors = 256) => ({ width, height, colors });

function linesOf({ header, footer, shown }: Drawn): string[] {
  return [header, ...[...shown.values()].flatMap(({ lines }) => lines), footer];
}

const plain = (drawn: Drawn): string => linesOf(drawn).map(unpainted).join('\n');

describe('the screen', () => {
  let data: ScreenData;
  beforeAll(async () => {
    data = await dataOf('captures/forward-off-bridge/bundle');
  });

  it('shows what fails first, and why, at 80 columns and 24 rows', () => {
    const drawn = draw(data, INITIAL, at(80, 24), nothing);
    const text = plain(drawn);
    expect(linesOf(drawn).length).toBeLessThanOrEqual(24);
    expect(text.split('\n')[0]).toMatch(/^nettrace {2}\d\d:\d\d:\d\d {2}\d points? .*✗ 1 finding$/);
    expect(text).toMatch(/^━ {2}1 flows {2}2 findings 1 {2}/m);
    expect(text).toMatch(/^✗ \w+ .* fwd-ip-forward-off *$/m);
    expect(text).toMatch(/^dropped: .*ip_forward is 0$/m);
    expect(text.split('\n').at(-1)).toContain('? keys');
  });

  it('has lists, packets and details beside each other where there is room', () => {
    const drawn = draw(data, INITIAL, at(200, 60), nothing);
    expect([...drawn.shown.keys()]).toEqual(['list', 'detail', 'side']);
    const text = plain(drawn);
    expect(text).toMatch(/✗ dropped +net\.ipv4\.ip_forward is 0/);
    expect(text).toContain('verified by replay');
    expect(text).toMatch(/last seen/);
  });

  it.each(LISTS)('draws %s within any terminal', (list) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 20, max: 240 }),
        fc.integer({ min: 3, max: 80 }),
        fc.constantFrom(0, 8, 256),
        fc.record({
          isZoomed: fc.boolean(),
          focus: fc.constantFrom('list', 'detail'),
          isHelp: fc.boolean(),
          isNarrow: fc.boolean(),
          isMovedOnly: fc.boolean(),
          filter: fc.constantFrom('', 'tcp', 'nothing at all'),
        }),
        (width, height, colors, chosen) => {
          const state = { ...INITIAL, list, ...chosen } as ScreenState;
          const drawn = draw(data, state, at(width, height, colors), nothing);
          for (const line of linesOf(drawn)) expect(displayWidth(line)).toBeLessThanOrEqual(width);
          for (const [place, { height: rows }] of drawn.layout.places)
            expect(drawn.shown.get(place)?.lines.length ?? 0).toBeLessThanOrEqual(rows);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('lets nothing of the host drive the terminal', () => {
    const evil = 'a\x1b]0;x\x07\x1b[2J\u202e\nb';
    const spoil = <T>(value: T): T =>
      JSON.parse(JSON.stringify(value), (key, each) =>
        typeof each === 'string' && TEXTS.has(key) ? `${each}${evil}` : each,
      ) as T;
    const spoilt: ScreenData = {
      ...data,
      analysis: spoil(data.analysis),
      flows: data.flows.map((flow) => spoil(flow)) as LiveFlow[],
      troubles: data.troubles.map((trouble) => spoil(trouble)),
      points: [point(`${evil}:${evil}`, { ended: evil })],
      notes: [],
    };
    for (const list of LISTS)
      for (const isZoomed of [true, false])
        for (const line of linesOf(
          draw(
            spoilt,
            { ...INITIAL, list, isZoomed, focus: isZoomed ? 'detail' : 'list' },
            at(120, 80),
            nothing,
          ),
        ))
          expect(unpainted(line)).toMatch(/^[\P{C}\u00a0]*$/u);
  });

  it('begins another flow’s detail at its begin', () => {
    const scrolled: ScreenState = {
      ...INITIAL,
      detailOf: 'flows other',
      scrolls: { ...INITIAL.scrolls, detail: { key: undefined, at: 9, top: 9, follows: false } },
    };
    const drawn = draw(data, scrolled, at(80, 24), nothing);
    expect(drawn.state.scrolls.detail.top).toBe(0);
    const again = draw(
      data,
      {
        ...drawn.state,
        scrolls: { ...drawn.state.scrolls, detail: { ...drawn.state.scrolls.detail, top: 2 } },
      },
      at(80, 24),
      nothing,
    );
    expect(again.state.scrolls.detail.top).toBe(2);
  });

  it('says what the capture could not do, and that nothing is there', () => {
    const empty = draw(screenData({ notes: ['one flow of 4 is looked at'] }), INITIAL, at(80, 24), nothing);
    expect(empty.footer).toContain('one flow of 4 is looked at');
    expect(plain(empty)).toContain('No packets yet.');
    expect(unpainted(empty.header)).toMatch(/✓ nothing wrong$/);
    const hidden = draw(data, { ...INITIAL, filter: 'port 1' }, at(80, 24), nothing);
    expect(plain(hidden)).toContain('No flow is what the filter asks for');
  });
});
