// How strongly a return is coloured: by its distance from zero, or among returns of one sign.

export interface Colour {
  side: "gain" | "loss" | "none";
  /** From 0, the ground, to 1, the full colour. */
  strength: number;
}

/** The weakest colour that still tells a gain from a loss, where all returns have one sign. */
const LEAST = 0.1;

/**
 * A scale over the returns of a map. Where they have both signs it diverges around zero, equally
 * far to both sides; where they have one, it runs from the return nearest to zero to the farthest,
 * because returns of 40 to 45 % would all look the same otherwise.
 */
export function colourScale(values: readonly (number | null)[]): (value: number | null) => Colour {
  const known = values.filter((value) => value !== null);
  const sizes = known.map(Math.abs);
  const farthest = sizes.reduce((a, b) => Math.max(a, b), 0);
  const isDiverging = known.some((value) => value > 0) && known.some((value) => value < 0);
  const nearest = isDiverging ? 0 : sizes.reduce((a, b) => Math.min(a, b), farthest);
  const least = nearest > 0 ? LEAST : 0;
  const span = farthest - nearest;
  return (value) => {
    if (value === null || value === 0) return { side: "none", strength: 0 };
    const share = span > 0 ? (Math.abs(value) - nearest) / span : 1;
    return { side: value > 0 ? "gain" : "loss", strength: least + (1 - least) * share };
  };
}
