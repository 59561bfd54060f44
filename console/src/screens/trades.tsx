// The trades of a variant; each one brings its place in the chart into view.

import { useRef } from "preact/hooks";
import type { Trade } from "../view/chart";
import { amount, moment, price } from "../view/format";
import { Scroller, Spacer } from "../view/scroller";
import { useVirtual } from "../view/useVirtual";

const ROW_HEIGHT = 32;
const REASONS: Record<string, string> = {
  SIGNAL_EXIT: "signal",
  SL: "stop-loss",
  TP: "take-profit",
  FORCED_CLOSE: "end of range",
};

interface Props {
  trades: Trade[];
  chosen: number | null;
  onChoose: (trade: Trade) => void;
}

export function TradeTable({ trades, chosen, onChoose }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtual(trades.length, ROW_HEIGHT, scroller);
  const items = rows.getVirtualItems();
  const after = rows.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <Scroller label="Trades" box={scroller} kind="trades">
      <table aria-rowcount={trades.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col" class="number">
              #
            </th>
            <th scope="col">Side</th>
            <th scope="col">Entry, UTC</th>
            <th scope="col" class="number">
              Price
            </th>
            <th scope="col">Exit, UTC</th>
            <th scope="col" class="number">
              Price
            </th>
            <th scope="col" class="number">
              Net, quote
            </th>
            <th scope="col">Ended by</th>
          </tr>
        </thead>
        <tbody>
          <Spacer height={items[0]?.start ?? 0} />
          {items.map((item) => {
            const trade = trades[item.index];
            if (!trade) return null;
            return (
              <tr
                key={trade.tradeId}
                aria-rowindex={item.index + 2}
                class={trade.tradeId === chosen ? "pinned" : ""}
              >
                <td class="number">
                  <button
                    type="button"
                    class="quiet"
                    aria-label={`Show trade ${trade.tradeId} in the chart`}
                    onClick={() => onChoose(trade)}
                  >
                    {trade.tradeId}
                  </button>
                </td>
                <td>{trade.direction === "LONG" ? "▲ long" : "▼ short"}</td>
                <td>{moment(trade.entryTs)}</td>
                <td class="number">{price(trade.entryFillPrice)}</td>
                <td>{moment(trade.exitTs)}</td>
                <td class="number">{price(trade.exitFillPrice)}</td>
                <td class={trade.netPnlQuote >= 0 ? "number gain" : "number loss"}>
                  {amount(trade.netPnlQuote)}
                </td>
                <td>{REASONS[trade.exitReason] ?? trade.exitReason}</td>
              </tr>
            );
          })}
          <Spacer height={after} />
        </tbody>
      </table>
    </Scroller>
  );
}
