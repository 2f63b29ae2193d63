// The history of PartiQL statements, which this browser remembers for each account and region.
'use strict'

document.addEventListener('DOMContentLoaded', () => {
  const section = document.querySelector('[data-history]')
  if (!section) return
  const most = 50
  const key = `statements ${section.dataset.history}`
  const list = section.querySelector('[data-history-list]')
  const empty = section.querySelector('[data-history-empty]')
  const clear = section.querySelector('[data-history-clear]')
  const area = document.getElementById('field-statement')
  const parameters = document.getElementById('field-parameters')

  function load () {
    try {
      const found = JSON.parse(localStorage.getItem(key) || '[]')
      return Array.isArray(found) ? found.filter(each => typeof each.statement === 'string') : []
    } catch {
      return []
    }
  }

  function save (statements) {
    try {
      localStorage.setItem(key, JSON.stringify(statements))
    } catch {
      // The browser stores nothing, so the history ends with the page.
    }
  }

  function show (statements) {
    list.replaceChildren(...statements.map(each => {
      const item = document.createElement('li')
      const button = document.createElement('button')
      button.type = 'button'
      button.className = 'small'
      button.textContent = each.statement
      button.addEventListener('click', () => {
        area.value = each.statement
        parameters.value = each.parameters || ''
        area.focus()
      })
      item.append(button)
      return item
    }))
    empty.hidden = statements.length > 0
    clear.hidden = statements.length === 0
  }

  document.querySelector('form.statement').addEventListener('submit', () => {
    const statement = area.value.trim()
    if (!statement) return
    const given = { statement, parameters: parameters.value }
    const others = load().filter(each => each.statement !== statement)
    const statements = [given, ...others].slice(0, most)
    save(statements)
    show(statements)
  })
  clear.querySelector('button').addEventListener('click', () => {
    save([])
    show([])
    area.focus()
  })
  show(load())
})
