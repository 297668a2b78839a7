/** What the screen is made of, each by itself: scrolling, folding, typing, layout, keys, filters. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../src/report/text/width.ts';
import { copySequence } from '../../src/tui/clipboard.ts';
import { flowTest } from '../../src/tui/flow-filter.ts';
import { clip, fold } from '../../src/tui/fold.ts';
import { keyNamed, SECTIONS } from '../../src/tui/keys.ts';
import { layoutOf, placeAt } from '../../src/tui/layout.ts';
import { edit, type Line, lineOf } from '../../src/tui/line-edit.ts';
import type { Pane } from '../../src/tui/pane.ts';
import { screenStyle, unpainted } from '../../src/tui/screen-style.ts';
import { BEGIN, move, type Scroll, settle } from '../../src/tui/scroll.ts';
import { changed, INITIAL, type ScreenState, typed } from '../../src/tui/state.ts';
import { liveFlow } from './screen-data.ts';

const listOf = (keys: readonly string[], newest: Pane['newest'] = 'last'): Pane => ({
  title: '',
  rows: keys.length,
  row: (index) => keys[index] ?? '',
  keyOf: (index) => keys[index] ?? '',
  newest,
});

const textOf = (rows: number): Pane => ({ title: '', rows, row: String });

const keys = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { maxLength: 40 });

describe('scrolling', () => {
  it('keeps the chosen row, in sight, whatever comes and goes', () => {
    fc.assert(
      fc.property(keys, keys, fc.nat(40), fc.integer({ min: 1, max: 12 }), (before, after, by, height) => {
        const scroll = move(BEGIN, by, listOf(before), height);
        const later = settle({ ...scroll, follows: false }, listOf(after), height);
        if (scroll.key !== undefined && after.includes(scroll.key)) expect(later.key).toBe(scroll.key);
        if (after.length === 0) return;
        expect(after[later.at]).toBe(later.key);
        expect(later.at).toBeGreaterThanOrEqual(later.top);
        expect(later.at).toBeLessThan(later.top + height);
        expect(later.top).toBeGreaterThanOrEqual(0);
        expect(later.top).toBeLessThanOrEqual(Math.max(0, after.length - height));
      }),
    );
  });

  it('follows the newest row from when somebody comes to it until somebody leaves it', () => {
    const end = move(BEGIN, 99, listOf(['a', 'b', 'c']), 2);
    expect(end).toMatchObject({ key: 'c', at: 2, top: 1, follows: true });
    expect(settle(end, listOf(['a', 'b', 'c', 'd']), 2)).toMatchObject({ key: 'd', top: 2 });
    const left = move(end, -1, listOf(['a', 'b', 'c']), 2);
    expect(left).toMatchObject({ key: 'b', follows: false });
    expect(settle(left, listOf(['a', 'b', 'c', 'd']), 2)).toMatchObject({ key: 'b' });
    const first: Scroll = { ...BEGIN, follows: true };
    expect(settle(first, listOf(['new', 'a'], 'first'), 2)).toMatchObject({ key: 'new', at: 0 });
  });

  it('of a text moves its lines, within it', () => {
    expect(move(BEGIN, 3, textOf(10), 4)).toMatchObject({ top: 3 });
    expect(move(BEGIN, 30, textOf(10), 4)).toMatchObject({ top: 6 });
    expect(move(BEGIN, -3, textOf(10), 4)).toMatchObject({ top: 0 });
    expect(move(BEGIN, 5, textOf(2), 4)).toMatchObject({ top: 0 });
  });
});

describe('painted lines', () => {
  const style = screenStyle(256, 80);
  const piece = fc.tuple(
    fc.constantFrom('bold', 'dim', 'good', 'bad', 'name', 'command'),
    fc.string({ unit: fc.constantFrom('a', 'b', ' ', '→', '漢', '✗') }),
  );

  it('are folded without loss, and each begins with the paint in which the last one ended', () => {
    fc.assert(
      fc.property(fc.array(piece), fc.integer({ min: 2, max: 30 }), (pieces, width) => {
        const line = pieces.map(([paint, text]) => style[paint as 'bold'](text)).join('');
        const lines = fold(line, width);
        expect(lines.map(unpainted).join('')).toBe(unpainted(line));
        for (const each of lines) {
          expect(displayWidth(each)).toBeLessThanOrEqual(width);
          const opened = each.match(/\x1b\[(1|38;5;\d+)m/g)?.length ?? 0;
          const closed = each.match(/\x1b\[(22|39)m/g)?.length ?? 0;
          expect(opened === 0).toBe(closed === 0);
        }
        expect(displayWidth(clip(line, width))).toBeLessThanOrEqual(width);
      }),
    );
  });

  it('have colours that the terminal has, and none where none are wanted', () => {
    expect(screenStyle(256, 80).bad('x')).toBe('\x1b[38;5;166mx\x1b[39m');
    expect(screenStyle(16, 80).bad('x')).toBe('\x1b[31mx\x1b[39m');
    expect(screenStyle(0, 80).bad('x')).toBe('x');
    expect(screenStyle(0, 80).bold('x')).toBe('\x1b[1mx\x1b[22m');
  });
});

describe('a line that is typed', () => {
  const after = (line: Line, ...pressed: string[]): Line =>
    pressed.reduce((now, key) => edit(now, key, key.length === 1 ? key : undefined) ?? now, line);

  it.each([
    [['a', 'b'], 'ab', 2],
    [['a', 'b', 'left', 'c'], 'acb', 2],
    [['a', 'b', 'home', 'c', 'end', 'd'], 'cabd', 4],
    [['a', 'b', 'backspace'], 'a', 1],
    [['a', 'b', 'left', 'left', 'delete'], 'b', 0],
    [['a', ' ', 'b', 'c', 'C-w'], 'a ', 2],
    [['a', 'b', 'left', 'C-k'], 'a', 1],
    [['a', 'b', 'left', 'C-u'], 'b', 0],
    [['left', 'backspace', 'right', 'right', 'é'], 'é', 1],
  ])('%j gives %j', (pressed, text, at) => {
    expect(after(lineOf(''), ...pressed)).toEqual({ text, at });
  });

  it('takes no control characters, whatever is pasted', () => {
    for (const text of ['\x1b[31m', '\n', '\x07', '\u202e'])
      expect(edit(lineOf('a'), 'x', text)).toBeUndefined();
  });
});

describe('the layout', () => {
  it('gives each place of any terminal to one pane at most, within it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 260 }),
        fc.integer({ min: 2, max: 90 }),
        fc.constantFrom(undefined, 'list', 'detail', 'side'),
        (width, height, zoomed) => {
          const layout = layoutOf(width, height, zoomed as 'list');
          const all = [layout.header, layout.footer, ...layout.places.values(), ...layout.separators];
          const taken = new Set<string>();
          for (const { x, y, width: columns, height: rows } of height < 3 ? [] : all) {
            expect(columns).toBeGreaterThan(0);
            expect(rows).toBeGreaterThan(0);
            for (let row = y; row < y + rows; row++)
              for (const column of [x, x + columns - 1]) {
                expect(column).toBeLessThan(width);
                expect(row).toBeLessThan(height);
              }
            const area = `${x} ${y}`;
            expect(taken.has(area)).toBe(false);
            taken.add(area);
          }
          const cells = all.reduce((sum, each) => sum + each.width * each.height, 0);
          if (height >= 3) expect(cells).toBe(width * height);
        },
      ),
    );
  });

  it('tells which row of which pane is at a point', () => {
    const layout = layoutOf(80, 24, undefined);
    expect(placeAt(layout, 3, 0)).toBeUndefined();
    expect(placeAt(layout, 3, 1)).toEqual({ place: 'list', row: -1 });
    expect(placeAt(layout, 3, 4)).toEqual({ place: 'list', row: 2 });
    expect(placeAt(layout, 3, 23)).toBeUndefined();
  });
});

describe('keys', () => {
  const all = SECTIONS.flatMap((section) => section.keys);

  it('do one thing each', () => {
    const names = all.flatMap((key) => key.keys);
    expect(names).toEqual([...new Set(names)]);
    for (const { change, movement, act } of all)
      expect([change, movement, act].filter((each) => each !== undefined)).toHaveLength(1);
  });

  const press = (state: ScreenState, ...names: string[]): ScreenState =>
    names.reduce((now, name) => {
      const change = keyNamed(name)?.change;
      return change ? changed(now, change) : now;
    }, state);

  it('choose lists, details, and take one step back each', () => {
    expect(press(INITIAL, '3').list).toBe('topology');
    expect(press(INITIAL, 'S-tab').list).toBe('rules');
    expect(press(INITIAL, 'tab', 'tab').list).toBe('topology');
    const deep = { ...press(INITIAL, 'enter', '?'), filter: 'tcp' };
    expect(deep).toMatchObject({ isZoomed: true, focus: 'detail', isHelp: true });
    expect(press(deep, 'escape')).toMatchObject({ isHelp: false, isZoomed: true });
    expect(press(deep, 'escape', 'escape')).toMatchObject({ isZoomed: false, focus: 'list', filter: 'tcp' });
    expect(press(deep, 'escape', 'escape', 'escape').filter).toBe('');
    expect(press(INITIAL, 's').sort).not.toBe(INITIAL.sort);
    expect(press(INITIAL, 'p').isPaused).toBe(true);
  });

  it('go into what is asked for while something is', () => {
    const asking = changed(INITIAL, { do: 'prompt', kind: 'filter', text: 'tcp' });
    const more = typed(asking, 'q', 'q');
    expect(more.state.prompt?.line.text).toBe('tcpq');
    expect(more.done).toBeUndefined();
    expect(typed(more.state, 'enter', undefined).done).toMatchObject({
      kind: 'filter',
      line: { text: 'tcpq' },
    });
    expect(typed(more.state, 'escape', undefined)).toEqual({ state: { ...INITIAL, prompt: undefined } });
  });
});

describe('the filter', () => {
  const flow = liveFlow(
    {
      status: 'dropped',
      client: { address: '10.0.0.2', port: 4711, namespace: 'web' },
      server: { address: '203.0.113.9', port: 443 },
      sightings: [
        { capture: 'host:br0', packets: 2, direction: 'forward', tuple: '10.0.0.2:4711 > 203.0.113.9:443' },
        { capture: 'host:eth0', packets: 2, direction: 'forward', tuple: '192.0.2.1:4711 > 203.0.113.9:443' },
        { capture: 'host:eth0', packets: 2, direction: 'reply', tuple: '203.0.113.9:443 > 192.0.2.1:4711' },
      ],
    },
    [{ cause: 'fwd-ip-forward-off', title: 'the host does not forward' }] as never,
  );

  it.each([
    ['', true],
    ['tcp', true],
    ['udp', false],
    ['port 443', true],
    ['tcp.port == 4711', true],
    ['port 80', false],
    ['host 10.0.0.2', true],
    // Behind NAT.
    ['host 192.0.2.1', true],
    ['10.0.0.2 > 203.0.113.9:443', true],
    ['203.0.113.9:443 > 10.0.0.2', false],
    ['host 10.0.0.3', false],
    ['not tcp', false],
    // Words of the row, in any order.
    ['web', true],
    ['dropped web', true],
    ['forward-off', true],
    ['ETH0', true],
    ['eth1', false],
    ['web db', false],
  ])('%j: %s', (text, isShown) => {
    expect(flowTest(text, undefined)(flow)).toBe(isShown);
  });
});

describe('the clipboard', () => {
  it('is asked for in a sequence that holds no text but its own', () => {
    const sequence = copySequence('iptables -I FORWARD 1 -j ACCEPT\x07', {});
    expect(sequence).toMatch(/^\x1b\]52;c;[A-Za-z0-9+/=]+\x07$/);
    const wrapped = copySequence('x', { TERM: 'screen-256color' });
    expect(wrapped).toMatch(/^\x1bP\x1b\]52;c;eA==\x07\x1b\\$/);
  });
});
