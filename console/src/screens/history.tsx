// What this browser has run; it is kept nowhere else.

import { useState } from "preact/hooks";
import { forget, history } from "../state/history";
import { href } from "../state/route";
import { brief, moment, seconds } from "../view/format";
import { Scroller } from "../view/scroller";
import { SideBySide } from "../view/sideBySide";
import { Empty } from "../view/states";

export function History() {
  const [pinned, setPinned] = useState<ReadonlySet<string>>(new Set());
  const toggle = (at: string) =>
    setPinned((last) => {
      const next = new Set(last);
      if (!next.delete(at)) next.add(at);
      return next;
    });
  if (history.value.length === 0) {
    return (
      <Empty title="No runs yet">
        <p>Runs of this browser are listed here, and kept in this browser alone.</p>
        <a class="button main" href={href("ask")}>
          To the form
        </a>
      </Empty>
    );
  }
  return (
    <section class="card list">
      <header class="title">
        <p class="hint">
          Kept in this browser alone. Pin two or more to compare their best variants.
        </p>
        <button type="button" onClick={forget}>
          Forget all
        </button>
      </header>
      <Scroller label="Runs of this browser">
        <table>
          <thead>
            <tr>
              <th scope="col">
                <span class="sr">Pin</span>
              </th>
              <th scope="col">When, UTC</th>
              <th scope="col" class="what">
                What
              </th>
              <th scope="col" class="number">
                Variants
              </th>
              <th scope="col" class="number">
                Took
              </th>
              <th scope="col" class="number">
                Best return %
              </th>
              <th scope="col" class="number">
                Max. drawdown %
              </th>
              <th scope="col" class="number">
                Trades
              </th>
            </tr>
          </thead>
          <tbody>
            {history.value.map((past) => (
              <tr key={past.at} class={pinned.has(past.at) ? "pinned" : ""}>
                <td>
                  <input
                    type="checkbox"
                    checked={pinned.has(past.at)}
                    disabled={!past.rows}
                    onChange={() => toggle(past.at)}
                    aria-label={`Pin the run of ${moment(past.at)} to compare`}
                  />
                </td>
                <td>{moment(past.at)}</td>
                <td class="what">
                  {past.link ? <a href={href("ask", past.link)}>{past.title}</a> : past.title}
                </td>
                <td class="number">{brief(past.variants)}</td>
                <td class="number">{seconds(past.seconds)}</td>
                <td class="number">{past.best?.totalReturn ?? "–"}</td>
                <td class="number">{past.best?.drawdown ?? "–"}</td>
                <td class="number">{past.best?.trades ?? "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
      <Compared {...{ pinned, toggle }} />
    </section>
  );
}

interface ComparedProps {
  pinned: ReadonlySet<string>;
  toggle: (at: string) => void;
}

function Compared({ pinned, toggle }: ComparedProps) {
  const chosen = history.value.filter(({ at }) => pinned.has(at));
  if (chosen.length === 0) return null;
  const columns = chosen.map(({ at, title, rows = [] }) => ({
    key: at,
    title: moment(at),
    hint: title,
    rows,
    unpin: () => toggle(at),
    unpinTitle: `Unpin the run of ${moment(at)}`,
  }));
  return (
    <SideBySide
      title="The best of the pinned runs, side by side"
      label="Metrics of the pinned runs"
      columns={columns}
    />
  );
}
