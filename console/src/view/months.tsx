// Returns by month as a table of years, coloured like the map.
import { colourScale } from "../map/colours";
import { Scroller } from "./scroller";

export interface Month {
  year: number;
  month: number;
  returnPct: number | null;
}

const NAMES = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

export function Months({ months }: { months: Month[] }) {
  if (months.length === 0) return null;
  const colour = colourScale(months.map(({ returnPct }) => returnPct));
  const years = [...new Set(months.map(({ year }) => year))];
  return (
    <section class="card">
      <h2>Returns by month</h2>
      <Scroller label="Returns by month, in percent" kind="heat months">
        <table>
          <thead>
            <tr>
              <th scope="col">%</th>
              {NAMES.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
              <th scope="col">Year</th>
            </tr>
          </thead>
          <tbody>
            {years.map((year) => {
              const own = months.filter((month) => month.year === year);
              return (
                <tr key={year}>
                  <th scope="row">{year}</th>
                  {NAMES.map((name, i) => {
                    const found = own.find(({ month }) => month === i + 1);
                    return <MonthCell key={name} month={found} colour={colour} />;
                  })}
                  <td class="total">{written(together(own))}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroller>
    </section>
  );
}

interface CellProps {
  month: Month | undefined;
  colour: ReturnType<typeof colourScale>;
}

function MonthCell({ month, colour }: CellProps) {
  if (!month) return <td />;
  const { side, strength } = colour(month.returnPct);
  return (
    <td
      class={side}
      title={month.returnPct === null ? "undefined" : `${month.returnPct} %`}
      ref={(cell) => {
        cell?.style.setProperty("--strength", strength.toFixed(3));
      }}
    >
      {written(month.returnPct)}
    </td>
  );
}

/** The return of several months, one after the other; null where one has none. */
export function together(months: Month[]): number | null {
  let growth = 1;
  for (const { returnPct } of months) {
    if (returnPct === null) return null;
    growth *= 1 + returnPct / 100;
  }
  return (growth - 1) * 100;
}

function written(value: number | null): string {
  return value === null ? "–" : value.toFixed(2);
}
