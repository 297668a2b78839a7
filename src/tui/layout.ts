/** Which part of the terminal each pane has. */

/** Columns and rows, from 0. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** `list`: what the tabs choose; `detail`: of what is chosen in it; `side`: packets or flows beside it, where there is room. */
export type Place = 'list' | 'detail' | 'side';

export interface Layout {
  readonly header: Rectangle;
  /** Those that are shown; the first line of each is its title. */
  readonly places: ReadonlyMap<Place, Rectangle>;
  /** Columns of lines between panes that stand beside each other. */
  readonly separators: readonly Rectangle[];
  readonly footer: Rectangle;
}

/** From so many columns and rows on panes stand beside each other. */
const WIDE = 150;
const TALL = 30;
/** Fewer, and there is room for one pane. */
const LOW = 14;

/** `zoomed`: that one has all of it. */
export function layoutOf(width: number, height: number, zoomed: Place | undefined): Layout {
  const header = { x: 0, y: 0, width, height: 1 };
  const footer = { x: 0, y: Math.max(1, height - 1), width, height: 1 };
  const middle = Math.max(1, height - 2);
  const whole = { x: 0, y: 1, width, height: middle };
  const bars = { header, footer };
  if (zoomed !== undefined) return { ...bars, places: new Map([[zoomed, whole]]), separators: [] };
  if (height < LOW) return { ...bars, places: new Map([['list', whole]]), separators: [] };
  if (width >= WIDE && height >= TALL) {
    const left = Math.floor(width * 0.55);
    const upper = Math.ceil(middle * 0.6);
    return {
      ...bars,
      places: new Map<Place, Rectangle>([
        ['list', { x: 0, y: 1, width: left, height: upper }],
        ['side', { x: 0, y: 1 + upper, width: left, height: middle - upper }],
        ['detail', { x: left + 1, y: 1, width: width - left - 1, height: middle }],
      ]),
      separators: [{ x: left, y: 1, width: 1, height: middle }],
    };
  }
  const upper = Math.max(6, Math.floor(middle * 0.45));
  return {
    ...bars,
    places: new Map<Place, Rectangle>([
      ['list', { x: 0, y: 1, width, height: upper }],
      ['detail', { x: 0, y: 1 + upper, width, height: middle - upper }],
    ]),
    separators: [],
  };
}

/** The pane at a point of the terminal, and the row of it: -1 its title. */
export function placeAt(
  { places }: Layout,
  x: number,
  y: number,
): { readonly place: Place; readonly row: number } | undefined {
  for (const [place, { x: left, y: top, width, height }] of places)
    if (x >= left && x < left + width && y >= top && y < top + height) return { place, row: y - top - 1 };
  return undefined;
}
