/** What a bundle may ask for. Nothing is granted that is not named in its definition and allowed by the platform. */
export const CAPABILITIES = ['documents'] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** A passage of the platform's documents that answers a search, best first. */
export interface DocumentPassage {
  /** Where it is from: the document's title, its path in the collection, and the place in it. */
  title: string;
  path: string;
  heading?: string;
  anchor?: string;
  text: string;
  /** The part that matches, the words of the query between `**`. */
  headline?: string;
  /** Larger is better; only for comparing passages of one search. */
  score: number;
}

export interface Documents {
  /** Full-text search over the documents that an admin has given the platform. An empty array where there is nothing. */
  search(query: string, options?: { limit?: number; collection?: string }): Promise<DocumentPassage[]>;
}

interface CapabilityTypes {
  documents: Documents;
}

/** The members that a context has for the capabilities it may use: `turn.documents` exists where `documents` was asked for. */
export type Granted<C extends Capability> = { readonly [Name in C]: CapabilityTypes[Name] };
