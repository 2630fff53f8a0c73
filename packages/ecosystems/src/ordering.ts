/** -1: the first comes before the second; 0: they are equal in their ecosystem's order; 1: it comes after. */
export type Ordering = -1 | 0 | 1;
