// How long work tells how far it has come. The parts of a store that may take long take one of these;
// src/app makes a line for people of it.

/** Told again and again how much is done, of how much; null where nobody knows. */
export type OnProgress = (done: number, total: number | null) => void;
