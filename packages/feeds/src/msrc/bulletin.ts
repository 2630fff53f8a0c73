/** What a document of Microsoft's says of one vulnerability, whatever its form. */
export interface Bulletin {
  readonly cve: string;
  readonly severities: readonly string[];
  readonly scores: readonly { readonly vector: string; readonly score: number }[];
  /** Products that are affected, by name. */
  readonly affected: readonly string[];
  readonly fixes: readonly Fix[];
}

export interface Fix {
  /** `5034441`; a word or nothing where the fix is no update of Windows. */
  readonly kb: string;
  /** `10.0.20348.2227`; nothing where it is not said. */
  readonly build: string;
  /** By name. */
  readonly products: readonly string[];
}
