/** `2026-11-29 13:04:05.123 UTC` of epoch seconds. */
export function momentText(seconds: number): string {
  const date = new Date(seconds * 1000);
  // Damaged captures have times that no calendar has.
  if (Number.isNaN(date.getTime())) return `${seconds} s`;
  return date.toISOString().replace('T', ' ').replace('Z', ' UTC');
}

/** `+0.000123 s` since another moment. */
export function sinceText(seconds: number): string {
  return `${seconds < 0 ? '−' : '+'}${Math.abs(seconds).toFixed(6)} s`;
}
