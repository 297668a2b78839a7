/** Pages one after the other in a frame of a page that stays: nothing is painted, which is most of what a window costs. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Frame, Page } from 'playwright-core';
import { type Place, WIDTHS } from './page-faults.ts';

// A frame that is hidden is laid out all the same; its own elements are as visible as they would be in a window.
const AROUND = `<!doctype html>
<meta charset="utf-8">
<title>around</title>
<style>
  :root { color-scheme: light dark }
  iframe { border: 0; height: 900px; visibility: hidden }
</style>
`;

/** @param folder where the page around them is written */
export async function framesIn(page: Page, folder: string): Promise<(url: string) => Promise<Place>> {
  const around = join(folder, 'around.html');
  writeFileSync(around, AROUND);
  await page.goto(pathToFileURL(around).href);
  return async (url) => {
    const element = await page.evaluateHandle(opened, { url, width: WIDTHS[0] });
    const frame = (await element.contentFrame()) as Frame;
    const resize = (width: number) =>
      element.evaluate((own, wide) => {
        own.style.width = `${wide}px`;
      }, width);
    return { page, frame, resize };
  };
}

/** Runs in the page around. */
async function opened({ url, width }: { url: string; width: number }): Promise<HTMLIFrameElement> {
  for (const before of document.querySelectorAll('iframe')) before.remove();
  const frame = document.createElement('iframe');
  frame.style.width = `${width}px`;
  const loaded = new Promise((resolve) => frame.addEventListener('load', resolve));
  frame.src = url;
  document.body.append(frame);
  await loaded;
  return frame;
}
