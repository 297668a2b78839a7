export function seconds(count) {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, count * 1000)));
}
