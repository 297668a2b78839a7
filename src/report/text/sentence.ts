const BEGINNINGS =
  /^(?:an?|the|no|nobody|nothing|every|each|one|in|it|what|container|datagrams|segments)(?= )/;

/** A title as a heading. Only words of the language are written large: a title may begin with the name of a device. */
export function sentence(text: string): string {
  return text.replace(BEGINNINGS, (word) => word.slice(0, 1).toUpperCase() + word.slice(1));
}
