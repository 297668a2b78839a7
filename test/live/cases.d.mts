export const cases: readonly { readonly name: string }[];
