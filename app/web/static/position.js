/**
 * A position is a place in the log, `<ms>-<seq>`. Two of them are compared as numbers, for "9-0" comes before "10-0".
 * Null (stored, but not in the log yet) is newer than every position.
 *
 * @param {?string} a
 * @param {?string} b
 * @returns {number} below 0 if a is older, above 0 if a is newer, 0 if they are the same
 */
export function comparePositions(a, b) {
  if (a === b) return 0
  if (a === null) return 1
  if (b === null) return -1
  const [aMs, aSeq] = a.split('-').map(Number)
  const [bMs, bSeq] = b.split('-').map(Number)
  return aMs - bMs || aSeq - bSeq
}
