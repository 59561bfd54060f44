// Reports in columns, to be compared row by row.
import { Scroller } from "./scroller";

export interface Column {
  key: string | number;
  title: string;
  /** What the column is of. */
  hint: string;
  rows: readonly { metric: string; value: string }[];
  unpin: () => void;
  /** What a screen reader calls the cross. */
  unpinTitle: string;
}

interface Props {
  title: string;
  label: string;
  columns: Column[];
}

export function SideBySide({ title, label, columns }: Props) {
  const metrics = [...new Set(columns.flatMap(({ rows }) => rows.map(({ metric }) => metric)))];
  return (
    <section class="compared" aria-label={title}>
      <h3>{title}</h3>
      <Scroller label={label}>
        <table>
          <thead>
            <tr>
              <th scope="col">Metric</th>
              {columns.map((column) => (
                <th key={column.key} scope="col" class="number">
                  {column.title}{" "}
                  <button
                    type="button"
                    class="quiet"
                    aria-label={column.unpinTitle}
                    onClick={column.unpin}
                  >
                    ✕
                  </button>
                  <span class="hint">{column.hint}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {metrics.map((name) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                {columns.map(({ key, rows }) => (
                  <td key={key} class="number">
                    {rows.find(({ metric }) => metric === name)?.value ?? "–"}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
    </section>
  );
}
