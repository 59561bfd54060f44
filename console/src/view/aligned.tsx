// Numbers of a column under one another: the report cuts trailing zeros, so their room is kept.

const DECIMAL = /^-?\d+(?:\.(\d+))?$/;

/** The most decimals of the numbers among some texts. */
export function mostDecimals(texts: string[]): number {
  return texts.reduce((most, text) => Math.max(most, DECIMAL.exec(text)?.[1]?.length ?? 0), 0);
}

/** What is missing behind a number to reach so many decimals; nothing behind a text. */
export function missingDecimals(text: string, decimals: number): string {
  const found = DECIMAL.exec(text);
  if (!found || decimals === 0) return "";
  const own = found[1]?.length ?? 0;
  return `${own === 0 ? "." : ""}${"0".repeat(decimals - own)}`;
}

/** A cell; the room behind its number is empty to readers and to the clipboard. */
export function Aligned({ text, decimals }: { text: string; decimals: number }) {
  return (
    <td class="number aligned" data-room={missingDecimals(text, decimals)}>
      {text}
    </td>
  );
}
