/** The name that a mistyped one was probably meant to be, if one is near enough. */
export function nearest(wanted: string, names: readonly string[]): string | undefined {
  const rated = names.map((name) => ({ name, distance: distance(wanted.toLowerCase(), name.toLowerCase()) }));
  const [best] = rated.toSorted((left, right) => left.distance - right.distance);
  return best && best.distance <= Math.max(1, Math.floor(wanted.length / 3)) ? best.name : undefined;
}

/** One letter is another one, or two stand the wrong way round; a name with another number is another name. */
export function isMisspelling(wanted: string, name: string): boolean {
  const isSame = wanted.length === name.length && wanted.replace(/\D/g, '') === name.replace(/\D/g, '');
  return isSame && distance(wanted, name) === 1;
}

/** Levenshtein's, row by row; two letters changed about are one mistake. */
function distance(left: string, right: string): number {
  let before: number[] = [];
  let above = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const change = (above[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      const swap = row > 1 && column > 1 && swapped ? (before[column - 2] ?? 0) + 1 : change;
      current.push(Math.min(change, swap, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    before = above;
    above = current;
  }
  return above[right.length] ?? 0;
}
