// How often each signal of a variant is long, short or neither: the picture in numbers.
import type { VariantQuery } from "../../generated/face";
import { percent } from "./format";
import { sharesOf, signalsOf } from "./signals";

export function SignalShares({ report }: { report: VariantQuery["variantReport"] }) {
  const rows = signalsOf(report).map(({ title, stretches }) => ({ title, ...sharesOf(stretches) }));
  return (
    <table class="signals">
      <caption class="hint">
        Signals, in % of the bars. A trade enters when the signal starts, that is, when all
        indicators agree.
      </caption>
      <thead>
        <tr>
          <th scope="col">Source</th>
          <th scope="col" class="number">
            <span class="swatch long" aria-hidden="true" /> Long
          </th>
          <th scope="col" class="number">
            <span class="swatch short" aria-hidden="true" /> Short
          </th>
          <th scope="col" class="number">
            Neither
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ title, long, short }) => (
          <tr key={title}>
            <th scope="row">{title === "signal" ? "Signal" : title}</th>
            {[long, short, 1 - long - short].map((share, i) => (
              <td key={["long", "short", "neither"][i]} class="number">
                {percent(Math.abs(share) * 100, 1)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
