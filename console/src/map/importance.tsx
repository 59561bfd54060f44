// What each axis is worth: the share of the variance of the return that it explains alone.
import { percent } from "../view/format";
import { type Axis, axisTitle } from "./axes";

interface Props {
  axes: Axis[];
  interactions: number | null;
}

export function Importance({ axes, interactions }: Props) {
  const shares = [...axes].sort((a, b) => (b.share ?? 0) - (a.share ?? 0));
  return (
    <table class="report importance">
      <caption>Which axis matters: its share of the variance of the return</caption>
      <tbody>
        {shares.map(({ name, share }) => (
          <Line key={name} title={axisTitle(name)} share={share ?? null} />
        ))}
        {interactions !== null && <Line title="Interactions" share={interactions} />}
      </tbody>
    </table>
  );
}

function Line({ title, share }: { title: string; share: number | null }) {
  return (
    <tr>
      <th scope="row">{title}</th>
      <td class="bar">
        <svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
          <rect width={share ?? 0} height="1" />
        </svg>
      </td>
      <td class="number">{share === null ? "–" : percent(share * 100, 1)}</td>
    </tr>
  );
}
