/** A measured row as lines for a terminal. */
import { figure, judge } from './goal.mjs';

export function costLines(costs) {
  return [...costs].map(
    ([program, { cpu, wall, memory, runs }]) =>
      `  ${program.padEnd(14)} CPU ${cpu.toFixed(3).padStart(8)} s  wall ${wall.toFixed(3).padStart(8)} s  ` +
      `peak ${(memory / 2 ** 20).toFixed(0).padStart(5)} MiB  (median of ${runs})`,
  );
}

/** @returns {{ lines: string[], failed: boolean }} */
export function goalLines(goals, recorded, binding) {
  let failed = false;
  const lines = goals.map((goal) => {
    const before = recorded?.[goal.name];
    const verdict = binding ? judge(goal, before) : judge({ value: goal.value }, undefined);
    if (verdict === 'missed' || verdict === 'worse') failed = true;
    const target =
      goal.most !== undefined
        ? `  at most ${figure(goal.most)}`
        : goal.least !== undefined
          ? `  at least ${figure(goal.least)}`
          : '';
    const then = before === undefined ? '' : `  recorded ${figure(before)}`;
    const word = binding ? `  ${WORDS[verdict]}` : '';
    return `  ${goal.name}: ${figure(goal.value)}${target}${then}${word}`;
  });
  return { lines, failed };
}

const WORDS = {
  missed: 'MISSED',
  worse: 'WORSE than recorded',
  met: 'met',
  'no target': '',
  'not measured': 'not measured',
};
