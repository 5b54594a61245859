import { IncomingMessage, ServerResponse } from 'node:http';
import type { Express } from 'express';

/** For `createServer`. */
export interface AppMessages {
  readonly IncomingMessage: typeof IncomingMessage;
  readonly ServerResponse: typeof ServerResponse;
}

/**
 * Classes whose requests and answers are the app's from their birth. To give each another prototype later, as express does, was 9 of the 285 us
 * that a call of an operation took in a profile.
 */
export function createAppMessages(app: Express): AppMessages {
  const query = readerOf(app.request, 'query');
  class AppRequest extends IncomingMessage {
    /** What express reads from the address at each look, where there is something to read. */
    get query(): unknown {
      return this.url?.includes('?') === true ? query.call(this) : (Object.create(null) as unknown);
    }
  }
  class AppResponse<R extends IncomingMessage> extends ServerResponse<R> {}
  Object.setPrototypeOf(AppRequest.prototype, app.request);
  Object.setPrototypeOf(AppResponse.prototype, app.response);
  return { IncomingMessage: AppRequest, ServerResponse: AppResponse };
}

/** The getter of a property, wherever in the chain it stands. Throws RangeError where there is none. */
function readerOf(from: object, name: string): () => unknown {
  for (let at: object | null = from; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const read = Object.getOwnPropertyDescriptor(at, name)?.get;
    if (read !== undefined) return read;
  }
  throw new RangeError(`${name} is not read`);
}
