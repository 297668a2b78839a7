/** Why a text is no filter, and which part of it isn't understood. */
export interface FilterFault {
  readonly fault: string;
  /** Where in the text, and how many characters of it. */
  readonly at: number;
  readonly length: number;
}

export function isFault(value: object): value is FilterFault {
  return 'fault' in value;
}
