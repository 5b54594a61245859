import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';

/** So close to the end counts as being there, px. Less than two lines: a reader who moved up two lines means it. */
const NEAR_PX = 48;

/**
 * The page follows a growing answer only while the reader is at its end. Scrolling up lets go at once; coming back, the
 * button, or sending a message takes hold again.
 */
export function useFollowScroll(change: unknown, ownMessage: string | undefined) {
  const viewport = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const isFollowing = useRef(true);
  const lastTop = useRef(0);
  const [isAtEnd, setAtEnd] = useState(true);

  const stick = useCallback(() => {
    const view = viewport.current;
    if (view === null || !isFollowing.current) return;
    view.scrollTop = view.scrollHeight;
    lastTop.current = view.scrollTop;
  }, []);

  const onScroll = useCallback(() => {
    const view = viewport.current;
    if (view === null) return;
    const isNear = view.scrollHeight - view.scrollTop - view.clientHeight < NEAR_PX;
    // Only a movement upwards is the reader's: content that grows moves the end away without any scrolling.
    if (view.scrollTop < lastTop.current - 1 && !isNear) isFollowing.current = false;
    if (isNear) isFollowing.current = true;
    lastTop.current = view.scrollTop;
    setAtEnd(isNear || isFollowing.current);
  }, []);

  const toEnd = useCallback(() => {
    isFollowing.current = true;
    setAtEnd(true);
    stick();
  }, [stick]);

  useLayoutEffect(stick, [change, stick]);
  useLayoutEffect(() => {
    if (ownMessage !== undefined) toEnd();
  }, [ownMessage, toEnd]);
  useEffect(() => {
    // Markdown is set after the text, fonts and code come later still: the end moves without a render of ours.
    const observer = new ResizeObserver(stick);
    if (content.current !== null) observer.observe(content.current);
    if (viewport.current !== null) observer.observe(viewport.current);
    return () => observer.disconnect();
  }, [stick]);

  return { viewport, content, onScroll, toEnd, isAtEnd };
}
