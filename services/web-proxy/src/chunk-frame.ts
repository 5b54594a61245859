const CRLF = '\r\n';

/** The end of a body in chunks, without trailers. */
export const LAST_CHUNK = Buffer.from(`0${CRLF}${CRLF}`, 'latin1');

/** Bytes as one chunk of a body whose length nobody knows (RFC 9112, 7.1), in one piece. There must be some: a chunk of none is the last one. */
export const chunkFrame = (bytes: Uint8Array): Buffer => {
  const head = `${bytes.byteLength.toString(16)}${CRLF}`;
  const frame = Buffer.allocUnsafe(head.length + bytes.byteLength + CRLF.length);
  frame.write(head, 0, 'latin1');
  frame.set(bytes, head.length);
  frame.write(CRLF, head.length + bytes.byteLength, 'latin1');
  return frame;
};
