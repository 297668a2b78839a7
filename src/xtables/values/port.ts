/** XTTYPE_PORT and XTTYPE_PORTRC: a number or the name of a service. */
import type { Value } from '../extension.ts';
import { servicePort } from '../names/services.ts';
import { type Range, readNumber } from './number.ts';

export const MAX_PORT = 65535;

export function readPort(text: string): number | undefined {
  return readNumber(text, MAX_PORT) ?? servicePort(text);
}

/** `80`, `http`, `1024:`, `:1023`, `20:21`. */
export function readPortRange(text: string): Range | undefined {
  const at = text.indexOf(':');
  if (at < 0) {
    const port = readPort(text);
    return port === undefined ? undefined : { min: port, max: port };
  }
  const [low, high] = [text.slice(0, at), text.slice(at + 1)];
  const min = low === '' ? 0 : readPort(low);
  const max = high === '' ? MAX_PORT : readPort(high);
  return min === undefined || max === undefined || min > max ? undefined : { min, max };
}

export const port: Value<number> = {
  words: 1,
  expected: 'a port 0..65535 or the name of a service',
  read: ([text = '']) => readPort(text),
};

export const portRange: Value<Range> = {
  words: 1,
  expected: 'a port 0..65535, the name of a service, or a range low:high',
  read: ([text = '']) => readPortRange(text),
};

export const ALL_PORTS: Range = { min: 0, max: MAX_PORT };

export function inRange(value: number, { min, max }: Range): boolean {
  return value >= min && value <= max;
}
