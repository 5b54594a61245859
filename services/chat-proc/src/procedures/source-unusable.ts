/** Why a source cannot be run; the message is for whoever named it. His prediction has failed with it, and nobody else's. */
export class SourceUnusable extends Error {
  override readonly name = 'SourceUnusable';
}
