/** Decimal seconds with nine places; `nanoseconds` count up from `seconds` also before 1970. */
export function formatTime(seconds: number, nanoseconds: number): string {
  const whole = seconds < 0 && nanoseconds > 0 ? seconds + 1 : seconds;
  const fraction = seconds < 0 && nanoseconds > 0 ? 1e9 - nanoseconds : nanoseconds;
  const sign = seconds < 0 ? '-' : '';
  return `${sign}${BigInt(Math.abs(whole))}.${String(fraction).padStart(9, '0')}`;
}
