import type { Citation } from '@switchyard/protocol';
import { memo } from 'react';
import { Streamdown, defaultRehypePlugins } from 'streamdown';
import type { Components, StreamdownProps } from 'streamdown';
import { harden } from 'rehype-harden';
import { texts } from '../texts.ts';
import { CitationsContext, CiteChip } from './cite-chip.tsx';
import { CodeBlock } from './code-block.tsx';
import { markCitations } from './mark-citations.ts';

export interface MarkdownProps {
  turnId: string;
  text: string;
  citations: readonly Citation[];
  isRunning: boolean;
}

/**
 * Raw HTML is parsed and cleaned by a list of what is allowed. Images come from this origin only: one from elsewhere
 * would tell its server who reads what (the page's policy refuses it a second time). Links may lead anywhere.
 */
const rehypePlugins: NonNullable<StreamdownProps['rehypePlugins']> = [
  ...Object.entries(defaultRehypePlugins).flatMap(([name, plugin]) => (name === 'harden' ? [] : [plugin])),
  [
    harden,
    {
      defaultOrigin: window.location.origin,
      allowedImagePrefixes: [`${window.location.origin}/`],
      allowedLinkPrefixes: ['*'],
      allowDataImages: false,
      blockedImageClass: 'blocked',
      blockedLinkClass: 'blocked',
    },
  ],
  markCitations,
];

const components: Components = {
  pre: CodeBlock,
  code: ({ node: _node, className, children }) => <code className={className}>{children}</code>,
  a: ({ node: _node, href, children, title }) => (
    <a className="link" href={href} title={title} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  ),
  img: ({ node: _node, src, alt, title }) => <img src={src} alt={alt ?? ''} title={title} loading="lazy" />,
  table: ({ node: _node, children }) => (
    // A wide table scrolls by itself, and by keyboard too.
    <div className="wide-table" tabIndex={0} role="group">
      <table>{children}</table>
    </div>
  ),
  sup: CiteChip,
  ...plain('h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'p', 'ul', 'ol', 'li', 'blockquote', 'hr', 'strong'),
  ...plain('thead', 'tbody', 'tr', 'th', 'td', 'sub', 'section'),
};

/** Streamdown's own elements bring classes of their own; these are the bare ones, set by answer.css. */
function plain(...names: (keyof React.JSX.IntrinsicElements)[]): Components {
  return Object.fromEntries(names.map((name) => [name, name]));
}

export const Markdown = memo(function Markdown({ turnId, text, citations, isRunning }: MarkdownProps) {
  return (
    <CitationsContext value={{ turnId, citations }}>
      <div className="answer" data-running={isRunning}>
        <Streamdown
          mode={isRunning ? 'streaming' : 'static'}
          parseIncompleteMarkdown={isRunning}
          isAnimating={isRunning}
          components={components}
          rehypePlugins={rehypePlugins}
          controls={false}
          linkSafety={{ enabled: false }}
          translations={{ imageNotAvailable: texts.turn.imageBlocked }}
        >
          {text}
        </Streamdown>
      </div>
    </CitationsContext>
  );
});
