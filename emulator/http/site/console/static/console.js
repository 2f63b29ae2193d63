// What the pages need beside htmx. Each behaviour belongs to an attribute:
//   data-events="url"     server-sent events: the HTML of each one becomes the first child
//   data-events-most="n"  at most n children stay
//   data-copy             a button in a figure that copies the figure's text
//   data-fills="id"       a file input that reads its file into a text area
//   data-submit           a choice that sends its form when it changes
//   data-check-all="name" a box that checks or clears all boxes of this name in its form
'use strict'

function listen (element) {
  const source = new EventSource(element.dataset.events)
  const most = Number(element.dataset.eventsMost || 200)
  source.onopen = () => { element.dataset.open = 'yes' }
  source.onmessage = event => {
    if (!element.isConnected) {
      source.close()
      return
    }
    if (!event.data) return
    element.insertAdjacentHTML('afterbegin', event.data)
    while (element.childElementCount > most) element.lastElementChild.remove()
    if (window.htmx && element.firstElementChild) window.htmx.process(element.firstElementChild)
    element.dispatchEvent(new CustomEvent('console:event', { bubbles: true }))
  }
  window.addEventListener('pagehide', () => source.close())
}

function prepare (root) {
  for (const element of root.querySelectorAll('[data-events]')) {
    if (!element.dataset.listening) {
      element.dataset.listening = 'yes'
      listen(element)
    }
  }
}

document.addEventListener('DOMContentLoaded', () => prepare(document))
document.addEventListener('htmx:load', event => prepare(event.target.parentElement || document))

document.addEventListener('click', async event => {
  const button = event.target.closest('[data-copy]')
  if (!button) return
  const text = button.closest('figure').querySelector('code').textContent
  try {
    await navigator.clipboard.writeText(text)
    button.firstChild.textContent = 'Copied'
  } catch {
    const range = document.createRange()
    range.selectNodeContents(button.closest('figure').querySelector('code'))
    getSelection().removeAllRanges()
    getSelection().addRange(range)
  }
})

document.addEventListener('change', async event => {
  const element = event.target
  if (element.dataset.fills && element.files.length) {
    const area = document.getElementById(element.dataset.fills)
    area.value = await element.files[0].text()
    area.dispatchEvent(new Event('input', { bubbles: true }))
  } else if ('submit' in element.dataset) {
    element.form.requestSubmit()
  } else if (element.dataset.checkAll) {
    for (const box of element.form.querySelectorAll('input[type=checkbox]')) {
      if (box.name === element.dataset.checkAll) box.checked = element.checked
    }
  }
})
