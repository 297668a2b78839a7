/** Reading fields of JSON objects: a field of another type than expected counts as absent. */
import { type Ip, parseIp } from '../net/ip.ts';
import { type Mac, parseMac } from '../net/mac.ts';
import { isObject, type JsonObject, type JsonValue } from './json.ts';

export function text(object: JsonObject | undefined, key: string): string | undefined {
  const value = object?.[key];
  return typeof value === 'string' ? value : undefined;
}

/** Also a number written as text: `"0x10"`, `"7"`. */
export function number(object: JsonObject | undefined, key: string): number | undefined {
  return asNumber(object?.[key]);
}

export function asNumber(value: JsonValue | undefined): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return parseNumber(value);
  return undefined;
}

/** Decimal or `0x` hexadecimal, not negative. */
export function parseNumber(text: string): number | undefined {
  return /^(?:\d+|0[xX][0-9a-fA-F]+)$/.test(text) ? Number(text) : undefined;
}

export function flag(object: JsonObject | undefined, key: string): boolean | undefined {
  const value = object?.[key];
  if (typeof value === 'boolean') return value;
  if (value === 0 || value === 1) return value === 1;
  return undefined;
}

export function child(object: JsonObject | undefined, key: string): JsonObject | undefined {
  const value = object?.[key];
  return isObject(value) ? value : undefined;
}

export function list(object: JsonObject | undefined, key: string): readonly JsonValue[] {
  const value = object?.[key];
  return Array.isArray(value) ? value : [];
}

export function objects(values: readonly JsonValue[]): JsonObject[] {
  return values.filter(isObject);
}

export function texts(object: JsonObject | undefined, key: string): string[] {
  return list(object, key).filter((item) => typeof item === 'string');
}

export function address(object: JsonObject | undefined, key: string): Ip | undefined {
  const value = text(object, key);
  return value === undefined ? undefined : parseIp(value);
}

export function mac(object: JsonObject | undefined, key: string): Mac | undefined {
  const value = text(object, key);
  return value === undefined ? undefined : parseMac(value);
}
