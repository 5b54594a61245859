/** A heading that the page's own table of contents shows. */
export interface Heading {
  readonly id: string;
  readonly text: string;
  readonly depth: number;
}

/** One page of the documentation, rendered. */
export interface DocPage {
  /** Below the root of the site, without `.html`; empty: the first page. */
  readonly url: string;
  readonly title: string;
  /** The first paragraph, without markup. */
  readonly summary: string;
  /** Without the title. */
  readonly html: string;
  readonly headings: readonly Heading[];
}
