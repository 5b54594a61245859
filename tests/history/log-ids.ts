/** Orders two ids `<epoch>-<seq>`. Written here again: the checker must not believe the code that it checks. */
export function compareIds(left: string, right: string): number {
  const [leftEpoch = '0', leftSeq = '0'] = left.split('-');
  const [rightEpoch = '0', rightSeq = '0'] = right.split('-');
  return sign(BigInt(leftEpoch) - BigInt(rightEpoch)) || sign(BigInt(leftSeq) - BigInt(rightSeq));
}

export function epochOf(id: string): number {
  return Number(id.split('-')[0]);
}

function sign(difference: bigint): number {
  if (difference === 0n) return 0;
  return difference < 0n ? -1 : 1;
}
