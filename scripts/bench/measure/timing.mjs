/** What calls inside this process cost. */

/** µs of CPU of this process. */
export function cpu(run) {
  const from = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(from);
  return user + system;
}

export function middle(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}
