// What a run is at, in words. The stages are those that the schema lists.

const WORDS: Record<string, string> = {
  signals: "Computing signals",
  stage_a: "Trying variants without stops",
  stage_b: "Trying stops on the best",
  exact: "Ranking the best exactly",
  report: "Writing the reports of the best",
  replay: "Going through the best bar by bar",
  evidence_rows: "Luck test: collecting what every variant made",
  reality_check: "Luck test: the best against chance",
  pbo_champions: "Luck test: the winners of each half",
  pbo_ranks: "Luck test: how they do in the other half",
  walk_forward: "Luck test: trading the best of the past",
};

/** A stage in words; one that is newer than this page is at least readable. */
export function stageTold(stage: string): string {
  return WORDS[stage] ?? `Working: ${stage.replaceAll("_", " ")}`;
}

export const TOLD_STAGES: readonly string[] = Object.keys(WORDS);
