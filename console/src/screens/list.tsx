// The list of variants: sorted by any metric, pinned ones side by side.

import { useContext, useMemo, useRef, useState } from "preact/hooks";
import { type Around, aroundTold } from "../map/around";
import { Aligned, mostDecimals } from "../view/aligned";
import { adjustedP, pText, standsFor } from "../view/luck";
import { Scroller, Spacer } from "../view/scroller";
import { type Column, SideBySide } from "../view/sideBySide";
import { STANDARD } from "../view/standard";
import { useVirtual } from "../view/useVirtual";
import { HasService, VariantLink } from "../view/variantLink";
import {
  described,
  inCommon,
  linesOf,
  metric,
  partsOf,
  printed,
  type Range,
  type RunResult,
  reportInput,
  sorted,
  type Variant,
} from "../view/variants";

const ROW_HEIGHT = 34;
const COLUMNS = [
  "Total Return [%]",
  "Max. Drawdown [%]",
  "Num. Trades",
  "Win Rate [%]",
  "Sharpe",
  "Sortino",
  "Calmar",
  "Profit factor",
];
const ASCENDING = new Set([
  "Adjusted p",
  "Max. Drawdown [%]",
  "Avg. Drawdown [%]",
  "Max. Drawdown Duration",
  "Avg. Drawdown Duration",
  "Annual volatility [%]",
  "Longest losing streak",
]);
const RANK = "";
const P_VALUE = "Adjusted p";
const AROUND = "Neighbourhood";
// On a phone a variant takes up to three lines; style.css has the same width.
const PHONE = "(max-width: 560px)";
const PHONE_ROW_HEIGHT = 58;

/** What a variant is sorted by. */
function toValue(
  { result, around }: Props,
  name: string,
): (variant: Variant, place: number) => number | null {
  if (name === P_VALUE) return (_, place) => adjustedP(result, place, "againstCash");
  if (name === AROUND) return (_, place) => around?.get(place)?.kept ?? null;
  return (variant) => metric(variant, name);
}

/** The columns that are always there: return, its p-value and surroundings, then the others. */
function usualColumns({ result, around }: Props): string[] {
  const [first = "", ...others] = COLUMNS;
  return [
    first,
    ...(result.evidence?.realityCheck?.againstCash ? [P_VALUE] : []),
    ...(around && around.size > 0 ? [AROUND] : []),
    ...others,
  ];
}

interface Sort {
  metric: string;
  isDescending: boolean;
}

interface Props {
  result: RunResult;
  range: Range;
  /** What surrounds each variant; null where nobody has asked for the map. */
  around: Around | null;
}

export function VariantList(props: Props) {
  const { result, range, around } = props;
  const hasService = useContext(HasService);
  const [sort, setSort] = useState<Sort>({ metric: RANK, isDescending: false });
  const [pinned, setPinned] = useState<ReadonlySet<number>>(new Set());
  const order = useMemo(
    () =>
      sort.metric === RANK
        ? result.variants.map((_, place) => place)
        : sorted(result.variants, toValue(props, sort.metric), sort.isDescending),
    [result, sort, around],
  );
  const usual = usualColumns(props);
  const common = useMemo(
    () => inCommon(result.variants.map((variant) => partsOf(reportInput(result, variant, range)))),
    [result],
  );
  const columns =
    usual.includes(sort.metric) || sort.metric === RANK ? usual : [...usual, sort.metric];
  const sortBy = (metric: string) =>
    setSort((last) =>
      last.metric === metric
        ? { metric, isDescending: !last.isDescending }
        : { metric, isDescending: !ASCENDING.has(metric) },
    );
  const toggle = (place: number) =>
    setPinned((last) => {
      const next = new Set(last);
      if (!next.delete(place)) next.add(place);
      return next;
    });
  return (
    <section class="card list">
      <header class="title">
        <h2>Best variants</h2>
        <label class="inline">
          Sort by{" "}
          <select
            value={sort.metric}
            onChange={(event) =>
              event.currentTarget.value === RANK
                ? setSort({ metric: RANK, isDescending: false })
                : sortBy(event.currentTarget.value)
            }
          >
            <option value={RANK}>rank</option>
            <Sortable {...{ result, usual }} />
          </select>
        </label>
      </header>
      {result.variants.length > 1 && (
        <p class="hint">
          Pin two or more to compare them.
          {hasService && around === null && " Open the map to see which stand on a plateau."}{" "}
          Sharpe, Sortino and Calmar are of daily returns, as other tools have them; the report's
          rows of nearly the same names have other definitions and stand under “Sort by”.
        </p>
      )}
      {common.length > 0 && <p class="hint">All of them: {common.join(" · ")}.</p>}
      <Table {...{ ...props, order, columns, sort, sortBy, pinned, toggle, common }} />
      {pinned.size > 0 && <Compared {...{ ...props, pinned, toggle }} />}
    </section>
  );
}

/** What the list can be sorted by, in groups, so that nobody takes a row for the ratio. */
function Sortable({ result, usual }: { result: RunResult; usual: string[] }) {
  const rows = result.variants[0]?.report?.rows.map((row) => row.metric) ?? [];
  const ratios = STANDARD.map(([, title]) => title);
  const others = usual.filter((name) => !rows.includes(name) && !ratios.includes(name));
  const groups: [string, string[]][] = [
    ["Standard ratios", ratios],
    ["Rows of the report", rows],
  ];
  return (
    <>
      {others.map((name) => (
        <option key={name}>{name}</option>
      ))}
      {groups.map(([title, names]) => (
        <optgroup key={title} label={title}>
          {names.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </optgroup>
      ))}
    </>
  );
}

interface TableProps extends Props {
  order: number[];
  columns: string[];
  sort: Sort;
  sortBy: (metric: string) => void;
  pinned: ReadonlySet<number>;
  toggle: (place: number) => void;
  /** Parts of their names that all variants have. */
  common: string[];
}

function Table(props: TableProps) {
  const { result, range, around, order, columns, sort, sortBy, pinned, toggle, common } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const rowHeight = matchMedia(PHONE).matches ? PHONE_ROW_HEIGHT : ROW_HEIGHT;
  const rows = useVirtual(order.length, rowHeight, scroller);
  const items = rows.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = rows.getTotalSize() - (items.at(-1)?.end ?? 0);
  const decimals = useMemo(
    () =>
      new Map(
        columns.map((name) => [
          name,
          mostDecimals(result.variants.map((item, place) => shownIn(props, name, item, place))),
        ]),
      ),
    [result, around, columns.join()],
  );
  return (
    <Scroller label="Variants" box={scroller}>
      <table aria-rowcount={order.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col" class="number">
              #
            </th>
            <th scope="col">
              <span class="sr">Pin</span>
            </th>
            <th scope="col" class="what">
              Variant
            </th>
            {columns.map((name) => (
              <th
                key={name}
                scope="col"
                class="number"
                aria-sort={
                  sort.metric === name ? (sort.isDescending ? "descending" : "ascending") : "none"
                }
              >
                <button type="button" onClick={() => sortBy(name)}>
                  {name.replace(" [%]", " %")}
                  <span aria-hidden="true">
                    {sort.metric === name ? (sort.isDescending ? " ↓" : " ↑") : ""}
                  </span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Spacer height={before} />
          {items.map((item) => {
            const place = order[item.index] ?? 0;
            const variant = result.variants[place];
            if (!variant) return null;
            const input = reportInput(result, variant, range);
            return (
              <tr
                key={variant.variantKey}
                aria-rowindex={item.index + 2}
                class={pinned.has(place) ? "pinned" : ""}
              >
                <td class="number">{place + 1}</td>
                <td>
                  <input
                    type="checkbox"
                    checked={pinned.has(place)}
                    onChange={() => toggle(place)}
                    aria-label={`Pin variant ${place + 1} to compare`}
                  />
                </td>
                <td class="what">
                  <VariantLink input={input} without={common} />
                  {variant.sameAs != null && variant.sameAs.nOthers > 0 && (
                    <span class="hint" title={`It has ${standsFor(variant)}`}>
                      {" "}
                      +{variant.sameAs.nOthers} alike
                    </span>
                  )}
                </td>
                {columns.map((name) => (
                  <Aligned
                    key={name}
                    text={shownIn(props, name, variant, place)}
                    decimals={decimals.get(name) ?? 0}
                  />
                ))}
              </tr>
            );
          })}
          <Spacer height={after} />
        </tbody>
      </table>
    </Scroller>
  );
}

function shownIn({ result, around }: Props, name: string, variant: Variant, place: number) {
  if (name === P_VALUE) return pText(adjustedP(result, place, "againstCash"));
  return name === AROUND ? aroundTold(around?.get(place)) : printed(variant, name);
}

interface ComparedProps extends Props {
  pinned: ReadonlySet<number>;
  toggle: (place: number) => void;
}

function Compared({ result, range, pinned, toggle }: ComparedProps) {
  const columns = [...pinned]
    .sort((a, b) => a - b)
    .flatMap((place): Column[] => {
      const variant = result.variants[place];
      if (!variant) return [];
      return [
        {
          key: place,
          title: `#${place + 1}`,
          hint: described(reportInput(result, variant, range)),
          rows: linesOf(variant.report),
          unpin: () => toggle(place),
          unpinTitle: `Unpin variant ${place + 1}`,
        },
      ];
    });
  return (
    <SideBySide
      title="Pinned variants, side by side"
      label="Metrics of the pinned variants"
      columns={columns}
    />
  );
}
