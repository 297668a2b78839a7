/** The terminal under the screen: blessed draws what changed, and tells of keys, mouse and size. */
import type { Widgets } from 'blessed';
import { toAscii } from '../report/text/style.ts';
import type { Drawn, Terminal } from './draw.ts';
import { Guard } from './guard.ts';
import type { Rectangle } from './layout.ts';

export interface ScreenOptions {
  /** Who has no screen needn't load it. */
  readonly blessed: typeof import('blessed');
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  /** `$TERM`. */
  readonly terminal: string;
  /** By its name, or what it says of itself, it has 256 colours. */
  readonly isRich: boolean;
  readonly color: boolean;
  readonly unicode: boolean;
}

export interface ScreenListener {
  /** `key`: as blessed names it; `text`: what it types. */
  onKey(key: string, text: string | undefined): void;
  /** Columns and rows from 0. */
  onMouse(action: 'press' | 'up' | 'down', x: number, y: number): void;
  onResize(): void;
  /** The terminal is gone. */
  onGone(): void;
}

export class Screen {
  readonly #screen: Widgets.Screen;
  readonly #guard: Guard;
  readonly #options: ScreenOptions;
  readonly #boxes: Widgets.BoxElement[] = [];
  #isLeft = false;

  constructor(options: ScreenOptions, listener: ScreenListener) {
    this.#options = options;
    this.#guard = new Guard((options.output as unknown as { fd: number }).fd);
    const { blessed, input, output, terminal, unicode, isRich } = options;
    this.#screen = blessed.screen({
      input,
      output,
      terminal,
      smartCSR: true,
      fullUnicode: true,
      forceUnicode: unicode,
      autoPadding: false,
      warnings: false,
      title: 'nettrace live',
    });
    const { tput } = this.#screen as unknown as { tput: { brokenACS: boolean; colors: number } };
    // Its reader of terminfo takes descriptions with numbers of 32 bits for those of fewer colours.
    if (isRich && tput.colors < 256) tput.colors = 256;
    // It would draw lines by the terminal's alternate characters, which UTF-8 has for itself.
    tput.brokenACS = true;
    this.#screen.on('keypress', (text: string | undefined, { full, name }: Widgets.Events.IKeyEventArg) => {
      // blessed tells of it a second time, as `enter`.
      if (name !== 'return') listener.onKey(full ?? name, text);
    });
    this.#screen.on('mouse', ({ action, x, y }: { action: string; x: number; y: number }) => {
      if (action === 'mousedown') listener.onMouse('press', x, y);
      else if (action === 'wheelup') listener.onMouse('up', x, y);
      else if (action === 'wheeldown') listener.onMouse('down', x, y);
    });
    this.#screen.on('resize', () => listener.onResize());
    output.on('error', () => listener.onGone());
    input.on('end', () => listener.onGone());
    this.mouse(true);
    process.on('uncaughtExceptionMonitor', this.#leaveAtOnce);
  }

  get terminal(): Terminal {
    const { width, height } = this.#screen as unknown as { width: number; height: number };
    const { colors } = (this.#screen as unknown as { tput: { colors: number } }).tput;
    return { width, height, colors: this.#options.color ? colors : 0 };
  }

  mouse(isOurs: boolean): void {
    if (isOurs) this.#screen.program.enableMouse();
    else this.#screen.program.disableMouse();
  }

  show({ layout, header, footer, shown }: Drawn): void {
    if (this.#isLeft) return;
    const parts: [Rectangle, readonly string[]][] = [
      [layout.header, [header]],
      [layout.footer, [footer]],
      ...layout.separators.map((each): [Rectangle, string[]] => [each, Array(each.height).fill('│')]),
    ];
    for (const [place, rectangle] of layout.places) parts.push([rectangle, shown.get(place)?.lines ?? []]);
    while (this.#boxes.length > parts.length) this.#boxes.pop()?.detach();
    for (const [index, [rectangle, lines]] of parts.entries()) this.#fill(index, rectangle, lines);
    this.#screen.render();
  }

  #fill(index: number, { x, y, width, height }: Rectangle, lines: readonly string[]): void {
    const box = this.#boxes[index] ?? this.#options.blessed.box({ parent: this.#screen, wrap: false });
    this.#boxes[index] = box;
    Object.assign(box.position, { left: x, top: y, width, height });
    const text = lines.slice(0, height).join('\n').replaceAll('\u00a0', ' ');
    box.setContent(this.#options.unicode ? text : toAscii(text));
  }

  /** All of it, after something else wrote on the terminal. */
  redraw(): void {
    this.#screen.alloc();
    this.#screen.render();
  }

  /** To the shell that started it; comes back with `fg`. */
  suspend(): void {
    (this.#screen.program as unknown as { sigtstp(resumed: () => void): void }).sigtstp(() => this.redraw());
  }

  /** Past the screen, to the terminal itself. */
  send(sequence: string): void {
    this.#options.output.write(sequence);
  }

  leave(): void {
    if (this.#isLeft) return;
    process.off('uncaughtExceptionMonitor', this.#leaveAtOnce);
    this.#leaveAtOnce();
  }

  readonly #leaveAtOnce = (): void => {
    if (this.#isLeft) return;
    this.#isLeft = true;
    this.#screen.destroy();
    this.#guard.left();
  };
}
