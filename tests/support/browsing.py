"""Actions of a person on a page of the console in a real browser, and a check for accessibility."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

from tests.support.browser import Browser
from tests.support.servers import ROOT

AXE = ROOT / "tests" / "clients" / "node_modules" / "axe-core" / "axe.min.js"
_MILLISECONDS = 30_000  # within which a condition must become true

_FIND = """
const text = element => (element.textContent || '').replace(/\\s+/g, ' ').trim()
const visible = element => element.checkVisibility()
function labelled (name) {
  const found = [...document.querySelectorAll('label')].filter(each => text(each) === name && visible(each))
  if (!found.length) throw new Error(`there is no visible label ${name}`)
  return document.getElementById(found[0].htmlFor)
}
function named (selector, name) {
  const found = [...document.querySelectorAll(selector)].filter(each => text(each) === name && visible(each))
  if (!found.length) throw new Error(`there is no visible ${selector} with the text ${name}`)
  return found[0]
}
"""


def axe(browser: Browser, scheme: str = "light") -> list[str]:
    """Return the accessibility mistakes that the program axe finds in the page.

    scheme: the color scheme that the user prefers, "light" or "dark".
    """
    browser.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.run(f"window.axe ? 0 : (() => {{ {AXE.read_text()} }})()")
    found: list[dict[str, Any]] = browser.run(
        "axe.run(document, {resultTypes: ['violations']}).then(found => found.violations.map(each => ("
        "{id: each.id, help: each.help, nodes: each.nodes.map(node => node.html).slice(0, 3)})))"
    )
    return [f"{each['id']}: {each['help']}: {each['nodes']}" for each in found]


def fill(browser: Browser, values: dict[str, str | bool | int]) -> None:
    """Fill in fields of a form.

    values: label of the field -> a text, True for a checked box, or the value of a choice.
    """
    for label, value in values.items():
        browser.run(f"""(() => {{ {_FIND}
            const element = labelled({json.dumps(label)})
            const value = {json.dumps(value)}
            if (element.type === 'checkbox') element.checked = value
            else element.value = String(value)
            if (element.tagName === 'SELECT' && element.selectedIndex < 0) throw new Error('there is no such choice')
            element.dispatchEvent(new Event('input', {{ bubbles: true }}))
            element.dispatchEvent(new Event('change', {{ bubbles: true }}))
        }})()""")


def press(browser: Browser, text: str) -> None:
    """Press the first visible `button` or `summary` element that has this text."""
    browser.run(f"(() => {{ {_FIND} named('button, summary', {json.dumps(text)}).click() }})()")


def press_and_load(browser: Browser, text: str) -> str:
    """Press a button that opens another page; return the text of that page."""
    return browser.after(lambda: press(browser, text))


def follow(browser: Browser, text: str) -> str:
    """Follow the first visible link that has this text; return the text of the new page."""
    return browser.after(lambda: browser.run(f"(() => {{ {_FIND} named('a', {json.dumps(text)}).click() }})()"))


def wait_for(browser: Browser, condition: str) -> Any:
    """Wait until a JavaScript expression is true in the page; return its value."""
    return browser.run(f"""new Promise((resolve, reject) => {{
        const end = Date.now() + {_MILLISECONDS}
        const check = () => {{
            const value = ({condition})
            if (value) resolve(value)
            else if (Date.now() > end) reject(new Error({json.dumps(condition)} + ' stays false'))
            else setTimeout(check, 20)
        }}
        check()
    }})""")


def shown(browser: Browser) -> str:
    """Return the text of the page as a person sees it."""
    text: str = browser.run("document.body.innerText")
    return text


def wait_for_text(browser: Browser, text: str) -> str:
    """Wait until the page shows a text; return the whole text of the page."""
    wait_for(browser, f"document.body.innerText.includes({json.dumps(text)})")
    return shown(browser)


def save_screenshot(browser: Browser, path: Path) -> None:
    """Save a picture of the visible part of the page as a PNG."""
    path.write_bytes(b64decode(browser.command("Page.captureScreenshot", format="png")["data"]))
