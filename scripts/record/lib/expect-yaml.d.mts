export function expectYaml(truth: { readonly flows: readonly object[]; readonly note: string }): string;
