import { expect, test } from 'vitest';
import { html } from './html.ts';

test('what is not markup of ours is text', () => {
  const name = `<img src=x onerror="alert('1')">&`;
  expect(html`<p title="${name}">${name}</p>`.text).toBe(
    '<p title="&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;">&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;</p>',
  );
});

test('pieces, lists of them and nothing', () => {
  const items = ['a', '<b>'].map((each) => html`<b>${each}</b>`);
  expect(html`<i>${items}${undefined}${false}${0}</i>`.text).toBe('<i><b>a</b><b>&lt;b&gt;</b>0</i>');
});
