/** The lines of `ipset save` in a form that two runs can share: sorted, times to the next hundred seconds, masks without ipset's slips. */
export function comparableSets(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) =>
      line
        .replace(/ timeout (\d+)/, (_, seconds) => ` timeout ${Math.ceil(Number(seconds) / 100) * 100}`)
        .replace(/( bitmask [^ /]+)\/\d+/, '$1'),
    )
    .toSorted();
}
