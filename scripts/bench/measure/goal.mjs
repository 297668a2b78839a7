/** Holds a figure against its target, and against what was recorded. */

/** Two runs on a busy machine differ by as much without anything having changed. */
export const NOISE = 1.15;

/**
 * @typedef {object} Goal
 * @property {string} name `CPU / capinfos -c`
 * @property {number | undefined} value undefined when a peer isn't there
 * @property {number} [most] the target: no more
 * @property {number} [least] the target: no less
 *
 * @typedef {'missed' | 'worse' | 'met' | 'no target' | 'not measured'} Verdict
 */

/**
 * @param {Goal} goal
 * @param {number | undefined} recorded what the goal's value was then
 * @returns {Verdict} `missed`: not its target; `worse`: its target, but beyond noise not what it was
 */
export function judge({ value, most, least }, recorded) {
  if (value === undefined || Number.isNaN(value)) return 'not measured';
  if (most !== undefined && value > most) return 'missed';
  if (least !== undefined && value < least) return 'missed';
  if (recorded !== undefined) {
    if (least === undefined ? value > recorded * NOISE : value < recorded / NOISE) return 'worse';
  }
  return most === undefined && least === undefined ? 'no target' : 'met';
}

/** Undefined where one of them is. */
export function ratio(ours, theirs) {
  return ours === undefined || theirs === undefined || theirs === 0 ? undefined : ours / theirs;
}

/** Three significant digits, whatever the size. */
export function figure(value) {
  if (value === undefined) return '-';
  if (value >= 100) return value.toFixed(0);
  return value.toPrecision(3);
}
