/** For the environment of a Node that a test starts: what others of this run have compiled, it only reads. */
export const compiledOnce = (): Readonly<Record<string, string>> => {
  const { NODE_COMPILE_CACHE } = process.env;
  return NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };
};
