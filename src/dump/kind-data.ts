/**
 * IFLA_INFO_DATA of `ip -d link`, whose text form names its values otherwise than the JSON form does (iproute2, the print_opt
 * functions of ip/iplink_*.c). Records use the JSON names.
 */
import { wordTable } from '../base/word-table.ts';
import { isObject, type JsonObject, type JsonValue, parseJson } from './json.ts';
import type { Words } from './words.ts';

type Data = Record<string, unknown>;

/** Words of the text form that stand alone. */
const ALONE: ReadonlyMap<string, readonly [string, boolean]> = new Map([
  ['udpcsum', ['udp_csum', true]],
  ['noudpcsum', ['udp_csum', false]],
  ['udp6zerocsumtx', ['udp_zero_csum6_tx', true]],
  ['noudp6zerocsumtx', ['udp_zero_csum6_tx', false]],
  ['udp6zerocsumrx', ['udp_zero_csum6_rx', true]],
  ['noudp6zerocsumrx', ['udp_zero_csum6_rx', false]],
  ['learning', ['learning', true]],
  ['nolearning', ['learning', false]],
  ['proxy', ['proxy', true]],
  ['rsc', ['rsc', true]],
  ['l2miss', ['l2miss', true]],
  ['l3miss', ['l3miss', true]],
  ['gbp', ['gbp', true]],
  ['gpe', ['gpe', true]],
  ['external', ['external', true]],
  ['nopmtudisc', ['pmtudisc', false]],
  ['pmtudisc', ['pmtudisc', true]],
  ['ignore-df', ['ignore_df', true]],
  ['icsum', ['icsum', true]],
  ['ocsum', ['ocsum', true]],
  ['iseq', ['iseq', true]],
  ['oseq', ['oseq', true]],
]);

/** Text name → JSON name where they differ, for all kinds. */
const RENAMED = wordTable<string>({
  designated_root: 'root_id',
  group_address: 'group_addr',
  mcast_last_member_count: 'mcast_last_member_cnt',
  mcast_startup_query_count: 'mcast_startup_query_cnt',
  mcast_last_member_interval: 'mcast_last_member_intvl',
  mcast_membership_interval: 'mcast_membership_intvl',
  mcast_querier_interval: 'mcast_querier_intvl',
  mcast_query_interval: 'mcast_query_intvl',
  mcast_query_response_interval: 'mcast_query_response_intvl',
  mcast_startup_query_interval: 'mcast_startup_query_intvl',
});

/** Where the link's own numbers begin again. */
const AFTER = new Set(['addrgenmode', 'numtxqueues', 'bridge_slave', 'bond_slave', 'vrf_slave']);

/** Takes what stands behind the kind's name: mostly `key value`. */
export function parseKindData(kind: string, words: Words): Data | undefined {
  const data: Data = {};
  for (let word = words.peek(); word !== undefined && !AFTER.has(word); word = words.peek()) {
    words.next();
    const alone = ALONE.get(word);
    if (alone) data[alone[0]] = words.skip('on') || (!words.skip('off') && alone[1]);
    else if (word.startsWith('<')) data.flags = word.replace(/[<>]/g, '').split(',');
    else if (word === 'srcport') data.port_range = { low: value(words.next()), high: value(words.next()) };
    else {
      const next = words.peek();
      if (next === undefined || AFTER.has(next)) {
        data[word] = true;
        continue;
      }
      words.next();
      data[nameOf(kind, word)] = value(next);
    }
  }
  return Object.keys(data).length > 0 ? data : undefined;
}

function nameOf(kind: string, word: string): string {
  if (kind === 'vxlan' && word === 'dev') return 'link';
  if ((kind === 'vxlan' || kind === 'geneve') && word === 'dstport') return 'port';
  return RENAMED[word] ?? word;
}

function value(word: string): unknown {
  if (word === 'on') return true;
  if (word === 'off') return false;
  if (/^[[{]/.test(word)) return normal(parseJson(word).values[0] ?? word);
  return scalar(word);
}

/** Decimal numbers are numbers; hexadecimal ones stay as they were printed. */
function scalar(word: string): string | number {
  return /^\d+(?:\.\d+)?$/.test(word) ? Number(word) : word;
}

/** The JSON form's values; numbers that it prints as text are numbers here. */
export function kindDataOf(record: JsonObject): Data | undefined {
  const data: Data = {};
  for (const key of Object.keys(record)) data[key] = normal(record[key] ?? null);
  return Object.keys(data).length > 0 ? data : undefined;
}

function normal(value: JsonValue): unknown {
  if (typeof value === 'string') return scalar(value);
  if (Array.isArray(value)) return value.map(normal);
  return isObject(value) ? { ...kindDataOf(value) } : value;
}

/** `key value` pairs, readable by `parseKindData()`. */
export function printKindData(data: Readonly<Record<string, unknown>>): string {
  return Object.entries(data)
    .map(([key, value]) => {
      if (key === 'flags' && Array.isArray(value)) return ` <${value.join(',')}>`;
      if (typeof value === 'boolean') return ` ${key} ${value ? 'on' : 'off'}`;
      return ` ${key} ${typeof value === 'object' ? JSON.stringify(value) : String(value).replace(/\s+/g, '_')}`;
    })
    .join('');
}
