/** The screen of a followed host: keys change what is chosen, packets what there is, and both are drawn anew. */

import { printable } from '../base/printable.ts';
import type { BundleFile } from '../live/analyst.ts';
import type { LiveFlow } from '../live/flow-book.ts';
import type { Analysis } from '../report/analysis.ts';
import type { Style } from '../report/text/style.ts';
import { whatIfLines } from '../report/text/what-if.ts';
import { copySequence } from './clipboard.ts';
import type { ScreenData } from './data.ts';
import { type Drawn, draw, type Shown } from './draw.ts';
import { type Act, keyNamed, type Movement } from './keys.ts';
import { type Place, placeAt } from './layout.ts';
import { Screen, type ScreenOptions } from './screen.ts';
import { move, moveTo } from './scroll.ts';
import { type Change, changed, INITIAL, type Prompt, type ScreenState, typed, withScroll } from './state.ts';

/** What keys do beyond the screen. Each says what came of it in a sentence; rejects with one that says why not. */
export interface Acts {
  save(bundle: readonly BundleFile[]): Promise<string>;
  report(analysis: Analysis): Promise<string>;
  /** An analysis of now, with `whatIf`. */
  tryOut(command: string): Promise<Analysis>;
}

export interface AppOutside {
  data(): ScreenData;
  /** All packets that are kept, and the host as it is known. */
  bundle(): readonly BundleFile[];
  /** Somebody looks at rules: they are read more often. */
  watchRules(isWatched: boolean): void;
  readonly acts: Acts;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Milliseconds between two drawings that no key asked for. */
const PACE = 250;
/** Within so many milliseconds a second press is a double one. */
const DOUBLE = 400;
const WHEEL_ROWS = 3;

interface Tried {
  readonly command: string;
  readonly analysis: Analysis;
}

export class App {
  /** Resolves when the one who looks has had enough, or has no terminal any more. */
  readonly left: Promise<void>;
  readonly #outside: AppOutside;
  readonly #screen: Screen;
  readonly #timer: NodeJS.Timeout;
  #leave: () => void = () => {};
  #state: ScreenState = INITIAL;
  /** Of the begin of a pause: what is on the screen is what is saved. */
  #frozen: { readonly data: ScreenData; readonly bundle: readonly BundleFile[] } | undefined;
  #drawn: Drawn | undefined;
  #tried: Tried | undefined;
  #hasMouse = true;
  #press: { readonly at: number; readonly x: number; readonly y: number } | undefined;

  constructor(options: ScreenOptions, outside: AppOutside) {
    this.#outside = outside;
    this.left = new Promise((resolve) => {
      this.#leave = resolve;
    });
    this.#screen = new Screen(options, {
      onKey: (key, text) => this.#onKey(key, text),
      onMouse: (action, x, y) => this.#onMouse(action, x, y),
      onResize: () => this.#draw(),
      onGone: () => this.#leave(),
    });
    this.#timer = setInterval(() => this.#draw(), PACE);
    this.#draw();
  }

  /** Gives the terminal back. */
  end(): void {
    clearInterval(this.#timer);
    this.#screen.leave();
    this.#leave();
  }

  say(text: string, isBad = false): void {
    this.#state = { ...this.#state, message: { text: printable(text), isBad } };
    this.#draw();
  }

  #draw(): void {
    const data = this.#frozen?.data ?? this.#outside.data();
    this.#drawn = draw(data, this.#state, this.#screen.terminal, (flow, style) =>
      this.#triedLines(flow, style),
    );
    this.#state = this.#drawn.state;
    this.#screen.show(this.#drawn);
  }

  #onKey(name: string, text: string | undefined): void {
    if (this.#state.prompt) {
      const { state, done } = typed(this.#state, name, text);
      this.#state = state;
      if (done) this.#answer(done);
      this.#draw();
      return;
    }
    const key = keyNamed(name);
    if (!key) return;
    if (key.change) this.#change(key.change);
    if (key.movement) this.#move(key.movement);
    if (key.act) this.#act(key.act);
    if (!this.#state.isPaused) this.#frozen = undefined;
    else this.#frozen ??= { data: this.#outside.data(), bundle: this.#outside.bundle() };
    this.#outside.watchRules(this.#state.list === 'rules');
    this.#draw();
  }

  /** What was tried goes first, of all that Esc takes away. */
  #change(change: Change): void {
    if (change.do === 'back' && this.#tried && !this.#state.isHelp) this.#tried = undefined;
    else this.#state = changed(this.#state, change);
  }

  #move({ by, way }: Movement): void {
    const shown = this.#focused();
    if (!shown) return;
    const { which, pane, height } = shown;
    const scroll = this.#state.scrolls[which];
    const rows = { row: 1, half: Math.ceil(height / 2), page: Math.max(1, height - 1), end: pane.rows }[by];
    this.#state = withScroll(this.#state, which, move(scroll, way * rows, pane, height));
  }

  #focused(): Shown | undefined {
    const { shown } = this.#drawn ?? {};
    return this.#state.isHelp ? shown?.get('list') : (shown?.get(this.#state.focus) ?? shown?.get('list'));
  }

  #onMouse(action: 'press' | 'up' | 'down', x: number, y: number): void {
    if (!this.#drawn || this.#state.prompt) return;
    const hit = placeAt(this.#drawn.layout, x, y);
    const shown = hit && this.#drawn.shown.get(hit.place);
    if (!hit || !shown) return;
    if (action === 'press') this.#onPress(hit.place, shown, hit.row - shown.head + 1, x, y);
    else this.#scroll(shown, action === 'up' ? -WHEEL_ROWS : WHEEL_ROWS);
    this.#draw();
  }

  #scroll({ which, pane, height }: Shown, rows: number): void {
    this.#state = withScroll(this.#state, which, move(this.#state.scrolls[which], rows, pane, height));
  }

  #onPress(place: Place, { which, pane, height }: Shown, row: number, x: number, y: number): void {
    const now = Date.now();
    const isDouble = this.#press?.x === x && this.#press.y === y && now - this.#press.at < DOUBLE;
    this.#press = { at: now, x, y };
    if (place !== 'side') this.#state = { ...this.#state, focus: place };
    const scroll = this.#state.scrolls[which];
    if (row < 0 || place === 'side' || scroll.top + row >= pane.rows) return;
    if (pane.keyOf)
      this.#state = withScroll(this.#state, which, moveTo(scroll, scroll.top + row, pane, height));
    if (isDouble) this.#state = changed(this.#state, { do: 'zoom' });
  }

  #act(act: Act): void {
    const { acts } = this.#outside;
    switch (act) {
      case 'filter':
        this.#state = changed(this.#state, { do: 'prompt', kind: 'filter', text: this.#state.filter });
        return;
      case 'what-if':
        this.#state = changed(this.#state, { do: 'prompt', kind: 'what-if', text: this.#fixes()[0] ?? '' });
        return;
      case 'copy':
        this.#copy();
        return;
      case 'save':
        this.#wait('saving …', acts.save(this.#frozen?.bundle ?? this.#outside.bundle()));
        return;
      case 'report':
        this.#report();
        return;
      case 'mouse':
        this.#hasMouse = !this.#hasMouse;
        this.#screen.mouse(this.#hasMouse);
        this.say(this.#hasMouse ? 'the mouse is ours again' : 'the mouse is the terminal’s: it selects text');
        return;
      case 'redraw':
        this.#screen.redraw();
        return;
      case 'suspend':
        this.#screen.suspend();
        return;
      case 'quit':
        this.#leave();
    }
  }

  #report(): void {
    const { analysis } = this.#frozen?.data ?? this.#outside.data();
    if (analysis) this.#wait('writing the report …', this.#outside.acts.report(analysis));
    else this.say('there is nothing to report yet: no packet came', true);
  }

  #answer({ kind, line: { text } }: Prompt): void {
    if (kind === 'filter') {
      this.#state = { ...this.#state, filter: text.trim() };
      return;
    }
    const command = text.trim();
    if (command === '') {
      this.#tried = undefined;
      return;
    }
    const trying = this.#outside.acts.tryOut(command).then((analysis) => {
      this.#tried = { command, analysis };
      return `tried on the model: ${command}`;
    });
    this.#wait(`trying ${command} …`, trying);
  }

  #wait(text: string, act: Promise<string>): void {
    this.say(text);
    act.then(
      (done) => this.say(done),
      (error: unknown) => this.say(error instanceof Error ? error.message : String(error), true),
    );
  }

  /** Commands of the finding that is looked at, or of the chosen flow's. */
  #fixes(): readonly string[] {
    const { flow, trouble } = this.#drawn ?? {};
    const finding = this.#state.list === 'findings' ? trouble?.finding : flow?.findings[0];
    return finding?.fix?.commands ?? [];
  }

  #copy(): void {
    const commands = this.#fixes();
    if (commands.length === 0) {
      this.say('there is no fix to copy: choose a flow or finding that has one', true);
      return;
    }
    const text = commands.join('\n');
    this.#screen.send(copySequence(text, this.#outside.env));
    this.say(`copied, where the terminal allows it: ${commands.join('; ')}`);
  }

  #triedLines(flow: LiveFlow, style: Style): readonly string[] {
    if (!this.#tried) return [];
    const { analysis } = this.#tried;
    const own = analysis.flows.find(({ protocol, client, server }) => {
      const { flow: chosen } = flow;
      return (
        protocol === chosen.protocol &&
        client.address === chosen.client.address &&
        server.address === chosen.server.address &&
        server.port === chosen.server.port
      );
    });
    const { whatIf } = analysis;
    if (!whatIf) return [];
    // What becomes of the chosen flow comes first.
    const first = whatIf.changed.toSorted(
      (left, right) => Number(right.flow === own?.id) - Number(left.flow === own?.id),
    );
    return [...whatIfLines({ ...whatIf, changed: first }, analysis, style), ''];
  }
}
