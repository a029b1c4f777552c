import type { ComponentChildren } from 'preact';
import { TableBox } from '../../components/table-box.tsx';
import { exactTime, grouped } from '../../format.ts';
import { Chart, type ChartSeries } from './chart.tsx';
import type { Columns } from './chart-data.ts';

interface ChartCardProps {
  id: string;
  title: string;
  /** What the picture says, in words. */
  children: ComponentChildren;
  columns: Columns;
  series: readonly ChartSeries[];
  x: 'time' | 'count';
  /** What the horizontal axis counts. */
  xLabel: string;
  format(value: number): string;
  range?: (columns: Columns) => [number, number];
}

/** Rows of the table that stands for the picture: the newest. */
const MAX_ROWS = 200;

/** A picture, its meaning in words, and the same values as a table. */
export function ChartCard({ id, title, children, columns, series, x, xLabel, format, range }: ChartCardProps) {
  return (
    <section class="card chart-card" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <p class="chart-words">{children}</p>
      <ul class="chart-legend">
        {series
          .filter(({ kind }) => kind !== 'edge')
          .map(({ label, color }) => (
            <li key={label}>
              <span class="legend-mark" style={{ background: `var(${color})` }} aria-hidden="true" />
              {label}
            </li>
          ))}
      </ul>
      <Chart columns={columns} series={series} x={x} format={format} range={range} />
      <details class="chart-table">
        <summary>The same as a table</summary>
        <Values title={title} columns={columns} series={series} x={x} xLabel={xLabel} format={format} />
      </details>
    </section>
  );
}

type ValuesProps = Pick<ChartCardProps, 'title' | 'columns' | 'series' | 'x' | 'xLabel' | 'format'>;

function Values({ title, columns, series, x, xLabel, format }: ValuesProps) {
  const [across = [], ...rest] = columns;
  const from = Math.max(0, across.length - MAX_ROWS);
  return (
    <TableBox caption={title}>
      <thead>
        <tr>
          <th scope="col">{xLabel}</th>
          {series.map(({ label }) => (
            <th key={label} scope="col" class="number">
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {across.slice(from).map((value, index) => (
          <tr key={index}>
            <td>{x === 'time' ? exactTime(1_000 * (value ?? 0)) : grouped(value ?? 0)}</td>
            {rest.map((column, position) => {
              const cell = column[from + index];
              return (
                <td key={series[position]?.label} class="number">
                  {cell == null ? '' : format(cell)}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </TableBox>
  );
}
