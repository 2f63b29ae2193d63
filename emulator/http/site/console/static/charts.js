// Draws the charts of the last hour with uPlot, and again every ten seconds while the page is visible.
'use strict'

document.addEventListener('DOMContentLoaded', () => {
  const root = document.querySelector('[data-charts]')
  if (!root) return
  const drawn = new Map()
  const dashes = [[], [6, 4]]

  function clock (seconds) {
    return seconds === null ? '' : `${new Date(seconds * 1000).toISOString().slice(11, 16)} UTC`
  }

  function colour (name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
  }

  function options (chart, width) {
    const axis = { stroke: colour('--text'), grid: { stroke: colour('--line'), width: 1 } }
    const strokes = [colour('--link'), colour('--danger')]
    return {
      width,
      height: 180,
      legend: { live: true },
      scales: { y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] } },
      axes: [{ ...axis, values: (_plot, times) => times.map(each => clock(each).slice(0, 5)) }, { ...axis, size: 60 }],
      series: [{ label: 'Time', value: (_plot, time) => clock(time) }, ...chart.lines.map((line, number) => ({
        label: line.label,
        stroke: strokes[number % strokes.length],
        width: 2,
        dash: dashes[number % dashes.length],
        points: { show: false }
      }))]
    }
  }

  function draw (times, chart) {
    const place = root.querySelector(`[data-chart="${chart.name}"] .chart`)
    if (!place) return
    const data = [times, ...chart.lines.map(line => line.values)]
    const plot = drawn.get(chart.name)
    if (plot) {
      plot.setData(data)
    } else {
      drawn.set(chart.name, new window.uPlot(options(chart, place.clientWidth || 480), data, place))
    }
  }

  async function refresh () {
    if (document.hidden) return
    try {
      const answer = await fetch(root.dataset.charts)
      if (!answer.ok) return
      const found = await answer.json()
      for (const chart of found.charts) draw(found.times, chart)
      root.dataset.drawn = 'yes'
    } catch {
      // The server is gone, so the charts stay as they are.
    }
  }

  function again () {
    for (const plot of drawn.values()) plot.destroy()
    drawn.clear()
    refresh()
  }

  refresh()
  setInterval(refresh, 10000)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again)
  window.addEventListener('resize', () => {
    for (const [name, plot] of drawn) {
      plot.setSize({ width: root.querySelector(`[data-chart="${name}"] .chart`).clientWidth, height: 180 })
    }
  })
})
