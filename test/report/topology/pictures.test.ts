/** The judge of drawings finds what it is there to find. */
import { expect, it } from 'vitest';
import { faults, readPicture } from './pictures.ts';

const box = (x: number, y: number, size: number, kind = 'device') =>
  `<g class="${kind}"><rect x="${x}" y="${y}" width="${size}" height="${size}"/></g>`;
const text = (x: number, y: number) => `<text class="name" x="${x}" y="${y}">eth0</text>`;
const link = (path: string) => `<g class="link veth"><path d="${path}"/></g>`;

it.each([
  ['two boxes', box(0, 0, 50) + box(40, 40, 50), 'device and device overlap'],
  ['two texts', text(10, 50) + text(30, 55), '“eth0” and “eth0” overlap'],
  ['a text over an edge', box(0, 0, 50) + text(40, 30), '“eth0” runs out of device'],
  ['a link over a text', text(50, 50) + link('M0 45L200 45'), 'a link goes through “eth0”'],
  [
    'a link over a box',
    box(50, 30, 50) + link('M0 45L40 45Q45 45 45 50L45 70L200 70'),
    'a link goes through device at 50 30',
  ],
  ['a slanted link', link('M0 0L20 30'), 'a link is slanted'],
  ['a box half in another', box(0, 0, 60, 'namespace') + box(40, 10, 40), 'device is half in namespace'],
  ['what is outside', box(180, 180, 50), 'device is outside of the picture'],
])('%s', (_, parts, fault) => {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="200">${parts}</svg>`;
  expect(faults(readPicture(svg))).toContain(fault);
});

it('refuses what is no XML', () => {
  for (const broken of ['<svg><g></svg>', '<svg a=b/>', '<svg>&nbsp;</svg>', '<svg>\x01</svg>'])
    expect(() => readPicture(broken)).toThrow();
});
