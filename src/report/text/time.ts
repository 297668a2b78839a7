/** `2026-11-29 13:04:05.123 UTC` of epoch seconds. */
export function momentText(seconds: number): string {
  const text = clockText(seconds);
  return text.endsWith(' s') ? text : `${text} UTC`;
}

/** `2026-11-29 13:04:05.123`, where it is said elsewhere that it is UTC. */
export function clockText(seconds: number): string {
  const date = new Date(seconds * 1000);
  // Damaged captures have times that no calendar has.
  if (Number.isNaN(date.getTime())) return `${seconds} s`;
  return date.toISOString().replace('T', ' ').replace('Z', '');
}

/** `2026-11-29 13:04:05.123 to 13:04:07.250 UTC`: a day that both have is said once. */
export function periodText(from: number, to: number): string {
  const [begin, end] = [clockText(from), momentText(to)];
  const day = begin.slice(0, begin.indexOf(' ') + 1);
  return `${begin} to ${end.startsWith(day) ? end.slice(day.length) : end}`;
}

/** `+0.000123 s` since another moment. */
export function sinceText(seconds: number): string {
  return `${seconds < 0 ? '−' : '+'}${Math.abs(seconds).toFixed(6)} s`;
}
