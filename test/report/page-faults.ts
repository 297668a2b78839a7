/** What is wrong with the look of a page, found by the browser that laid it out. */
import type { Frame, Page } from 'playwright-core';

export const WIDTHS = [400, 800, 1300] as const;

/** Where a page is laid out: the window itself, or a frame in one. */
export interface Place {
  readonly page: Page;
  readonly frame: Frame;
  resize(width: number): Promise<unknown>;
}

/** A sentence for each: the page wider than the window, texts of drawings cut or over each other, text that is hard to read. */
export function faultsOf(page: Page): Promise<string[]> {
  const resize = (width: number) => page.setViewportSize({ width, height: 900 });
  return faultsIn({ page, frame: page.mainFrame(), resize });
}

export async function faultsIn({ page, frame, resize }: Place): Promise<string[]> {
  const faults: string[] = [];
  for (const width of WIDTHS) {
    await resize(width);
    const { scrolled, inner } = await frame.evaluate(() => ({
      scrolled: document.documentElement.scrollWidth,
      inner: window.innerWidth,
    }));
    if (inner !== width) faults.push(`laid out for ${inner} pixels, not ${width}`);
    if (scrolled > inner) faults.push(`${scrolled - inner} pixels wider than a window of ${width}`);
  }
  faults.push(...(await frame.evaluate(drawingFaults)));
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    const { isDark, faint } = await frame.evaluate(faintTexts);
    if (isDark !== (colorScheme === 'dark')) faults.push(`is not shown ${colorScheme}`);
    faults.push(...faint.map((fault) => `${colorScheme}: ${fault}`));
  }
  return faults;
}

/** Runs in the page. */
function drawingFaults(): string[] {
  const faults: string[] = [];
  for (const drawing of document.querySelectorAll('svg')) {
    const whole = drawing.getBoundingClientRect();
    const texts = [...drawing.querySelectorAll('text')].map((text) => ({
      said: text.lastChild?.textContent ?? '',
      area: text.getBoundingClientRect(),
    }));
    for (const [index, { said, area }] of texts.entries()) {
      if (
        area.left < whole.left - 0.5 ||
        area.right > whole.right + 0.5 ||
        area.top < whole.top - 0.5 ||
        area.bottom > whole.bottom + 0.5
      )
        faults.push(`“${said}” is cut`);
      // Lines of text may touch: their boxes have room for accents and descenders.
      for (const other of texts.slice(index + 1))
        if (
          area.left < other.area.right - 1 &&
          other.area.left < area.right - 1 &&
          area.top < other.area.bottom - 3 &&
          other.area.top < area.bottom - 3
        )
          faults.push(`“${said}” and “${other.said}” overlap`);
    }
  }
  return faults;
}

/** WCAG 2.2, 1.4.3: contrast of 4.5 at least, of large text 3. Runs in the page. */
function faintTexts(): { isDark: boolean; faint: string[] } {
  type Color = readonly [red: number, green: number, blue: number, alpha: number];
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const known = new Map<string, Color>();
  const colorOf = (text: string): Color => {
    const color = known.get(text);
    if (color) return color;
    if (!canvas) throw new Error('no canvas');
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0, alpha = 0] = canvas.getImageData(0, 0, 1, 1).data;
    known.set(text, [red, green, blue, alpha]);
    return [red, green, blue, alpha];
  };
  const luminance = (color: Color) => {
    const [red = 0, green = 0, blue = 0] = color.slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one: Color, other: Color) => {
    const [dark = 0, bright = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  const behindText = (element: Element): Color => {
    for (let at: Element | null = element; at; at = at.parentElement) {
      const color = colorOf(getComputedStyle(at).backgroundColor);
      if (color[3] > 0) return color;
    }
    return [255, 255, 255, 255];
  };
  /** Shapes that are filled, in the order in which they are drawn: looked up once for all texts of a drawing. */
  const filled = new Map<Element, { shape: Element; own: DOMRect; fill: string }[]>();
  const filledIn = (drawing: Element) => {
    const shapes =
      filled.get(drawing) ??
      [...drawing.querySelectorAll('rect')]
        .map((shape) => ({ shape, own: shape.getBoundingClientRect(), fill: getComputedStyle(shape).fill }))
        .filter(({ fill }) => fill !== 'none');
    filled.set(drawing, shapes);
    return shapes;
  };
  /** Of a drawing's text: the last shape drawn before it that it stands in. */
  const behindDrawn = (text: Element, drawing: Element): Color => {
    const area = text.getBoundingClientRect();
    const [x, y] = [(area.left + area.right) / 2, (area.top + area.bottom) / 2];
    const behind = filledIn(drawing).findLast(({ shape, own }) => {
      const isAround = own.left <= x && own.right >= x && own.top <= y && own.bottom >= y;
      return isAround && (shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
    });
    return behind ? colorOf(behind.fill) : behindText(text);
  };
  const faults = new Set<string>();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    const said = node.textContent?.trim() ?? '';
    if (!element || said === '' || element.closest('title, desc, script, noscript, :disabled')) continue;
    if (!element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const drawing = element.closest('svg');
    const ratio = contrast(
      colorOf(drawing ? style.fill : style.color),
      drawing ? behindDrawn(element, drawing) : behindText(element),
    );
    const size = Number.parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5))
      faults.add(`“${said.slice(0, 40)}” has a contrast of ${ratio.toFixed(2)}`);
  }
  return { isDark: matchMedia('(prefers-color-scheme: dark)').matches, faint: [...faults] };
}
