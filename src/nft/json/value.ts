/** Values of libnftables' JSON, and the line that an object began on. */
export type Json = string | number | boolean | null | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textOf(object: JsonObject, key: string): string | undefined {
  const value = object[key];
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;
}

export function numberOf(object: JsonObject, key: string): number | undefined {
  const value = object[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Where one is written as itself, several as a list. */
export function listOf(value: Json | undefined): readonly Json[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

export function words(value: Json | undefined): string[] {
  return listOf(value).filter((item): item is string => typeof item === 'string');
}

/** `{"KEY": VALUE}` with its one key. */
export function single(object: JsonObject): readonly [string, Json] | undefined {
  const [key] = Object.keys(object);
  return key === undefined ? undefined : [key, object[key] ?? null];
}
