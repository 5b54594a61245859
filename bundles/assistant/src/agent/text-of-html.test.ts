import { expect, test } from 'vitest';
import { textOfHtml } from './text-of-html.ts';

test('what a reader sees, line by line', () => {
  const page = `<html><HEAD><title>x</title></HEAD><body><script>a < b</script><!-- <p>no -->
    <h1>Tea &amp; time</h1><p>Good  <b>tea</b></p><style>p{}</style ><svg><text>no</text></svg> &lt;now&gt;</body>`;
  expect(textOfHtml(page)).toBe('Tea & time\nGood tea\n<now>');
});

test('of what is never closed the text stays', () => {
  expect(textOfHtml('<head><p>one<header>two</header><script>three')).toBe('one two three');
});

test('a page that is nothing but openings takes no longer than one of its length', () => {
  for (const piece of ['<script ', '<!--', '<', '<p ', ' ', '\n', '<svg></sv', '&lt', '<head></head '])
    expect(textOfHtml(piece.repeat(60_000)).length).toBeLessThan(600_000);
}, 10_000);
