// What this browser has run; it is kept nowhere else.

import { forget, history } from "../state/history";
import { href } from "../state/route";
import { brief, moment, seconds } from "../view/format";
import { Scroller } from "../view/scroller";
import { Empty } from "../view/states";

export function History() {
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
        <p class="hint">Kept in this browser alone.</p>
        <button type="button" onClick={forget}>
          Forget all
        </button>
      </header>
      <Scroller label="Runs of this browser">
        <table>
          <thead>
            <tr>
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
              <tr key={past.at}>
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
    </section>
  );
}
