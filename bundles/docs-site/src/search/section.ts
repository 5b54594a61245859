/** What one heading of a page says: the unit of the search. */
export interface Section {
  /** Below the root of the site, with its anchor. */
  readonly url: string;
  /** Of the page. */
  readonly title: string;
  /** Empty: what stands before the first heading of the page. */
  readonly heading: string;
  /** Without markup. */
  readonly text: string;
}
