/** Name of columns that hold digests made with the cell's key: nothing opens them, so no codec stands behind it. */
export const DIGEST = 'digest'
