/** One passage as the `documents` capability returns it: the part of a page under one heading. */
export interface Passage {
  title: string;
  path: string;
  heading: string;
  anchor: string;
  text: string;
  score: number;
}

/** What the reader's chip `[1]` opens. */
export interface Citation {
  /** The number in the text: `[1]`. */
  id: number;
  title: string;
  path: string;
  anchor: string;
  quote: string;
}

/** "Page › Heading", or only the page where the passage is its opening. */
export function placeOf(passage: Pick<Passage, 'title' | 'heading'>): string {
  return passage.heading === '' || passage.heading === passage.title
    ? passage.title
    : `${passage.title} › ${passage.heading}`;
}
